"""Outputs of trained networks for samples of a corpus, in eval mode and in chunks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..data.corpus import Corpus, IndexArray
from ..networks.models import NetworkOutput
from ..tasks.arrays import at_least_float32
from .finite import check_outputs

CHUNK = 512


@dataclass(frozen=True)
class TeacherTargets:
    """The frozen teacher's output for all N samples of a corpus, computed once.

    Attributes:
        output: outputs (N, W), embedding (N, D), features modality -> (N, F) or (N, T, F).
    """

    output: NetworkOutput

    def at(self, indices: IndexArray, device: torch.device) -> NetworkOutput:
        """The output for n samples, on a device."""
        rows = torch.as_tensor(indices)
        return self.output.map(lambda x: x[rows].to(device))


def prevalent_input(corpus: Corpus, indices: IndexArray, device: torch.device) -> dict[str, Tensor]:
    """n samples of every prevalent modality, each (n, ...)."""
    return _input(corpus, corpus.prevalent, indices, device)


def teacher_input(corpus: Corpus, indices: IndexArray, device: torch.device) -> dict[str, Tensor]:
    """n samples of every modality, each (n, ...)."""
    return _input(corpus, corpus.names, indices, device)


def _input(
    corpus: Corpus, names: Sequence[str], indices: IndexArray, device: torch.device
) -> dict[str, Tensor]:
    return {name: corpus.batch(name, indices).to(device, non_blocking=True) for name in names}


@torch.no_grad()
def teacher_output(teacher: nn.Module, corpus: Corpus, indices: IndexArray) -> NetworkOutput:
    """The teacher's output in eval mode for n samples, on its device, in float32 at least."""
    output = _in_chunks(teacher, corpus, corpus.names, indices)
    check_outputs(output.outputs, corpus.ids[indices])
    return output


@torch.no_grad()
def student_output(student: nn.Module, corpus: Corpus, indices: IndexArray) -> NetworkOutput:
    """The student's output in eval mode for n samples; it reads prevalent modalities alone."""
    output = _in_chunks(student, corpus, corpus.prevalent, indices)
    check_outputs(output.outputs, corpus.ids[indices])
    return output


@torch.no_grad()
def student_answers(student: nn.Module, corpus: Corpus) -> NetworkOutput:
    """The student's output for all N samples, on the CPU; NaN where only the teacher saw one."""
    seen = np.ones(len(corpus), dtype=bool)
    for name in corpus.prevalent:
        seen &= corpus.present.get(name, True)
    output = student_output(student, corpus, np.flatnonzero(seen)).map(Tensor.cpu)
    if seen.all():
        return output
    rows = torch.as_tensor(seen)

    def spread(x: Tensor) -> Tensor:
        whole = x.new_full((len(corpus), *x.shape[1:]), torch.nan)
        whole[rows] = x
        return whole

    return output.map(spread)


def teacher_targets(teacher: nn.Module, corpus: Corpus) -> TeacherTargets:
    """The frozen teacher's output for every sample of the corpus, on the CPU."""
    with torch.no_grad():
        output = _in_chunks(teacher, corpus, corpus.names, np.arange(len(corpus)))
    return TeacherTargets(output.map(Tensor.cpu))


def _in_chunks(
    network: nn.Module, corpus: Corpus, names: Sequence[str], indices: IndexArray
) -> NetworkOutput:
    device = next(network.parameters()).device
    size = getattr(network, "chunk", CHUNK)
    network.eval()
    parts = [
        network(_input(corpus, names, indices[i : i + size], device))
        for i in range(0, len(indices), size)
    ]
    return NetworkOutput(
        at_least_float32(torch.cat([p.outputs for p in parts])),
        at_least_float32(torch.cat([p.embedding for p in parts])),
        {k: at_least_float32(torch.cat([p.features[k] for p in parts])) for k in parts[0].features},
    )
