"""Students of small corpora, ready to train alone and together."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from pkdot.data import Corpus
from pkdot.distillers import build_distiller
from pkdot.errors import PkdotError
from pkdot.experiments.experiment import drain
from pkdot.networks.settings import NetworkSettings
from pkdot.training.context import StageContext, teacher_view
from pkdot.training.loop import EpochReport
from pkdot.training.many.loop import MemberEpoch
from pkdot.training.many.students import train_students
from pkdot.training.outputs import TeacherTargets, prevalent_input, teacher_targets
from pkdot.training.settings import TrainingSettings
from pkdot.training.stages import TeacherStage, train_teacher, train_tnets
from pkdot.training.student import PreparedStudent, prepare_student, train_student
from tests.support.small_corpora import small_corpus

FABRIC = Fabric(accelerator="cpu", devices=1)
NETWORK = NetworkSettings(feature_dim=8, embedding_dim=8, hidden=16, dropout=0.3, input_noise=0.3)
TRAINING = TrainingSettings(epochs=5, batch_size=32, patience=2)


@dataclass
class Course:
    """What one training came to: each epoch's number, metrics and best epoch; the network."""

    epochs: list[tuple[int, Any, int]] = field(default_factory=list)
    network: nn.Module | None = None
    error: PkdotError | None = None

    @property
    def lengths(self) -> tuple[int, int]:
        """Last and best epoch."""
        return self.epochs[-1][0], self.epochs[-1][2]


@dataclass(frozen=True)
class Pupil:
    """A student to be: its experiment, its teacher's stage, its method and options."""

    context: StageContext
    shared: TeacherStage
    method: str = "none"
    options: dict[str, Any] = field(default_factory=dict)

    def alone(self) -> Course:
        """Train it by the loop of one."""
        course = Course()

        def note(report: EpochReport) -> None:
            course.epochs.append((report.epoch, report.metrics, report.best_epoch))

        distiller = build_distiller(self.method, self.options)
        course.network = drain(train_student(self.context, distiller, self.shared), note)
        return course

    def prepared(self) -> PreparedStudent:
        """It before its first batch."""
        distiller = build_distiller(self.method, self.options)
        return prepare_student(self.context, distiller, self.shared)


def pupils(
    seeds: Sequence[int] = (0, 1, 2),
    *,
    method: str = "none",
    options: dict[str, Any] | None = None,
    corpora: Sequence[Corpus] | None = None,
    network: NetworkSettings = NETWORK,
    training: TrainingSettings = TRAINING,
    dtype: torch.dtype = torch.float32,
) -> list[Pupil]:
    """One pupil a seed, each with a teacher that has learnt for two epochs.

    Students compute in torch's default type, which a test sets to ``dtype`` for their training.
    """
    found = []
    for place, seed in enumerate(seeds):
        corpus = default_corpus() if corpora is None else corpora[place]
        taught = cached_teacher if corpora is None else train_stage
        shared = deepcopy(taught(corpus, network, seed))
        output = shared.targets.output.map(lambda x: x.to(dtype))
        shared = TeacherStage(
            shared.teacher.to(dtype), TeacherTargets(output), shared.tnets.to(dtype)
        )
        context = StageContext(FABRIC, corpus, network, training, seed)
        found.append(Pupil(context, shared, method, options or {}))
    return found


def train_stage(corpus: Corpus, network: NetworkSettings, seed: int) -> TeacherStage:
    """A teacher that has learnt for two epochs, and T-Nets."""
    training = TRAINING.model_copy(update={"epochs": 2})
    corpus = teacher_view(corpus, network.teacher_sees)
    context = StageContext(FABRIC, corpus, network, training, seed)
    teacher = drain(train_teacher(context))
    targets = teacher_targets(teacher, corpus)
    return TeacherStage(teacher, targets, drain(train_tnets(context, targets)))


_stages: dict[tuple[str, int], TeacherStage] = {}


def cached_teacher(corpus: Corpus, network: NetworkSettings, seed: int) -> TeacherStage:
    """:func:`train_stage` on the default corpus, once for all tests."""
    key = (network.model_dump_json(), seed)
    if key not in _stages:
        _stages[key] = train_stage(corpus, network, seed)
    return _stages[key]


@cache
def default_corpus() -> Corpus:
    """Classes, face and eda."""
    return small_corpus()


def together(members: Sequence[Pupil]) -> list[Course]:
    """Train pupils as members of one batch."""
    prepared = [pupil.prepared() for pupil in members]
    courses = [Course(network=p.spec.network) for p in prepared]
    for event in train_students(prepared):
        if isinstance(event, MemberEpoch):
            courses[event.member].epochs.append((event.epoch, event.metrics, event.best_epoch))
        else:
            courses[event.member].error = event.error
    return courses


@torch.no_grad()
def outputs(course: Course, corpus: Corpus) -> Tensor:
    """The trained network's outputs for all samples, in the type that it computes in."""
    assert course.network is not None
    samples = prevalent_input(corpus, np.arange(len(corpus)), torch.device("cpu"))
    return course.network.eval()(samples).outputs


def difference(one: Course, other: Course) -> float:
    """The largest difference of any metric of any epoch."""
    worst = 0.0
    for (_, metrics, _), (_, others, _) in zip(one.epochs, other.epochs, strict=True):
        for part, scores in others.items():
            for name, value in scores.items():
                worst = max(worst, abs(value - metrics[part][name]))
    return worst
