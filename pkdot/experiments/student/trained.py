"""A trained student as a module: from samples, as they were recorded, to answers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError
from ...networks.models import NetworkOutput
from ...networks.named_modules import NamedModules
from ...networks.tokens import coarse_tokens
from ...record import RunRecord
from ...tasks import Task
from .card import model_card
from .facts import StudentFacts
from .group_moments import GroupMoments


class StudentAnswer(NamedTuple):
    """What a trained student says of B samples.

    Attributes:
        outputs: (B, W) probabilities, or values in their own unit, in the order of ``task.names``;
            of windows (B, L, W).
        embedding: z, (B, D), or (B, L, D).
    """

    outputs: Tensor
    embedding: Tensor


class TrainedStudent(nn.Module):
    """A trained student in eval mode, its preprocessing included; see :func:`pkdot.load_student`.

    Attributes:
        task: what it answers.
        prevalent: names of the modalities that it reads.
        modalities: kind and shape of a sample of each, as its corpus served them; a sound is a
            waveform, a table's columns are unscaled.
        is_sequence: whether samples are windows (L, ...) of frames.
        record: where it comes from.
    """

    def __init__(
        self,
        facts: StudentFacts,
        task: Task,
        backbones: Mapping[str, nn.Module],
        network: nn.Module,
        side: int,
        record: RunRecord,
    ) -> None:
        super().__init__()
        self.task, self.record = task, record
        self.modalities = dict(facts.modalities)
        self.prevalent = tuple(facts.modalities)
        self.is_sequence = facts.is_sequence
        self._form, self._side = facts.form, side
        self.backbones, self.network = NamedModules(backbones), network
        self.requires_grad_(False).eval()

    @property
    def card(self) -> str:
        """Its model card, Markdown: data, sensors, scores with intervals, limits."""
        return model_card(self.record)

    @property
    def needs_groups(self) -> bool:
        """Whether features are taken relative to those of all recordings of their group."""
        return any(self._overall(name) is not None for name in self.prevalent)

    def forward(
        self, samples: Mapping[str, Any], groups: Sequence[str] | None = None
    ) -> StudentAnswer:
        """Answer B samples.

        Args:
            samples: every prevalent modality -> (B, ...), arrays or tensors; others are not read.
            groups: (B,) whose each sample is, where the student :attr:`needs_groups`; all of one
                group where left out. Give all recordings of a group at once.

        Raises:
            InputError: for a modality that is absent or of another shape, and numbers that are not
                finite.
        """
        features = self.features(self.tensors(samples))
        size = len(next(iter(features.values())))
        groups = [""] * size if groups is None else [str(name) for name in groups]
        if len(groups) != size:
            raise InputError(f"There are {len(groups)} groups for {size} samples; give one each.")
        moments = self.moments()
        for name, own in moments.items():
            own.add(features[name], groups)
        output = self.output(features, moments, groups)
        return StudentAnswer(self.task.recorded_tensor(output.outputs), output.embedding)

    def tensors(self, samples: Mapping[str, Any]) -> dict[str, Tensor]:
        """Prevalent samples as float32 tensors on the student's device.

        Raises:
            InputError: as :meth:`forward`.
        """
        device = next((p.device for p in self.parameters()), torch.device("cpu"))
        found: dict[str, Tensor] = {}
        for name, modality in self.modalities.items():
            if name not in samples:
                raise InputError(
                    f"The student reads {', '.join(self.prevalent)}, and {name!r} is absent; "
                    f"given are {', '.join(map(str, samples)) or 'none'}."
                )
            given = samples[name]
            given = np.array(given) if isinstance(given, np.memmap) else given
            x = torch.as_tensor(given, dtype=torch.float32, device=device)
            wanted = ("B", "L", *modality.shape) if self.is_sequence else ("B", *modality.shape)
            if x.ndim != len(wanted) or tuple(x.shape[-len(modality.shape) :]) != modality.shape:
                raise InputError(
                    f"Samples of {name!r} have shape {tuple(x.shape)}; the student reads a "
                    f"{modality.kind} as ({', '.join(map(str, wanted))})."
                )
            if not x.isfinite().all():
                raise InputError(
                    f"Samples of {name!r} hold NaN or infinite numbers; leave them out."
                )
            found[name] = x
        sizes = {name: len(x) for name, x in found.items()}
        if len(set(sizes.values())) > 1:
            raise InputError(f"Modalities differ in their number of samples: {sizes}.")
        return found

    def features(self, samples: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the encoders read: samples as they are, or features of their frozen backbone."""
        found = {}
        for name in self.prevalent:
            if name not in self.backbones:
                found[name] = samples[name]
                continue
            raw = samples[name].flatten(0, 1) if self.is_sequence else samples[name]
            encoded = self.backbones[name](raw)
            tokens = self._form == "tokens"
            read = (coarse_tokens(encoded, self._side) if tokens else encoded.pooled).float()
            found[name] = read.unflatten(0, samples[name].shape[:2]) if self.is_sequence else read
        return found

    def moments(self) -> dict[str, GroupMoments]:
        """Empty moments of each modality whose features are taken relative to their group's."""
        known = {name: self._overall(name) for name in self.prevalent}
        return {
            name: GroupMoments(x, self.is_sequence) for name, x in known.items() if x is not None
        }

    def output(
        self,
        features: Mapping[str, Tensor],
        moments: Mapping[str, GroupMoments],
        groups: Sequence[str],
    ) -> NetworkOutput:
        """The network's own output for features of B samples; groups must have been counted."""
        read = {
            name: moments[name].normalise(x, groups) if name in moments else x
            for name, x in features.items()
        }
        output: NetworkOutput = self.network(read)
        return output

    def _overall(self, name: str) -> float | None:
        backbone = self.modalities[name].backbone
        return None if backbone is None else backbone.overall
