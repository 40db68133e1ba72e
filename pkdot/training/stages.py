"""The stages: teacher, T-Nets, student. Each yields a report an epoch and returns what it trained.

Nothing here writes or plots.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import IndexArray
from ..distillers import Distiller
from ..networks.models import (
    NetworkOutput,
    Student,
    Teacher,
    build_student,
    build_teacher,
)
from ..networks.tnet import TNets, build_tnets
from .context import StageContext, visible_labels
from .loop import (
    BatchSnapshot,
    EpochReport,
    Losses,
    Metrics,
    StageTask,
    fit,
    gather_batch,
    own_share,
)
from .metrics import classification_metrics, reconstruction_metrics
from .outputs import (
    TeacherTargets,
    prevalent_input,
    student_output,
    teacher_input,
    teacher_output,
)


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
    """Stage ``teacher``: every modality, labelled samples, cross-entropy. Returns it frozen."""
    fabric, corpus = context.fabric, context.corpus
    torch.manual_seed(context.seed_of("teacher"))
    teacher = build_teacher(corpus, context.network).to(context.device)
    labels = torch.as_tensor(visible_labels(corpus))
    validation = context.selection
    truth = torch.as_tensor(corpus.given_labels[validation])

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, gathered = own_share(fabric, batch)
        output = gather_batch(fabric, module(teacher_input(corpus, share, context.device)))
        target = labels[gathered].to(context.device)
        return {"loss": functional.cross_entropy(output.logits.float(), target)}, None

    def validate(module: nn.Module) -> Metrics:
        output = teacher_output(module, corpus, validation)
        return {"validation": classification_metrics(output.logits.cpu(), truth, corpus.ordinal)}

    labelled = corpus.split.labelled
    batches = _batches(context, "teacher", labelled, labelled[:0])
    task = StageTask("teacher", teacher, batches, losses, validate, context.training.selection)
    yield from fit(fabric, task, context.training)
    return teacher.requires_grad_(False).eval()


def train_tnets(
    context: StageContext, targets: TeacherTargets
) -> Generator[EpochReport, None, TNets]:
    """Stage ``tnet``: from the frozen teacher's prevalent feature to each privileged one.

    Training samples only, labelled and unlabelled; no label is read. Returns the T-Nets frozen;
    none, and no report, without a privileged modality.
    """
    corpus = context.corpus
    if not corpus.privileged:
        return TNets()
    torch.manual_seed(context.seed_of("tnet"))
    features = targets.output.features
    prevalent = features[corpus.prevalent]
    shapes = {name: tuple(features[name].shape[1:]) for name in corpus.privileged}
    tnets = build_tnets(shapes, context.network.heads).to(context.device)
    split, inner = corpus.split, context.selection
    means = {name: features[name][split.train].mean(0) for name in corpus.privileged}

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

    batches = _batches(context, "tnet", split.train, split.train[:0])
    task = StageTask("tnet", tnets, batches, losses, validate, "mse")
    yield from fit(context.fabric, task, context.training)
    return tnets.requires_grad_(False).eval()


def train_student(
    context: StageContext,
    distiller: Distiller,
    shared: TeacherStage | None = None,
    distilled: TeacherTargets | None = None,
) -> Generator[EpochReport, None, Student]:
    """Stage ``student``: task loss on the labelled samples plus the distiller on all of them.

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
    truth = torch.as_tensor(corpus.given_labels[validation])
    distillation = None
    if shared is not None:
        read = shared.targets if distilled is None else distilled
        distillation = _Distillation(distiller, shared.targets, read)
        some = corpus.split.train[:2]
        example = read.at(some, context.device), student_output(student, corpus, some)
        with torch.random.fork_rng():
            torch.manual_seed(context.seed_of("adapters"))
            distiller.prepare(*example)
        distiller.to(context.device).train()

    def validate(module: nn.Module) -> Metrics:
        output = student_output(module, corpus, validation)
        return {"validation": classification_metrics(output.logits.cpu(), truth, corpus.ordinal)}

    losses = _student_losses(context, student, distillation)
    split = corpus.split
    unlabelled = split.unlabelled[:0] if shared is None else split.unlabelled
    classes = corpus.given_labels[split.labelled] if settings.class_balanced else None
    batches = _batches(context, "student", split.labelled, unlabelled, classes)
    adapters = tuple(distiller.parameters())
    task = StageTask("student", student, batches, losses, validate, settings.selection, adapters)
    yield from fit(context.fabric, task, settings)
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
    labels = torch.as_tensor(visible_labels(corpus))
    joint = bool(student.tnets) and context.network.tnet == "joint"

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, gathered = own_share(fabric, batch)
        output = gather_batch(fabric, module(prevalent_input(corpus, share, context.device)))
        of_batch = labels[gathered].to(context.device)
        task = functional.cross_entropy(
            output.logits.float(),
            of_batch,
            ignore_index=-1,
            label_smoothing=settings.label_smoothing,
        )
        parts = {"loss": task, "task": task}
        if distillation is None:
            return parts, None
        target, read = distillation.at(gathered, context.device)
        parts["distillation"] = distillation.distiller(read, output, of_batch)
        parts["loss"] = parts["loss"] + parts["distillation"]
        if joint:
            parts["reconstruction"] = _reconstruction(output, target, student.tnets)
            parts["loss"] = parts["loss"] + settings.reconstruction_weight * parts["reconstruction"]
        embedding = output.embedding.detach().float()
        snapshot = BatchSnapshot(gathered, of_batch, read.embedding, embedding)
        return parts | _applied_weights(distillation.distiller), snapshot

    return losses


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
