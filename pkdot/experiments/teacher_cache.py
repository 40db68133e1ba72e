"""Teacher stages kept on disk, so that all cells that share one train it once.

A stage depends on data, seed, networks, training and versions; see :mod:`pkdot.keyed_cache`.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .._version import __version__
from ..data import Corpus
from ..data.features import with_features
from ..keyed_cache import KeyedCache, short_hash
from ..networks import NetworkOutput
from ..networks.models import build_teacher
from ..networks.tnet import build_tnets
from ..training.controls import teacher_control, teacher_corpus
from ..training.encoders import raw_modalities
from ..training.loop import Metrics
from ..training.outputs import TeacherTargets
from ..training.stages import TeacherStage
from ..training.tensor_files import read_tensors, write_tensors
from .config import PLACES, RECORDED, ExperimentConfig
from .corpora import experiment_corpus
from .doubtful_pairs import without_doubtful_pairs
from .experiment import drain, encode_corpus, make_fabric, train_teacher_stage

_IN_MEMORY = 3  # stages that a process keeps open: two seeds in turn, and a control


@dataclass(frozen=True)
class Stage:
    """What the students of one data set and seed share.

    Attributes:
        corpus: encoded: vectors or tokens in the place of clips and signals.
        shared: teacher, its targets and the T-Nets; None where only the corpus was asked for.
        unimodal: modality -> metrics of one linear layer on its features, by split.
        unimodal_outputs: modality -> (n, W) outputs of that layer for the test samples.
    """

    corpus: Corpus
    shared: TeacherStage | None
    unimodal: dict[str, Metrics]
    unimodal_outputs: dict[str, Tensor]


@cache
def library_versions() -> dict[str, str]:
    """Versions that numbers depend on."""
    return {name: version(name) for name in ("torch", "numpy", "scikit-learn")} | {
        "pkdot": __version__
    }


def stage_facts(config: ExperimentConfig) -> dict[str, Any]:
    """Everything that the teacher stage of an experiment depends on, its method left out."""
    beside = PLACES | RECORDED | {"method", "options", "control"}
    facts = config.on_record(beside)
    for name in ("label_smoothing", "class_balanced"):
        facts["training"].pop(name)
    for name in ("student_encoder", "freeze_student_encoder", "tnet"):
        facts["network"].pop(name)
    return {**facts, "control": teacher_control(config.control), "versions": library_versions()}


def stage_key(config: ExperimentConfig) -> str:
    """Names a stage by :func:`stage_facts`."""
    return f"seed{config.seed}-{short_hash(stage_facts(config))}"


_open_stages: "OrderedDict[tuple[str, str], Stage]" = OrderedDict()


def teacher_stage(config: ExperimentConfig, folder: Path) -> Stage:
    """The stage of a config: from memory, from its file in ``folder``, or trained now.

    Raises:
        DataError: if the corpus cannot be used as asked.
        RecordError: if the file cannot be written.
    """
    key = (str(folder), stage_key(config))
    if key in _open_stages:
        _open_stages.move_to_end(key)
        return _open_stages[key]
    corpus = experiment_corpus(config, progress=False)
    stages = KeyedCache(
        folder, ".safetensors", lambda path: _read(path, config, corpus), write=_write
    )
    stage = stages.find_or_compute(key[1], lambda: _train(config, corpus))
    _open_stages[key] = stage
    while len(_open_stages) > _IN_MEMORY:
        _open_stages.popitem(last=False)
    return stage


def is_kept(config: ExperimentConfig, folder: Path) -> bool:
    """Whether the stage of a config is in memory or has a file in ``folder``."""
    key = stage_key(config)
    return (str(folder), key) in _open_stages or (folder / f"{key}.safetensors").exists()


def stages_to_write(folder: Path) -> KeyedCache[None]:
    """Where stages are claimed and written, by :func:`stage_key`, for :func:`teacher_stage`."""
    return KeyedCache(folder, ".safetensors", lambda path: None, write=_write)


def _train(config: ExperimentConfig, corpus: Corpus) -> Stage:
    encoded = drain(encode_corpus(config, corpus, make_fabric(config)))
    shared = drain(train_teacher_stage(config, encoded.corpus, make_fabric(config)))
    return Stage(encoded.corpus, shared, encoded.scores, encoded.test_outputs)


def _write(file: Path, stage: Stage) -> None:
    shared = stage.shared
    assert shared is not None
    out = shared.targets.output
    tensors: dict[str, Tensor] = {"outputs": out.outputs, "embedding": out.embedding}
    tensors |= {f"feature.{name}": feature for name, feature in out.features.items()}
    for name in stage.unimodal:
        tensors[f"encoded.{name}"] = stage.corpus.batch(name, np.arange(len(stage.corpus)))
        tensors[f"unimodal.{name}"] = stage.unimodal_outputs[name]
    parts = {"teacher": shared.teacher, **{f"tnet.{n}": t for n, t in shared.tnets.items()}}
    for part, network in parts.items():
        tensors |= {f"{part}/{name}": value for name, value in network.state_dict().items()}
    write_tensors(file, tensors, {"unimodal": json.dumps(stage.unimodal)})


def _read(file: Path, config: ExperimentConfig, corpus: Corpus) -> Stage:
    """The stage in a file; raises where that is damaged or another corpus's."""
    tensors, notes = read_tensors(file)
    unimodal = json.loads(notes["unimodal"])
    if set(unimodal) != set(raw_modalities(corpus)):
        raise ValueError("the stage of other modalities")
    corpus = with_features(corpus, {name: tensors[f"encoded.{name}"].numpy() for name in unimodal})
    corpus = without_doubtful_pairs(corpus, config.training.doubtful_pairs == "leave_out")
    seen = teacher_corpus(config.control, corpus, config.network.teacher_sees)
    features = {name: tensors[f"feature.{name}"] for name in seen.names}
    with torch.random.fork_rng():
        teacher = build_teacher(seen, config.network)
        shapes = {name: tuple(features[name].shape[1:]) for name in seen.privileged}
        tnets = build_tnets(shapes, config.network.heads, len(seen.prevalent))
    for part, network in {"teacher": teacher, **{f"tnet.{n}": t for n, t in tnets.items()}}.items():
        start = f"{part}/"
        network.load_state_dict(
            {n.removeprefix(start): v for n, v in tensors.items() if n.startswith(start)}
        )
        network.requires_grad_(False).eval()
    device = make_fabric(config).device
    targets = TeacherTargets(NetworkOutput(tensors["outputs"], tensors["embedding"], features))
    shared = TeacherStage(teacher.to(device), targets, tnets.eval().to(device))
    outputs = {name: tensors[f"unimodal.{name}"] for name in unimodal}
    return Stage(corpus, shared, unimodal, outputs)
