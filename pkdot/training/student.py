"""The student's stage: task loss on labelled samples, and the distiller on all."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..distillers import Distiller
from ..distillers.base import weighted
from ..networks.models import NetworkOutput, Student, Teacher, build_student
from ..networks.tnet import TNets
from ..tasks.arrays import at_least_float32
from .batch_rows import BatchRows
from .checkpoints import Stateful
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
from .outputs import TeacherTargets, prevalent_input, student_output
from .pulls import Pulls
from .stages import TeacherStage, selection, stage_batches


def train_student(
    context: StageContext,
    distiller: Distiller,
    shared: TeacherStage | None = None,
    distilled: TeacherTargets | None = None,
    network: nn.Module | None = None,
) -> Generator[EpochReport, None, nn.Module]:
    """Stage ``student``: task loss on the labelled samples plus the distiller on all of them.

    A labelled sample that lacks a privileged modality is seen by the task loss alone; without a
    label it is left out. Where some recordings are the teacher's alone, the labelled samples are
    the trusted pairs; beside them the distiller reads the student's other samples, and as many
    others of the teacher's that are no pairs of these. Of windows of frames the distiller compares
    frames, see :func:`pkdot.training.batch_rows.pick_frames`.

    The distiller draws its adapters from a random state of its own, so that students of one seed
    start from the same weights and see the same batches and dropout whatever the method. Train
    metrics are ``loss`` and its parts ``task``, ``distillation`` and ``reconstruction`` (with a
    joint T-Net), and the λ that was applied: ``weight``, or ``weight of kd`` and so on for a sum.
    A method with a ``share`` gets its λ from the gradients, see :mod:`pkdot.distillers.share`.

    Args:
        context: of the experiment.
        distiller: is prepared here.
        shared: the teacher stage; a student alone has none, hence no distillation and no T-Net.
        distilled: targets that the distiller reads in place of the teacher's; the T-Net goes on to
            reconstruct the teacher's.
        network: a student of the user's, wrapped; trained in place.
    """
    prepared = prepare_student(context, distiller, shared, distilled, network)
    yield from fit(context.fabric, prepared.spec, context.training, context.checkpoints)
    return prepared.spec.network.eval()


@dataclass(frozen=True, eq=False)
class PreparedStudent:
    """A student about to learn.

    Attributes:
        context: of the experiment.
        spec: of the stage, with the student as its network.
        distillation: None for a student alone.
        generator: in the state from which noise and dropout are drawn; so is torch's own.
    """

    context: StageContext
    spec: StageSpec
    distillation: "Distillation | None"
    generator: torch.Generator


def prepare_student(
    context: StageContext,
    distiller: Distiller,
    shared: TeacherStage | None = None,
    distilled: TeacherTargets | None = None,
    network: nn.Module | None = None,
) -> PreparedStudent:
    """All that :func:`train_student` does before the first batch; arguments as there."""
    corpus, settings = context.corpus, context.training
    torch.manual_seed(context.seed_of("student"))
    student = _new_student(context, shared) if network is None else network
    validation = context.selection
    distiller.set_task(corpus.task)
    distillation = None
    if shared is not None:
        read = shared.targets if distilled is None else distilled
        distillation = Distillation(distiller, shared.targets, read)
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

    rows = BatchRows(corpus, np.random.default_rng(context.seed_of("rows")))
    split = corpus.split
    unlabelled, others = _without_label(corpus, shared is None)
    strata = corpus.task.strata(corpus.given_targets[split.labelled])
    classes = strata if settings.class_balanced else None
    batches = stage_batches(context, "student", split.labelled, unlabelled, classes, others)
    losses = _student_losses(context, student, distillation, rows, batches)
    chosen_by = selection(context)
    adapters = tuple(distiller.parameters())
    beside: dict[str, Stateful] = {"distiller": distiller, "rows": rows}
    if isinstance(distilled, Stateful):
        beside["targets"] = distilled
    spec = StageSpec(
        "student", student, batches, losses, validate, *chosen_by, corpus.ids.__getitem__,
        adapters, beside,
    )  # fmt: skip
    return PreparedStudent(context, spec, distillation, context.generator_of("student"))


def _without_label(corpus: Corpus, alone: bool) -> tuple[IndexArray, IndexArray]:
    """Samples without label in the batches: the student's, and what the teacher alone adds."""
    unlabelled, teacher_only = corpus.split.unlabelled, corpus.split.teacher_only
    if alone:
        return unlabelled[:0], teacher_only[:0]
    pairs = complete_only(corpus, unlabelled)
    if not corpus.is_unpaired:
        return pairs, teacher_only
    return unlabelled, np.concatenate([teacher_only, pairs])  # doubtful pairs count on both sides


def _new_student(context: StageContext, shared: TeacherStage | None) -> Student:
    """A student with what it takes over from the teacher stage."""
    teacher, tnets = (None, None) if shared is None else (shared.teacher, shared.tnets)
    kits = teacher if isinstance(teacher, Teacher) else None
    return build_student(context.corpus, context.network, kits, tnets).to(context.device)


@dataclass(frozen=True)
class Distillation:
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
    context: StageContext,
    student: nn.Module,
    distillation: Distillation | None,
    rows: BatchRows,
    batches: Batches,
) -> Callable[[nn.Module, IndexArray], Losses]:
    """Losses of the student stage; without distillation the task loss alone."""
    fabric, corpus, settings = context.fabric, context.corpus, context.training
    targets = visible_targets(corpus)
    tnets = student.tnets if isinstance(student, Student) else TNets()
    joint = bool(tnets) and context.network.tnet == "joint"
    pulls = Pulls(fabric, student, None if distillation is None else distillation.distiller)

    def losses(module: nn.Module, batch: IndexArray) -> Losses:
        share, gathered = own_share(fabric, batches.of_student(batch))
        with pulls.watched():
            seen = module(prevalent_input(corpus, share, context.device))
        output = gather_batch(fabric, seen)
        of_batch = targets[gathered].to(context.device)
        task = corpus.task.loss(output.outputs, of_batch, settings.label_smoothing)
        parts = {"loss": task, "task": task}
        if distillation is None:
            return parts, None
        trusted = batches.trusted
        taught = gathered if trusted is None else batches.of_teacher(batch)
        target, read = distillation.at(taught, context.device)
        compared = rows.pick(gathered, of_batch)
        read, own, of_rows = compared.take(read), compared.take(output), compared.take(of_batch)
        if not compared.enough(distillation.distiller):
            return parts, None
        terms = distillation.distiller.terms(read, own, of_rows, trusted)
        pulls.note(task, terms, seen.embedding)
        parts["distillation"] = weighted(terms, of_rows)
        parts["loss"] = parts["loss"] + parts["distillation"]
        if joint:
            parts["reconstruction"] = _reconstruction(
                compared.take(output), compared.take(target), tnets
            )
            parts["loss"] = parts["loss"] + settings.reconstruction_weight * parts["reconstruction"]
        snapshot = BatchSnapshot(
            compared.samples(gathered)[:trusted],
            of_rows[:trusted],
            read.embedding[:trusted],
            own.embedding.detach().float()[:trusted],
            compared.frames,
        )
        return parts | _applied_weights(distillation.distiller), snapshot

    return losses


def _first_frames(x: Tensor) -> Tensor:
    """The first two frames of the first window, as an example of what a distiller compares."""
    return x[0, :2]


def _reconstruction(output: NetworkOutput, target: NetworkOutput, tnets: TNets) -> Tensor:
    """Mean squared error of the hallucinated features, averaged over privileged modalities."""
    errors = [
        functional.mse_loss(at_least_float32(output.features[name]), target.features[name])
        for name in tnets
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
