"""The teacher of the lessons, trained once, and what students read of it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric

from ...data import Corpus, PairingSettings, apply_pairing
from ...data.features import cache_folder
from ...data.pairing import ReorderedSamples
from ...training.context import StageContext
from ...training.controls import teacher_corpus
from ...training.outputs import teacher_targets
from ...training.stages import TeacherStage
from ..config import ExperimentConfig
from ..experiment import surroundings
from ..ranks import make_fabric
from ..stages import stage_context
from ..teacher_cache import teacher_stage
from .settings import LabSettings, lab_config


@dataclass(frozen=True, eq=False)
class LabTeacher:
    """A teacher that nobody changes: many lessons may share it.

    Attributes:
        config: the experiment.
        corpus: with all labels that the teacher had.
        shared: the teacher and its outputs.
        fabric: where networks train.
    """

    config: ExperimentConfig
    corpus: Corpus
    shared: TeacherStage
    fabric: Fabric


@dataclass(frozen=True, eq=False)
class Lesson:
    """What both students read under one number of labels and one share of wrong pairs.

    Attributes:
        context: of the students' stage.
        shared: the teacher, with its outputs for what now stands beside each sample.
        partners: (N,), whose privileged recording each sample has; its own but for wrong pairs.
    """

    context: StageContext
    shared: TeacherStage
    partners: np.ndarray


def train_lab_teacher(
    seed: int = 0, config: ExperimentConfig | None = None, folder: Path | None = None
) -> LabTeacher:
    """The teacher of a seed: from memory, from its file, or trained now, in seconds.

    Args:
        seed: of split, noise, weights and batches.
        config: another experiment than the page's, whose corpus is one of vectors.
        folder: where teachers are kept; that of the cache by default.

    Raises:
        RecordError: if the file cannot be written.
    """
    config = lab_config(seed) if config is None else config
    with surroundings(config.threads):
        stage = teacher_stage(config, cache_folder() / "lab" if folder is None else folder)
    assert stage.shared is not None
    return LabTeacher(config, stage.corpus, stage.shared, make_fabric(config))


def prepare_lesson(teacher: LabTeacher, settings: LabSettings) -> Lesson:
    """The data under some settings. Labels beyond the students' number are hidden from them."""
    config, split = teacher.config, teacher.corpus.split
    seen, hidden = np.split(split.labelled, [settings.n_labelled])
    split = replace(split, labelled=seen, unlabelled=np.concatenate([split.unlabelled, hidden]))
    pairing = PairingSettings(wrong=settings.wrong)
    corpus = apply_pairing(replace(teacher.corpus, split=split), pairing, config.seed)
    shared = teacher.shared
    if corpus.modalities is not teacher.corpus.modalities:
        read = teacher_corpus(config.control, corpus, config.network.teacher_sees)
        shared = replace(shared, targets=teacher_targets(shared.teacher, read))
    recordings = corpus.modalities[corpus.privileged[0]]
    own = np.arange(len(corpus))
    partners = recordings.order if isinstance(recordings, ReorderedSamples) else own
    return Lesson(stage_context(config, corpus, teacher.fabric), shared, partners)
