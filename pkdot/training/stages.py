"""The stages: teacher, T-Net, student. Each yields a report an epoch and returns what it trained.

Nothing here writes or plots. A stage seeds itself from (seed, its own name), so that it gives the
same numbers whether the stages before it ran, were cached or were loaded.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..distillers import Distiller
from ..networks.models import (
    NetworkOutput,
    NetworkSettings,
    Student,
    Teacher,
    build_student,
    build_teacher,
)
from ..networks.tnet import AnyTNet, build_tnet
from .loop import (
    BatchSnapshot,
    EpochReport,
    Metrics,
    TrainingSettings,
    fit,
    gather_batch,
    own_share,
    selection_indices,
    stage_seed,
    visible_labels,
)
from .metrics import classification_metrics, reconstruction_metrics


@dataclass(frozen=True)
class TeacherTargets:
    """The frozen teacher's output for all N samples of a corpus, computed once.

    Attributes:
        output: logits (N, C), embedding (N, D), features modality -> (N, F).
    """

    output: NetworkOutput

    def at(self, indices: IndexArray, device: torch.device) -> NetworkOutput:
        """The output for some samples, on a device."""
        pick = torch.as_tensor(indices)
        out = self.output
        return NetworkOutput(
            out.logits[pick].to(device),
            out.embedding[pick].to(device),
            {name: feature[pick].to(device) for name, feature in out.features.items()},
        )


@dataclass(frozen=True)
class TeacherStage:
    """What students of one seed share: the frozen teacher, its targets and the T-Nets."""

    teacher: Teacher
    targets: TeacherTargets
    tnets: dict[str, AnyTNet]


@dataclass(frozen=True)
class Trained:
    """All networks of an experiment after training, with the student's output for N samples."""

    shared: TeacherStage
    student: Student
    output: NetworkOutput


def _inputs(corpus: Corpus, modality: str, indices: IndexArray, device: torch.device) -> Tensor:
    return corpus.batch(modality, indices).to(device, non_blocking=True)


def teacher_inputs(corpus: Corpus, indices: IndexArray, device: torch.device) -> dict[str, Tensor]:
    """Samples of every modality, each (n, ...)."""
    names = (corpus.prevalent, *corpus.privileged)
    return {name: _inputs(corpus, name, indices, device) for name in names}


def _in_chunks(
    forward: Callable[[IndexArray], NetworkOutput], indices: IndexArray, chunk: int = 512
) -> NetworkOutput:
    parts = [forward(indices[i : i + chunk]) for i in range(0, len(indices), chunk)]
    return NetworkOutput(
        torch.cat([p.logits for p in parts]).float(),
        torch.cat([p.embedding for p in parts]).float(),
        {k: torch.cat([p.features[k] for p in parts]).float() for k in parts[0].features},
    )


@torch.no_grad()
def teacher_output(teacher: nn.Module, corpus: Corpus, indices: IndexArray) -> NetworkOutput:
    """The teacher's output in eval mode for n samples, every one of them."""
    device = next(teacher.parameters()).device
    teacher.eval()
    return _in_chunks(lambda part: teacher(teacher_inputs(corpus, part, device)), indices)


@torch.no_grad()
def student_output(student: nn.Module, corpus: Corpus, indices: IndexArray) -> NetworkOutput:
    """The student's output in eval mode for n samples; it reads the prevalent modality alone."""
    device = next(student.parameters()).device
    student.eval()
    return _in_chunks(
        lambda part: student(_inputs(corpus, corpus.prevalent, part, device)), indices
    )


def _batches(
    corpus: Corpus,
    settings: TrainingSettings,
    seed: int,
    labelled_only: bool,
    class_balanced: bool = False,
) -> Batches:
    split = corpus.split
    unlabelled = split.unlabelled[:0] if labelled_only else split.unlabelled
    return Batches(
        split.labelled,
        unlabelled,
        settings.batch_size,
        settings.labelled_share,
        seed,
        settings.min_batches,
        corpus.given_labels[split.labelled] if class_balanced else None,
    )


def train_teacher(
    fabric: Fabric, corpus: Corpus, network: NetworkSettings, settings: TrainingSettings, seed: int
) -> Generator[EpochReport, None, Teacher]:
    """Stage ``teacher``: every modality, labelled samples, cross-entropy. Returns it frozen."""
    own_seed = stage_seed(seed, "teacher")
    torch.manual_seed(own_seed)
    teacher = build_teacher(corpus, network).to(fabric.device)
    labels = torch.as_tensor(visible_labels(corpus))
    validation = selection_indices(corpus, settings)
    truth = torch.as_tensor(corpus.given_labels[validation])

    def losses(module: nn.Module, batch: IndexArray) -> tuple[dict[str, Tensor], None]:
        mine, everyone = own_share(fabric, batch)
        output = gather_batch(fabric, module(teacher_inputs(corpus, mine, fabric.device)))
        target = labels[everyone].to(fabric.device)
        return {"loss": functional.cross_entropy(output.logits.float(), target)}, None

    def validate(module: nn.Module) -> Metrics:
        output = teacher_output(module, corpus, validation)
        return {"validation": classification_metrics(output.logits.cpu(), truth, corpus.ordinal)}

    batches = _batches(corpus, settings, own_seed, labelled_only=True)
    yield from fit(
        fabric, "teacher", teacher, batches, losses, validate, settings.selection, settings
    )
    return teacher.requires_grad_(False).eval()


def teacher_targets(teacher: Teacher, corpus: Corpus) -> TeacherTargets:
    """The frozen teacher's output for every sample of the corpus, kept on the CPU."""
    output = teacher_output(teacher, corpus, np.arange(len(corpus)))
    features = {name: feature.cpu() for name, feature in output.features.items()}
    return TeacherTargets(NetworkOutput(output.logits.cpu(), output.embedding.cpu(), features))


def train_tnets(
    fabric: Fabric,
    corpus: Corpus,
    targets: TeacherTargets,
    network: NetworkSettings,
    settings: TrainingSettings,
    seed: int,
) -> Generator[EpochReport, None, dict[str, AnyTNet]]:
    """Stage ``tnet``: from the frozen teacher's prevalent feature to each privileged one.

    Training samples only, labelled and unlabelled; no label is read. Without a privileged modality
    there is nothing to hallucinate, and no T-Net.
    """
    if not corpus.privileged:
        return {}
    own_seed = stage_seed(seed, "tnet")
    torch.manual_seed(own_seed)
    features = targets.output.features
    source = features[corpus.prevalent]
    shapes = {name: tuple(features[name].shape[1:]) for name in corpus.privileged}
    built = {name: build_tnet(shape, network.heads) for name, shape in shapes.items()}
    tnets = nn.ModuleDict(built)
    split = corpus.split
    inner = selection_indices(corpus, settings)
    means = {name: features[name][split.train].mean(0) for name in corpus.privileged}

    def squared_errors(module: Mapping[str, nn.Module], batch: IndexArray) -> Tensor:
        known = source[batch].to(fabric.device)
        errors = [
            functional.mse_loss(module[name](known).float(), features[name][batch].to(known))
            for name in corpus.privileged
        ]
        return torch.stack(errors).mean()

    class Together(nn.Module):
        """All T-Nets behind one forward, as a distributed wrapper wants it."""

        def __init__(self) -> None:
            super().__init__()
            self.tnets = tnets

        def forward(self, batch: IndexArray) -> Tensor:
            return squared_errors(dict(self.tnets.items()), batch)

    def losses(module: nn.Module, batch: IndexArray) -> tuple[dict[str, Tensor], None]:
        mine, _ = own_share(fabric, batch)
        return {"loss": module(mine)}, None

    def validate(module: nn.Module) -> Metrics:
        module.eval()
        known = source[inner].to(fabric.device)
        found = []
        with torch.no_grad():
            for name in corpus.privileged:
                real = features[name][inner]
                found.append(reconstruction_metrics(real, tnets[name](known).cpu(), means[name]))
        return {"validation": {key: float(np.mean([f[key] for f in found])) for key in found[0]}}

    together = Together().to(fabric.device)
    batches = Batches(
        split.train, split.train[:0], settings.batch_size, 1.0, own_seed, settings.min_batches
    )
    yield from fit(fabric, "tnet", together, batches, losses, validate, "mse", settings)
    tnets.requires_grad_(False).eval()
    return built


def train_student(
    fabric: Fabric,
    corpus: Corpus,
    teacher: Teacher | None,
    targets: TeacherTargets | None,
    tnets: Mapping[str, AnyTNet],
    distiller: Distiller,
    network: NetworkSettings,
    settings: TrainingSettings,
    seed: int,
    taught: TeacherTargets | None = None,
) -> Generator[EpochReport, None, Student]:
    """Stage ``student``: task loss on the labelled samples plus the distiller on all of them.

    Without targets (a student alone) there is no distillation and no T-Net. The distiller draws
    its adapters from a random state of its own, so that students of one seed start from the same
    weights and see the same batches and dropout whatever the method. Where ``taught`` is given, the
    distiller reads it in place of ``targets``, which the T-Net goes on to reconstruct.
    """
    own_seed = stage_seed(seed, "student")
    torch.manual_seed(own_seed)
    student = build_student(corpus, network, teacher, tnets).to(fabric.device)
    labels = torch.as_tensor(visible_labels(corpus))
    validation = selection_indices(corpus, settings)
    truth = torch.as_tensor(corpus.given_labels[validation])
    joint = bool(student.tnets) and network.tnet == "joint"
    taught = targets if taught is None else taught
    if taught is not None:
        some = corpus.split.train[:2]
        example = taught.at(some, fabric.device), student_output(student, corpus, some)
        with torch.random.fork_rng():
            torch.manual_seed(stage_seed(seed, "adapters"))
            distiller.prepare(*example)
        distiller.to(fabric.device).train()

    def losses(
        module: nn.Module, batch: IndexArray
    ) -> tuple[dict[str, Tensor], BatchSnapshot | None]:
        mine, everyone = own_share(fabric, batch)
        output = gather_batch(
            fabric, module(_inputs(corpus, corpus.prevalent, mine, fabric.device))
        )
        given = labels[everyone].to(fabric.device)
        task = functional.cross_entropy(
            output.logits.float(),
            given,
            ignore_index=-1,
            label_smoothing=settings.label_smoothing,
        )
        parts = {"loss": task, "task": task}
        if targets is None or taught is None:
            return parts, None
        target = targets.at(everyone, fabric.device)
        shown = target if taught is targets else taught.at(everyone, fabric.device)
        parts["distillation"] = distiller(shown, output, given)
        parts["loss"] = parts["loss"] + parts["distillation"]
        if joint:
            errors = [
                functional.mse_loss(output.features[name].float(), target.features[name])
                for name in student.tnets
            ]
            parts["reconstruction"] = torch.stack(errors).mean()
            parts["loss"] = parts["loss"] + settings.reconstruction_weight * parts["reconstruction"]
        seen = output.embedding.detach().float()
        return parts, BatchSnapshot(everyone, given, shown.embedding, seen)

    def validate(module: nn.Module) -> Metrics:
        output = student_output(module, corpus, validation)
        return {"validation": classification_metrics(output.logits.cpu(), truth, corpus.ordinal)}

    batches = _batches(
        corpus,
        settings,
        own_seed,
        labelled_only=targets is None,
        class_balanced=settings.class_balanced,
    )
    yield from fit(
        fabric,
        "student",
        student,
        batches,
        losses,
        validate,
        settings.selection,
        settings,
        adapters=distiller.parameters(),
    )
    return student.eval()
