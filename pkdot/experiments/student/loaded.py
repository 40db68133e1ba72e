"""The student of a record: weights from safetensors, everything else from JSON."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

from torch import Tensor, nn

from ...data.features import cache_folder
from ...errors import ConfigError, RecordError
from ...networks.backbones import KINETICS, BackboneSettings, build_backbone, weights_hash
from ...networks.encoders import build_encoder
from ...networks.models import Student
from ...networks.own import OwnNetwork
from ...networks.settings import NetworkSettings
from ...networks.temporal import over_time
from ...networks.tnet import build_tnets
from ...networks.video import R3D18
from ...record import RunRecord, open_record
from ...record.schema import CHECKPOINTS, checkpoint_of
from ...tasks import Task
from ...training.tensor_files import read_tensors
from .facts import BackboneFacts, ModalityFacts, StudentFacts
from .trained import TrainedStudent


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
