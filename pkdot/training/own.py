"""A teacher that the user brings: a module that learns, one that stays frozen, or numbers alone.

What a frozen module gives is computed once for every sample; a head of the kit's, where outputs are
absent, then learns on its embeddings.
"""

from collections.abc import Generator, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..data.corpus import Corpus, IndexArray, Samples
from ..data.features import kept_features
from ..data.given_teacher import MODALITY
from ..errors import ConfigError
from ..keyed_cache import short_hash
from ..networks.digest import network_digest
from ..networks.models import NetworkOutput
from ..networks.own import (
    EXAMPLES,
    OwnNetwork,
    check_gradient,
    is_frozen,
    read_answer,
    wrap,
)
from ..networks.tnet import TNets
from .context import StageContext, complete_only
from .loop import EpochReport, Metrics
from .outputs import TeacherTargets, prevalent_input, teacher_input, teacher_targets
from .stages import TeacherStage, fit_teacher

VERSION = 1
"""Raised whenever the same samples and module give other outputs."""

Reports = Generator[EpochReport, None, TeacherStage]


def wrapped(context: StageContext, network: nn.Module, who: str) -> OwnNetwork:
    """A copy of the user's module on the training device, with a head where it needs one.

    The caller's module keeps its weights, so that several runs may begin with it.

    Args:
        context: of the experiment; its corpus holds what the module reads.
        network: the module.
        who: ``teacher``, which is given every modality, or ``student``, the prevalent ones.

    Raises:
        ConfigError: as :func:`pkdot.networks.own.wrap` and
            :func:`pkdot.networks.own.check_gradient`, or if a student has nothing to learn.
    """
    corpus = context.corpus
    few = complete_only(corpus, corpus.split.train)[:EXAMPLES]
    read = teacher_input if who == "teacher" else prevalent_input
    own = deepcopy(network).to(context.device)
    leading = 2 if corpus.is_sequence else 1
    width = corpus.task.output_width
    samples = read(corpus, few, context.device)
    found = wrap(own, who, samples, width, leading)
    check_gradient(found, who, samples)
    if who == "student" and is_frozen(found):
        raise ConfigError(
            f"The student {type(network).__name__} has nothing to learn: all its parameters are "
            f"frozen, and it gives outputs of its own; leave some trainable, or the outputs out."
        )
    return found


def own_teacher_stage(
    context: StageContext, network: nn.Module, folder: Path | None = None
) -> Reports:
    """Stage ``teacher`` for a module of the user's; there are no T-Nets, as it has no features.

    Args:
        context: of the experiment; its corpus holds what the module reads.
        network: the module; frozen where none of its parameters learns.
        folder: where the outputs of a frozen module are kept for other runs, if they can be.

    Raises:
        ConfigError: as :func:`wrapped`.
        RecordError: if a file cannot be written.
    """
    corpus = context.corpus
    torch.manual_seed(context.seed_of("teacher"))
    own = wrapped(context, network, "teacher")
    if not is_frozen(own.network):
        yield from fit_teacher(context, own)
        own.requires_grad_(False).eval()
        return TeacherStage(own, teacher_targets(own, corpus), TNets())
    answers = _frozen_answers(own, corpus, folder)
    z = _embedding_of(answers, own, corpus)
    outputs = None if own.head is not None else torch.as_tensor(answers[..., z.shape[-1] :])
    targets = yield from _with_head(context, torch.as_tensor(z), outputs, own.head)
    return TeacherStage(own.requires_grad_(False).eval(), targets, TNets())


def given_teacher_stage(context: StageContext, outputs: np.ndarray | None) -> Reports:
    """Stage ``teacher`` for numbers alone: the privileged modality is the teacher's embedding.

    Args:
        context: of the experiment, see :func:`pkdot.data.given_teacher.with_given_teacher`.
        outputs: (N, W) in recorded form; a linear head learns where there are none.
    """
    corpus = context.corpus
    z = torch.as_tensor(np.asarray(corpus.modalities[MODALITY][np.arange(len(corpus))]))
    torch.manual_seed(context.seed_of("teacher"))
    if outputs is None:
        head = nn.Linear(z.shape[-1], corpus.task.output_width).to(context.device)
        targets = yield from _with_head(context, z, None, head)
        return TeacherStage(head.requires_grad_(False).eval(), targets, TNets())
    read = torch.as_tensor(corpus.task.unrecorded(outputs), dtype=torch.float32)
    targets = yield from _with_head(context, z, read, None)
    return TeacherStage(nn.Identity(), targets, TNets())


class _HeadOnEmbedding(nn.Module):
    """A head whose input was computed before."""

    def __init__(self, head: nn.Linear) -> None:
        super().__init__()
        self.head = head

    def forward(self, samples: dict[str, Tensor]) -> NetworkOutput:
        z = samples[MODALITY]
        return NetworkOutput(self.head(z), z, {})


def _with_head(
    context: StageContext, z: Tensor, outputs: Tensor | None, head: nn.Linear | None
) -> Generator[EpochReport, None, TeacherTargets]:
    """Targets of all N samples; the head, where there is one, learns by the task loss.

    Without a head one report says how good the outputs are.
    """
    corpus = context.corpus
    if head is not None:
        network = _HeadOnEmbedding(head)
        embedded = _of_embeddings(corpus, z)
        yield from fit_teacher(replace(context, corpus=embedded), network)
        return teacher_targets(network.eval(), embedded)
    assert outputs is not None
    inner = complete_only(corpus, context.selection)
    scores = corpus.task.scores(outputs[inner], corpus.given_targets[inner])
    metrics: Metrics = {"validation": scores}
    yield EpochReport("teacher", 0, metrics, 0, nn.Identity())
    return TeacherTargets(NetworkOutput(outputs, z, {}))


def _of_embeddings(corpus: Corpus, z: Tensor) -> Corpus:
    """The corpus seen as embeddings alone; labelled and inner samples are those that have one."""
    split = corpus.split
    parts = ("labelled", "validation")
    kept = {part: complete_only(corpus, getattr(split, part)) for part in parts}
    samples: Samples = z.numpy()
    return replace(
        corpus,
        modalities={MODALITY: samples},
        prevalent=(MODALITY,),
        privileged=(),
        kinds={},
        present={},
        media={},
        split=replace(split, **kept),
    )


def _frozen_answers(own: OwnNetwork, corpus: Corpus, folder: Path | None) -> np.ndarray:
    """What a frozen module gives for all samples: embedding, then outputs, (N, D + W) or (N, D)."""
    device = next((p.device for p in own.parameters()), torch.device("cpu"))
    own.eval()

    @torch.no_grad()
    def answer(indices: IndexArray) -> np.ndarray:
        samples = teacher_input(corpus, indices, device)
        outputs, z = read_answer(own.ask(samples))
        parts = [z] if own.head is not None or outputs is None else [z, outputs]
        return torch.cat([part.float() for part in parts], dim=-1).cpu().numpy()

    def compute() -> Iterator[np.ndarray]:
        for start in range(0, len(corpus), own.chunk):
            yield answer(np.arange(start, min(start + own.chunk, len(corpus))))

    digest = network_digest(own.network)
    where = None if folder is None or digest is None else folder / "features"
    served = [corpus.source(name) for name in own.names]
    key = f"own-{short_hash([VERSION, torch.__version__, served, digest])}"
    return np.asarray(kept_features(key, len(corpus), compute, where))


def _embedding_of(answers: np.ndarray, own: OwnNetwork, corpus: Corpus) -> np.ndarray:
    """The embedding among what :func:`_frozen_answers` gives."""
    if own.head is not None:
        return np.array(answers)
    return np.array(answers[..., : -corpus.task.output_width])
