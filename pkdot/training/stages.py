"""The stages before the student's: teacher and T-Nets. Each yields a report an epoch and returns
what it trained.

Nothing here writes or plots.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..networks.models import (
    NetworkOutput,
    Teacher,
    build_teacher,
)
from ..networks.tnet import TNets, build_tnets, joined
from ..tasks.arrays import at_least_float32
from .context import StageContext, complete_only, visible_targets
from .loop import (
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
    teacher_input,
    teacher_output,
)
from .reconstruction import reconstruction_metrics


@dataclass(frozen=True)
class TeacherStage:
    """What students of one seed share: the frozen teacher, its targets and the T-Nets."""

    teacher: nn.Module
    targets: TeacherTargets
    tnets: TNets


@dataclass(frozen=True)
class Trained:
    """All networks of an experiment after training, with the student's output for N samples."""

    shared: TeacherStage
    student: nn.Module
    output: NetworkOutput


@dataclass(frozen=True, eq=False)
class PreparedTeacher:
    """A teacher about to learn.

    Attributes:
        context: of the experiment.
        spec: of the stage, with the teacher as its network.
        generator: in the state from which noise and dropout are drawn; so is torch's own.
    """

    context: StageContext
    spec: StageSpec
    generator: torch.Generator


def train_teacher(context: StageContext) -> Generator[EpochReport, None, Teacher]:
    """Stage ``teacher``: every modality, labelled samples, task loss. Returns it frozen.

    Samples that lack a privileged modality are left out.
    """
    prepared = prepare_teacher(context)
    yield from fit(context.fabric, prepared.spec, context.training, context.checkpoints)
    teacher = prepared.spec.network
    assert isinstance(teacher, Teacher)
    return teacher.requires_grad_(False).eval()


def prepare_teacher(context: StageContext) -> PreparedTeacher:
    """All that :func:`train_teacher` does before the first batch."""
    torch.manual_seed(context.seed_of("teacher"))
    teacher = build_teacher(context.corpus, context.network).to(context.device)
    generator = context.generator_of("teacher")
    return PreparedTeacher(context, _teacher_spec(context, teacher), generator)


def fit_teacher(context: StageContext, teacher: nn.Module) -> Generator[EpochReport, None, None]:
    """Train a teacher in place, on the complete ones of the labelled samples."""
    yield from fit(
        context.fabric, _teacher_spec(context, teacher), context.training, context.checkpoints
    )


def _teacher_spec(context: StageContext, teacher: nn.Module) -> StageSpec:
    fabric, corpus = context.fabric, context.corpus
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
    batches = stage_batches(context, "teacher", labelled, labelled[:0])
    return StageSpec(
        "teacher", teacher, batches, losses, validate, *selection(context), corpus.ids.__getitem__
    )


@dataclass(frozen=True, eq=False)
class PreparedTNets:
    """T-Nets about to learn.

    Attributes:
        context: of the experiment.
        spec: of the stage, with the T-Nets as its network.
        prevalent: what they read, (R, F) or (R, S, F); a row a sample, or a frame of a window.
        features: modality -> what they are to hallucinate, likewise.
        means: modality -> the mean of that over the training rows.
        inner: the rows that stop and select.
    """

    context: StageContext
    spec: StageSpec
    prevalent: Tensor
    features: dict[str, Tensor]
    means: dict[str, Tensor]
    inner: IndexArray

    def scores(self, hallucinated: Mapping[str, Tensor]) -> dict[str, float]:
        """Validation scores of what was hallucinated for ``inner``, averaged over modalities."""
        each = [
            reconstruction_metrics(self.features[name][self.inner], h.cpu(), self.means[name])
            for name, h in hallucinated.items()
        ]
        return {key: float(np.mean([e[key] for e in each])) for key in each[0]}


def train_tnets(
    context: StageContext, targets: TeacherTargets
) -> Generator[EpochReport, None, TNets]:
    """Stage ``tnet``: from the frozen teacher's prevalent features to each privileged one.

    Training samples that have every modality, labelled and unlabelled; no target is read. Returns
    the T-Nets frozen; none, and no report, without a privileged modality.
    """
    if not context.corpus.privileged:
        return TNets()
    prepared = prepare_tnets(context, targets)
    yield from fit(context.fabric, prepared.spec, context.training, context.checkpoints)
    tnets = prepared.spec.network
    assert isinstance(tnets, TNets)
    return tnets.requires_grad_(False).eval()


def prepare_tnets(context: StageContext, targets: TeacherTargets) -> PreparedTNets:
    """All that :func:`train_tnets` does before the first batch."""
    corpus = context.corpus
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
        share, gathered = own_share(context.fabric, batch)
        seen = prevalent[share].to(context.device)
        errors = [
            functional.mse_loss(
                at_least_float32(gather_batch(context.fabric, hallucinated)),
                features[name][gathered].to(seen),
            )
            for name, hallucinated in module(seen).items()
        ]
        return {"loss": torch.stack(errors).mean()}, None

    def validate(module: nn.Module) -> Metrics:
        module.eval()
        with torch.no_grad():
            hallucinated = tnets(prevalent[inner].to(context.device))
        return {"validation": prepared.scores(hallucinated)}

    batches = stage_batches(context, "tnet", train, train[:0])
    frames = corpus.targets.shape[1] if corpus.is_sequence else 1
    spec = StageSpec(
        "tnet", tnets, batches, losses, validate,
        lambda values: (values["mse"],), lambda values: values["explained"],
        lambda rows: corpus.ids[rows // frames],
    )  # fmt: skip
    real = {name: features[name] for name in corpus.privileged}
    prepared = PreparedTNets(context, spec, prevalent, real, means, inner)
    return prepared


def selection(context: StageContext) -> tuple[Any, Any]:
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


def stage_batches(
    context: StageContext,
    stage: str,
    labelled: IndexArray,
    unlabelled: IndexArray,
    classes: np.ndarray | None = None,
    teacher_only: IndexArray | None = None,
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
        teacher_only,
    )
