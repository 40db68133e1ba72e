"""The stages: teacher, T-Nets, student. Each yields a report an epoch and returns what it trained.

Nothing here writes or plots.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..distillers import Distiller
from ..networks.models import (
    NetworkOutput,
    Student,
    Teacher,
    build_student,
    build_teacher,
)
from ..networks.tnet import TNets, build_tnets, joined
from .batch_rows import BatchRows
from .context import StageContext, complete_only, visible_targets
from .loop import (
    BatchSnapshot,
    EpochReport,
    Losses,
    Metrics,
    StageSpec,
    fit,
    gather_batch,
    own_share,
)
from .outputs import (
    TeacherTargets,
    prevalent_input,
    student_output,
    teacher_input,
    teacher_output,
)
from .reconstruction import reconstruction_metrics


@dataclass(frozen=True)
class TeacherStage:
    """What students of one seed share: the frozen teacher, its targets and the T-Nets."""

    teacher: Teacher
    targets: TeacherTargets
    tnets: TNets


@dataclass(frozen=True)
class Trained:
    """All networks of an experiment after training, with the student's output for N samples."""

    shared: TeacherStage
    student: Student
    output: NetworkOutput


def train_teacher(context: StageContext) -> Generator[EpochReport, None, Teacher]:
    """Stage ``teacher``: every modality, labelled samples, task loss. Returns it frozen.

    Samples that lack a privileged modality are left out.
    """
    fabric, corpus = context.fabric, context.corpus
    torch.manual_seed(context.seed_of("teacher"))
    teacher = build_teacher(corpus, context.network).to(context.device)
    targets = visible_targets(corpus)
    validation = complete_only(corpus, context.selection)

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, gathered = own_share(fabric, batch)
        output = gather_batch(fabric, module(teacher_input(corpus, share, context.device)))
        target = targets[gathered].to(context.device)
        return {"loss": corpus.task.loss(output.outputs, target)}, None

    def validate(module: nn.Module) -> Metrics:
        output = teacher_output(module, corpus, validation)
        return {"validation": corpus.task.scores(output.outputs, corpus.given_targets[validation])}

    labelled = complete_only(corpus, corpus.split.labelled)
    batches = _batches(context, "teacher", labelled, labelled[:0])
    spec = StageSpec("teacher", teacher, batches, losses, validate, *_selection(context))
    yield from fit(fabric, spec, context.training)
    return teacher.requires_grad_(False).eval()


def train_tnets(
    context: StageContext, targets: TeacherTargets
) -> Generator[EpochReport, None, TNets]:
    """Stage ``tnet``: from the frozen teacher's prevalent features to each privileged one.

    Training samples that have every modality, labelled and unlabelled; no target is read. Returns
    the T-Nets frozen; none, and no report, without a privileged modality.
    """
    corpus = context.corpus
    if not corpus.privileged:
        return TNets()
    torch.manual_seed(context.seed_of("tnet"))
    features = {n: _as_samples(corpus, f) for n, f in targets.output.features.items()}
    prevalent = joined([features[name] for name in corpus.prevalent])
    shapes = {name: tuple(features[name].shape[1:]) for name in corpus.privileged}
    tnets = build_tnets(shapes, context.network.heads, len(corpus.prevalent)).to(context.device)
    train, inner = (
        complete_only(corpus, indices) for indices in (corpus.split.train, context.selection)
    )
    train, inner = _rows_of(corpus, train), _rows_of(corpus, inner)
    means = {name: features[name][train].mean(0) for name in corpus.privileged}

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, _ = own_share(context.fabric, batch)
        seen = prevalent[share].to(context.device)
        errors = [
            functional.mse_loss(hallucinated.float(), features[name][share].to(seen))
            for name, hallucinated in module(seen).items()
        ]
        return {"loss": torch.stack(errors).mean()}, None

    def validate(module: nn.Module) -> Metrics:
        module.eval()
        with torch.no_grad():
            hallucinated = tnets(prevalent[inner].to(context.device))
        each = [
            reconstruction_metrics(features[name][inner], h.cpu(), means[name])
            for name, h in hallucinated.items()
        ]
        return {"validation": {key: float(np.mean([e[key] for e in each])) for key in each[0]}}

    batches = _batches(context, "tnet", train, train[:0])
    spec = StageSpec(
        "tnet", tnets, batches, losses, validate,
        lambda values: (values["mse"],), lambda values: values["explained"],
    )  # fmt: skip
    yield from fit(context.fabric, spec, context.training)
    return tnets.requires_grad_(False).eval()


def train_student(
    context: StageContext,
    distiller: Distiller,
    shared: TeacherStage | None = None,
    distilled: TeacherTargets | None = None,
) -> Generator[EpochReport, None, Student]:
    """Stage ``student``: task loss on the labelled samples plus the distiller on all of them.

    A labelled sample that lacks a privileged modality is seen by the task loss alone; without a
    label it is left out. Of windows of frames the distiller compares frames, see
    :func:`pkdot.training.frames.pick_frames`.

    The distiller draws its adapters from a random state of its own, so that students of one seed
    start from the same weights and see the same batches and dropout whatever the method. Train
    metrics are ``loss`` and its parts ``task``, ``distillation`` and ``reconstruction`` (with a
    joint T-Net), and the λ that was applied: ``weight``, or ``weight of kd`` and so on for a sum.

    Args:
        context: of the experiment.
        distiller: is prepared here.
        shared: the teacher stage; a student alone has none, hence no distillation and no T-Net.
        distilled: targets that the distiller reads in place of the teacher's; the T-Net goes on to
            reconstruct the teacher's.
    """
    corpus, settings = context.corpus, context.training
    torch.manual_seed(context.seed_of("student"))
    teacher, tnets = (shared.teacher, shared.tnets) if shared else (None, None)
    student = build_student(corpus, context.network, teacher, tnets).to(context.device)
    validation = context.selection
    distiller.set_task(corpus.task)
    distillation = None
    if shared is not None:
        read = shared.targets if distilled is None else distilled
        distillation = _Distillation(distiller, shared.targets, read)
        some = complete_only(corpus, corpus.split.train)[:2]
        example = read.at(some, context.device), student_output(student, corpus, some)
        if corpus.is_sequence:
            example = example[0].map(_first_frames), example[1].map(_first_frames)
        with torch.random.fork_rng():
            torch.manual_seed(context.seed_of("adapters"))
            distiller.prepare(*example)
        distiller.to(context.device).train()

    def validate(module: nn.Module) -> Metrics:
        output = student_output(module, corpus, validation)
        return {"validation": corpus.task.scores(output.outputs, corpus.given_targets[validation])}

    losses = _student_losses(context, student, distillation)
    split = corpus.split
    unlabelled = split.unlabelled[:0] if shared is None else split.unlabelled
    unlabelled = complete_only(corpus, unlabelled)
    strata = corpus.task.strata(corpus.given_targets[split.labelled])
    classes = strata if settings.class_balanced else None
    batches = _batches(context, "student", split.labelled, unlabelled, classes)
    selection = _selection(context)
    adapters = tuple(distiller.parameters())
    spec = StageSpec("student", student, batches, losses, validate, *selection, adapters)
    yield from fit(context.fabric, spec, settings)
    return student.eval()


@dataclass(frozen=True)
class _Distillation:
    """A prepared distiller and what it compares the student with.

    Attributes:
        distiller: the method.
        targets: the teacher's output, which a joint T-Net reconstructs.
        read: the targets that the distiller reads; under a control not the teacher's.
    """

    distiller: Distiller
    targets: TeacherTargets
    read: TeacherTargets

    def at(self, indices: IndexArray, device: torch.device) -> tuple[NetworkOutput, NetworkOutput]:
        """The teacher's output for n samples, and the one that the distiller reads."""
        target = self.targets.at(indices, device)
        return target, target if self.read is self.targets else self.read.at(indices, device)


def _student_losses(
    context: StageContext, student: Student, distillation: _Distillation | None
) -> Callable[[nn.Module, IndexArray], Losses]:
    """Losses of the student stage; without distillation the task loss alone."""
    fabric, corpus, settings = context.fabric, context.corpus, context.training
    targets = visible_targets(corpus)
    joint = bool(student.tnets) and context.network.tnet == "joint"
    rows = BatchRows(corpus, np.random.default_rng(context.seed_of("rows")))

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, gathered = own_share(fabric, batch)
        output = gather_batch(fabric, module(prevalent_input(corpus, share, context.device)))
        of_batch = targets[gathered].to(context.device)
        task = corpus.task.loss(output.outputs, of_batch, settings.label_smoothing)
        parts = {"loss": task, "task": task}
        if distillation is None:
            return parts, None
        target, read = distillation.at(gathered, context.device)
        compared = rows.pick(gathered, of_batch)
        read, own, of_rows = compared.take(read), compared.take(output), compared.take(of_batch)
        if not compared.enough(distillation.distiller):
            return parts, None
        parts["distillation"] = distillation.distiller(read, own, of_rows)
        parts["loss"] = parts["loss"] + parts["distillation"]
        if joint:
            parts["reconstruction"] = _reconstruction(
                compared.take(output), compared.take(target), student.tnets
            )
            parts["loss"] = parts["loss"] + settings.reconstruction_weight * parts["reconstruction"]
        snapshot = BatchSnapshot(
            compared.samples(gathered),
            of_rows,
            read.embedding,
            own.embedding.detach().float(),
            compared.frames,
        )
        return parts | _applied_weights(distillation.distiller), snapshot

    return losses


def _selection(context: StageContext) -> tuple[Any, Any]:
    """What selection minimises and what a schedule follows, as the task has them."""
    task, selection = context.corpus.task, context.training.selection
    return lambda values: task.badness(values, selection), task.progress


def _as_samples(corpus: Corpus, features: Tensor) -> Tensor:
    """Features with one row a sample; of windows one row a frame."""
    return features.flatten(0, 1) if corpus.is_sequence else features


def _rows_of(corpus: Corpus, indices: IndexArray) -> IndexArray:
    """The rows of :func:`_as_samples` that belong to some samples."""
    if not corpus.is_sequence:
        return indices
    length = corpus.targets.shape[1]
    return (indices[:, None] * length + np.arange(length)).reshape(-1)


def _first_frames(x: Tensor) -> Tensor:
    """The first two frames of the first window, as an example of what a distiller compares."""
    return x[0, :2]


def _batches(
    context: StageContext,
    stage: str,
    labelled: IndexArray,
    unlabelled: IndexArray,
    classes: np.ndarray | None = None,
) -> Batches:
    """A stage's batches, in an order that the experiment's seed and the stage's name decide."""
    settings = context.training
    return Batches(
        labelled,
        unlabelled,
        settings.batch_size,
        settings.labelled_share,
        context.seed_of(stage),
        settings.min_batches,
        classes,
    )


def _reconstruction(output: NetworkOutput, target: NetworkOutput, tnets: TNets) -> Tensor:
    """Mean squared error of the hallucinated features, averaged over privileged modalities."""
    errors = [
        functional.mse_loss(output.features[name].float(), target.features[name]) for name in tnets
    ]
    return torch.stack(errors).mean()


def _applied_weights(distiller: Distiller) -> dict[str, Tensor]:
    """λ of the last batch by the name of its metric; in float64, as means of it go on record."""
    weights = distiller.applied_weights()
    alone = len(weights) == 1
    return {
        "weight" if alone else f"weight of {name}": torch.tensor(weight, dtype=torch.float64)
        for name, weight in weights.items()
    }
