"""The student of a record as a module: weights from safetensors, everything else from JSON."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...data.features import cache_folder
from ...errors import ConfigError, InputError, RecordError
from ...networks.backbones import KINETICS, BackboneSettings, build_backbone, weights_hash
from ...networks.encoders import build_encoder
from ...networks.models import NetworkOutput, Student
from ...networks.named_modules import NamedModules
from ...networks.own import OwnNetwork
from ...networks.settings import NetworkSettings
from ...networks.temporal import over_time
from ...networks.tnet import build_tnets
from ...networks.tokens import coarse_tokens
from ...networks.video import R3D18
from ...record import RunRecord, open_record
from ...record.schema import CHECKPOINTS, checkpoint_of
from ...tasks import Task
from ...training.tensor_files import read_tensors
from .card import model_card
from .facts import BackboneFacts, ModalityFacts, StudentFacts
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
    """A trained student in eval mode, its preprocessing included; see :func:`load_student`.

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


def load_student(
    record: RunRecord | str | Path, network: nn.Module | None = None
) -> TrainedStudent:
    """The trained student of a finished run, ready for new recordings, on the CPU.

    Args:
        record: a record, or its folder.
        network: an instance of your own class, where the student was a module of yours; its weights
            are replaced in a copy.

    Raises:
        RecordError: if the record is unfinished, older than this use of it, or damaged.
        ConfigError: if a network is needed, or given where none is.
        DataError: if the public weights of a backbone are not there.
    """
    record = record if isinstance(record, RunRecord) else open_record(record)
    facts = _facts_of(record)
    state = _weights(record, "student")
    try:
        settings = NetworkSettings(**record.config["network"])
        backbones = BackboneSettings(**record.config["backbones"])
    except (ConfigError, KeyError, TypeError) as error:
        raise RecordError(
            f"The record {record.run_id} has settings of networks that this kit does not know "
            f"({error}); run it again."
        ) from None
    if facts.own is not None:
        student: nn.Module = _own(record, facts, network)
    elif network is not None:
        raise ConfigError("The student of this record is the kit's own; leave the network out.")
    else:
        student = _kits(facts, settings, record.task)
    _load(record, "student", student, state)
    encoders = {
        name: _backbone(record, name, modality, modality.backbone, backbones)
        for name, modality in facts.modalities.items()
        if modality.backbone is not None
    }
    return TrainedStudent(facts, record.task, encoders, student, backbones.token_side, record)


def _facts_of(record: RunRecord) -> StudentFacts:
    if record.status != "finished":
        raise RecordError(
            f"The run {record.run_id} has no trained student: {record.sentence} Choose one that "
            f"has finished."
        )
    given = record.facts.get("student")
    if not isinstance(given, dict):
        raise RecordError(
            f"The record {record.run_id} does not say how its student reads samples, as runs by "
            f"run_experiment of this kit do; run it again."
        )
    try:
        return StudentFacts(**given)
    except ConfigError as error:
        raise RecordError(f"The record {record.run_id} is damaged: {error}") from None


def _weights(record: RunRecord, name: str) -> dict[str, Tensor]:
    if name not in record.checkpoints:
        raise RecordError(
            f"The record {record.run_id} has no weights {name!r}; it has "
            f"{', '.join(record.checkpoints) or 'none'}: run it again."
        )
    try:
        return read_tensors(record.path / CHECKPOINTS / f"{name}.safetensors")[0]
    except (OSError, ValueError) as error:
        raise RecordError(
            f"The record {record.run_id} is damaged: its weights {name!r} cannot be read ({error})."
        ) from None


def _load(record: RunRecord, name: str, network: nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise RecordError(
            f"The weights {name!r} of {record.run_id} do not fit the network that its settings "
            f"describe: {str(error).splitlines()[-1].strip()}"
        ) from None


def _kits(facts: StudentFacts, settings: NetworkSettings, task: Task) -> Student:
    encoders: dict[str, nn.Module] = {}
    for name, modality in facts.modalities.items():
        backbone = modality.backbone
        if backbone is None:
            encoder = build_encoder(modality.shape, settings, modality.kind)
        else:
            encoder = build_encoder(backbone.features, settings)
        encoders[name] = over_time(encoder, settings)
    tnets = build_tnets(facts.tnets, settings.heads, len(encoders))
    return Student(encoders, tnets, task.output_width, settings, facts.is_sequence)


def _own(record: RunRecord, facts: StudentFacts, network: nn.Module | None) -> OwnNetwork:
    assert facts.own is not None
    if network is None:
        raise ConfigError(
            f"The student of {record.run_id} is a {facts.own.name} of your own, whose source a "
            f"record does not keep; give an instance: load_student(record, network=...)."
        )
    head = None if facts.own.head is None else nn.Linear(*facts.own.head)
    return OwnNetwork(deepcopy(network), tuple(facts.modalities), facts.own.as_mapping, head)


def _backbone(
    record: RunRecord,
    modality: str,
    facts: ModalityFacts,
    backbone: BackboneFacts,
    settings: BackboneSettings,
) -> nn.Module:
    """A frozen backbone: from the record where it was trained there, else from public weights."""
    if not backbone.trained:
        folder = cache_folder() if settings.video_weights == KINETICS else None
        network = build_backbone(backbone.name, facts.kind, facts.shape, settings, folder)
        if weights_hash(network) != backbone.digest:
            raise RecordError(
                f"The weights that the record {record.run_id} names for {modality!r} "
                f"({settings.video_weights}) are not those that it was trained on."
            )
        return network
    name = checkpoint_of("backbone", modality)
    state = _weights(record, name)
    if backbone.name == "r3d18":
        classes = state.get("fc.weight")
        network = R3D18(n_classes=None if classes is None else len(classes))
    else:
        network = build_backbone(backbone.name, facts.kind, facts.shape, settings)
    _load(record, name, network, state)
    return network
