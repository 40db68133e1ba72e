"""The stages before the student's of many members: teachers, then T-Nets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...data.corpus import IndexArray
from ...errors import PkdotError
from ...networks.models import NetworkOutput, Teacher
from ...networks.tnet import TNets
from ..context import StageContext, complete_only, visible_targets
from ..outputs import TeacherTargets, teacher_targets
from ..stages import (
    PreparedTeacher,
    PreparedTNets,
    TeacherStage,
    prepare_teacher,
    prepare_tnets,
)
from .lesson import Batch, Lesson, checked_scores
from .loop import MemberEnd, fit_many
from .networks import obstacle, shape_of
from .rows import rows_of, samples_of
from .tasks import task_losses


def teacher_obstacle(context: StageContext) -> str:
    """Why a teacher cannot train together with others, as far as data and device tell."""
    if context.fabric.world_size > 1:
        return "trainings over several ranks go one by one"
    if type(context.fabric.strategy.precision).__name__ != "Precision":
        return "half precision trains one by one"
    return "windows of frames train one by one" if context.corpus.is_sequence else ""


def train_teacher_stages(
    contexts: Sequence[StageContext],
) -> Iterator[tuple[int, TeacherStage | PkdotError]]:
    """Teacher stages of one config that differ in seed and data, each as it would come out alone.

    Those that cannot train together, see :func:`teacher_obstacle`, are left out.

    Yields:
        Place among the contexts, and the stage or what refused it.
    """
    ready: dict[int, PreparedTeacher] = {}
    for place, context in enumerate(contexts):
        if teacher_obstacle(context):
            continue
        try:
            prepared = prepare_teacher(context)
        except PkdotError as error:
            yield place, error
            continue
        if not obstacle(prepared.spec.network):
            ready[place] = prepared
    taught: dict[int, tuple[Teacher, TeacherTargets]] = {}
    for places in _alike({place: _shape(p) for place, p in ready.items()}):
        lesson = _Teachers([ready[place] for place in places])
        for place, refused in _ends(lesson, places):
            if refused is not None:
                yield place, refused
                continue
            teacher = ready[place].spec.network
            assert isinstance(teacher, Teacher)
            teacher.requires_grad_(False).eval()
            taught[place] = (teacher, teacher_targets(teacher, contexts[place].corpus))
    tnets: dict[int, PreparedTNets] = {}
    for place, (teacher, targets) in taught.items():
        if contexts[place].corpus.privileged:
            tnets[place] = prepare_tnets(contexts[place], targets)
        else:
            yield place, TeacherStage(teacher, targets, TNets())
    for places in _alike({place: _shape(p) for place, p in tnets.items()}):
        for place, refused in _ends(_TNets([tnets[p] for p in places]), places):
            network = tnets[place].spec.network
            assert isinstance(network, TNets)
            network.requires_grad_(False).eval()
            yield place, refused or TeacherStage(*taught[place], network)


def _shape(prepared: PreparedTeacher | PreparedTNets) -> tuple[Any, ...]:
    batches = prepared.spec.batches
    return (batches.n_labelled + batches.n_unlabelled, *shape_of(prepared.spec.network))


def _alike(shapes: Mapping[int, tuple[Any, ...]]) -> list[list[int]]:
    """Places by their shape."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, shape in shapes.items():
        groups.setdefault(shape, []).append(place)
    return list(groups.values())


def _ends(
    lesson: "_Teachers | _TNets", places: Sequence[int]
) -> Iterator[tuple[int, PkdotError | None]]:
    """Place and error of each member, as it leaves."""
    for event in fit_many(lesson, lesson.context.training):
        if isinstance(event, MemberEnd):
            yield places[event.member], event.error


class _Teachers(Lesson):
    def __init__(self, prepared: Sequence[PreparedTeacher]) -> None:
        self.context = prepared[0].context
        self._corpora = [p.context.corpus for p in prepared]
        device = self.context.device
        self.specs = [p.spec for p in prepared]
        self.generators = [p.generator for p in prepared]
        self.adapters = [{} for _ in prepared]
        self.inner = [complete_only(p.context.corpus, p.context.selection) for p in prepared]
        names = self._corpora[0].names
        self._samples = {name: samples_of(self._corpora, name, device) for name in names}
        self._targets = rows_of([visible_targets(corpus) for corpus in self._corpora], device)

    def inputs(self, members: Sequence[int], indices: IndexArray) -> dict[str, Tensor]:
        return {name: rows.take(members, indices) for name, rows in self._samples.items()}

    def begin(self, members: list[int], indices: IndexArray) -> Batch:
        targets = self._targets.take(members, indices)
        return Batch(members, indices, self.inputs(members, indices), targets)

    def losses(
        self, batch: Batch, output: NetworkOutput, parameters: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        tasks = [self._corpora[member].task for member in batch.members]
        return {"loss": task_losses(tasks, output.outputs, batch.rest)}

    def scores(self, member: int, output: NetworkOutput) -> dict[str, float]:
        corpus, inner = self._corpora[member], self.inner[member]
        given = corpus.given_targets[inner]
        return checked_scores(corpus.task, output.outputs, given, corpus.ids[inner])


class _TNets(Lesson):
    def __init__(self, prepared: Sequence[PreparedTNets]) -> None:
        self.context, self._prepared = prepared[0].context, prepared
        device = self.context.device
        self.specs = [p.spec for p in prepared]
        self.generators = [torch.Generator(device) for _ in prepared]  # T-Nets draw nothing
        self.adapters = [{} for _ in prepared]
        self.inner = [p.inner for p in prepared]
        self._prevalent = rows_of([p.prevalent for p in prepared], device)
        self._real = {
            name: rows_of([p.features[name] for p in prepared], device)
            for name in prepared[0].features
        }

    def inputs(self, members: Sequence[int], indices: IndexArray) -> dict[str, Tensor]:
        return {"prevalent": self._prevalent.take(members, indices)}

    def begin(self, members: list[int], indices: IndexArray) -> Batch:
        real = {name: rows.take(members, indices) for name, rows in self._real.items()}
        return Batch(members, indices, self.inputs(members, indices), real)

    def losses(
        self, batch: Batch, output: NetworkOutput, parameters: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        errors = [
            (hallucinated.float() - batch.rest[name].to(hallucinated)).square().mean((1, 2))
            for name, hallucinated in output.features.items()
        ]
        return {"loss": torch.stack(errors).mean(0)}

    def scores(self, member: int, output: NetworkOutput) -> dict[str, float]:
        return self._prepared[member].scores(output.features)
