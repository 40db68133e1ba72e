"""What the page of training measures: students and teachers on features, alone and together.

The corpus is simulated: features of 87 people, 100 windows each, as a frozen backbone leaves them
in the cache; a fold leaves one person out.
"""

import statistics
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.func import functional_call, stack_module_state

from ..data.corpus import Corpus, Split
from ..distillers import build_distiller
from ..networks.models import build_student
from ..networks.settings import NetworkSettings
from ..tasks import Classification
from ..training.context import StageContext
from ..training.loop import EpochReport
from ..training.many.draws import Draws
from ..training.many.networks import StackedNetworks
from ..training.many.students import train_students
from ..training.many.teachers import train_teacher_stages
from ..training.outputs import teacher_targets
from ..training.settings import TrainingSettings
from ..training.stages import TeacherStage, train_teacher, train_tnets
from ..training.student import prepare_student, train_student
from .training_peers import peers

METHODS = ("none", "kd", "dist", "rkd", "pkdot")
WINDOWS, CLASSES, WIDTH, BATCH = 100, 5, 64, 64
FOLDS, SEEDS, EPOCHS = 87, 3, 30
"""Of the protocol that is extrapolated to: every person left out, so many seeds and epochs."""
MEASURED = 3
"""Epochs that are measured."""
CLIPS = (3, 10, 64, 64)
NETWORKS = {
    "64 units": NetworkSettings(hidden=64, feature_dim=64, embedding_dim=32),
    "512 units (default)": NetworkSettings(),
}


Trained = TypeVar("Trained")


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        people: of the corpus.
        members: students that train together.
        repeats: of each pair of measurements, one after the other; the median ratio counts.
        threads: of torch.
    """

    people: int = 87
    members: int = 30
    repeats: int = 3
    threads: int = 1


def feature_corpus(people: int) -> Corpus:
    """Simulated features: the class with noise, less of it in the privileged modality."""
    rng = np.random.default_rng(0)
    count = people * WINDOWS
    targets = rng.integers(0, CLASSES, count)
    directions = rng.standard_normal((2, CLASSES, WIDTH))
    noise = rng.standard_normal((2, count, WIDTH)) * np.array([4.0, 2.0])[:, None, None]
    features = (directions[:, targets] + noise).astype(np.float32)
    groups = np.repeat([f"person {i:02d}" for i in range(people)], WINDOWS)
    return Corpus(
        name="simulated features",
        modalities={"face": features[0], "eda": features[1]},
        prevalent=("face",),
        privileged=("eda",),
        targets=targets,
        given_targets=targets,
        groups=groups,
        ids=np.array([f"window {i}" for i in range(count)]),
        task=Classification(classes=tuple(f"level {i}" for i in range(CLASSES))),
        split=fold_of(people, 0),
        simulated=True,
        fingerprint=f"features-{people}",
    )


def fold_of(people: int, person: int) -> Split:
    """One person tests, a tenth of the others stop and select, the rest trains."""
    others = [i for i in range(people) if i != person]
    inner = others[:: max(2, len(others) // max(1, people // 10))]
    train = [i for i in others if i not in inner]

    def windows(of: Sequence[int]) -> np.ndarray:
        return np.concatenate([np.arange(i * WINDOWS, (i + 1) * WINDOWS) for i in of])

    return Split(windows(train), np.arange(0), windows(inner), windows([person]))


@dataclass(frozen=True)
class Times:
    """Of one stage: milliseconds an update and member, alone and together, and their ratio."""

    alone: float
    together: float
    ratio: float


def compared(alone: Callable[[], int], together: Callable[[], int], repeats: int) -> Times:
    """Two ways in turn, so that both meet the same machine; each says how many updates it made."""
    alone(), together()  # compiles, fills caches
    pairs = []
    for _ in range(repeats):
        each = []
        for way in (alone, together):
            began = time.perf_counter()
            made = way()
            each.append(1e3 * (time.perf_counter() - began) / made)
        pairs.append(each)
    ratio = statistics.median(one / many for one, many in pairs)
    one, many = (statistics.median(own) for own in zip(*pairs, strict=True))
    return Times(one, many, ratio)


def drain(reports: Generator[EpochReport, None, Trained]) -> Trained:
    """Run a stage to its end; what it returns."""
    while True:
        try:
            next(reports)
        except StopIteration as end:
            return end.value


class Bench:
    """Students of one network size, and their teachers.

    Args:
        network: its sizes.
        size: how much is measured.
        accelerator: where they train, as Fabric calls it.
        batch: B.
    """

    def __init__(
        self, network: NetworkSettings, size: Size, accelerator: str = "cpu", batch: int = BATCH
    ) -> None:
        self.size, self.batch = size, batch
        corpus = feature_corpus(size.people)
        fabric = Fabric(accelerator=accelerator, devices=1)
        training = TrainingSettings(epochs=MEASURED, batch_size=batch)
        folds = [fold_of(size.people, i % size.people) for i in range(size.members)]
        self.contexts = [
            StageContext(fabric, replace(corpus, split=fold), network, training, seed)
            for seed, fold in enumerate(folds)
        ]
        teacher = drain(train_teacher(self.contexts[0]))
        targets = teacher_targets(teacher, corpus)
        tnets = drain(train_tnets(self.contexts[0], targets))
        self.shared = TeacherStage(teacher, targets, tnets)

    def students(self, method: str) -> Times:
        """A few epochs of a method's students."""
        alone, together = partial(self.alone, method), partial(self.together, method)
        return compared(alone, together, self.size.repeats)

    def together(self, method: str) -> int:
        """A few epochs of all students of a method at once; how many updates."""
        prepared = [
            prepare_student(context, build_distiller(method), self.shared)
            for context in self.contexts
        ]
        for _ in train_students(prepared):
            pass
        return MEASURED * sum(len(p.spec.batches) for p in prepared)

    def alone(self, method: str, **settings: Any) -> int:
        """A few epochs of one student of a method; how many updates."""
        distiller = build_distiller(method, {method: settings})
        drain(train_student(self.contexts[0], distiller, self.shared))
        return self.updates

    def peers(self) -> Iterator[tuple[str, Times]]:
        """The kit's loop, as ``alone``, and each of its peers, as ``together``."""
        for name, method, train in peers(self.contexts[0], self.shared):
            train()
            kit = partial(self.alone, method)
            yield name, compared(kit, train, self.size.repeats)

    def teachers(self) -> Times:
        """A few epochs of teachers and their T-Nets; an update of both counts as one."""

        def alone() -> int:
            teacher = drain(train_teacher(self.contexts[0]))
            targets = teacher_targets(teacher, self.contexts[0].corpus)
            drain(train_tnets(self.contexts[0], targets))
            return self.updates

        def together() -> int:
            for _ in train_teacher_stages(self.contexts):
                pass
            return self.updates * len(self.contexts)

        return compared(alone, together, self.size.repeats)

    @property
    def updates(self) -> int:
        """Of the first member in all its epochs."""
        return MEASURED * (len(self.contexts[0].corpus.split.labelled) // self.batch)


def layers_and_vmap(network: NetworkSettings, size: Size) -> Times:
    """Forward and backward pass of students without noise and dropout, together in two ways.

    Returns:
        By ``vmap`` over stacked states as ``alone``, and by batched layers as ``together``.
    """
    corpus = feature_corpus(size.people)
    still = network.model_copy(update={"dropout": 0.0, "input_noise": 0.0})
    students = [build_student(corpus, still).train() for _ in range(size.members)]
    x = torch.randn(size.members, BATCH, WIDTH)
    stack = StackedNetworks(students, [{} for _ in students])
    parameters, buffers = stack_module_state(students)
    base = deepcopy(students[0]).to("meta")

    def one(own: dict[str, Tensor], kept: dict[str, Tensor], samples: Tensor) -> Tensor:
        return functional_call(base, (own, kept), ({"face": samples},)).outputs

    def mapped() -> int:
        torch.vmap(one)(parameters, buffers, x).square().sum().backward()
        return size.members

    def layered() -> int:
        draws = Draws([torch.Generator() for _ in students])
        output = stack.forward(stack.parameters(), {"face": x}, draws)
        output.outputs.square().sum().backward()
        return size.members

    mapped(), layered()
    return compared(mapped, layered, 7 * size.repeats)
