"""One training loop for every stage: early stopping, several ranks, one report an epoch."""

import zlib
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from pydantic import Field
from torch import Tensor, nn

from ..data.batches import Batches
from ..data.corpus import Corpus, IndexArray
from ..networks.models import NetworkOutput
from ..settings import Settings

Metrics = dict[str, dict[str, float]]
"""split -> name -> value"""


class TrainingSettings(Settings):
    """How every stage learns; the same for every method that is compared."""

    epochs: int = Field(300, ge=1, description="at most so many epochs a stage")
    patience: int = Field(
        20, ge=1, description="epochs without a better validation score before a stage stops"
    )
    min_batches: int = Field(
        4, ge=1, description="an epoch has at least so many batches, however few the samples"
    )
    batch_size: int = Field(128, ge=2, description="B")
    labelled_share: float = Field(
        0.5, gt=0, le=1, description="share of a batch with labels, where unlabelled samples exist"
    )
    class_balanced: bool = Field(
        False, description="as many labelled samples of each class in the student's batches"
    )
    learning_rate: float = Field(1e-3, gt=0, description="of Adam")
    weight_decay: float = Field(0.1, ge=0, description="of Adam (decoupled)")
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the student's task target that is spread evenly over all classes",
    )
    selection: Literal["accuracy", "cross_entropy"] = Field(
        "cross_entropy",
        description="validation criterion that stops and selects teacher and student",
    )
    selection_on: Literal["inner_split", "test_fold_leak"] = Field(
        "inner_split",
        description="which samples stop and select; the released script's test fold is a leak",
    )
    schedule: Literal["constant", "one_cycle", "plateau"] = Field(
        "constant",
        description="learning rate: constant, one warm-up and decay over the epochs, or a "
        "hundredth after 5 epochs without a better validation accuracy",
    )
    reconstruction_weight: float = Field(
        1.0, ge=0, description="weight of a joint T-Net's squared error"
    )


@dataclass(frozen=True)
class BatchSnapshot:
    """The last training batch of an epoch as the loss saw it.

    Attributes:
        indices: (B,) samples of the corpus.
        labels: (B,) int64, -1 where training had none; on the training device, like the embeddings.
        teacher: (B, D) embeddings.
        student: (B, D) embeddings.
    """

    indices: IndexArray
    labels: Tensor
    teacher: Tensor
    student: Tensor


@dataclass(frozen=True)
class EpochReport:
    """What one epoch of one stage came to. Epoch 0 is the state before training.

    Attributes:
        stage: teacher, tnet or student; a modality's name while its backbone learns.
        epoch: number of passes made.
        metrics: split -> name -> value.
        best_epoch: the epoch with the best validation criterion so far.
        network: what is being trained, as it stands; read it before asking for the next report.
        batch: the epoch's last batch, in the student stage.
        of: number of passes that the stage makes at most.
    """

    stage: str
    epoch: int
    metrics: Metrics
    best_epoch: int
    network: nn.Module
    batch: BatchSnapshot | None = None
    of: int = 0


Reports = Generator[EpochReport, None, None]


def stage_seed(seed: int, stage: str) -> int:
    """A seed of its own for each stage."""
    return int(np.random.SeedSequence([seed, zlib.crc32(stage.encode())]).generate_state(1)[0])


def selection_indices(corpus: Corpus, settings: TrainingSettings) -> IndexArray:
    """The samples that stop and select: the inner split, or, by request, the leak."""
    leaking = settings.selection_on == "test_fold_leak"
    return corpus.split.test if leaking else corpus.split.validation


def visible_labels(corpus: Corpus) -> np.ndarray:
    """What the task loss may read, (N,): given labels of labelled training samples, else -1."""
    visible = np.full(len(corpus), -1, dtype=np.int64)
    visible[corpus.split.labelled] = corpus.given_labels[corpus.split.labelled]
    return visible


def set_training_mode(module: nn.Module) -> None:
    """Training mode, but eval mode for parts without a parameter to train.

    A frozen part must not let its batch norm drift or its dropout blur the targets.
    """
    module.train()
    for part in module.modules():
        parameters = list(part.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            part.eval()


def gather_batch(fabric: Fabric, output: NetworkOutput) -> NetworkOutput:
    """The global batch over all ranks, with gradient; unchanged on one rank."""
    if fabric.world_size == 1:
        return output

    def gathered(x: Tensor) -> Tensor:
        return cast(Tensor, fabric.all_gather(x, sync_grads=True)).flatten(0, 1)

    features = {name: gathered(feature) for name, feature in output.features.items()}
    return NetworkOutput(gathered(output.logits), gathered(output.embedding), features)


def own_share(fabric: Fabric, indices: IndexArray) -> tuple[IndexArray, IndexArray]:
    """This rank's samples of a global batch, and the order in which all ranks' shares gather."""
    world = fabric.world_size
    usable = indices[: len(indices) // world * world]
    shares = usable.reshape(-1, world).T
    return shares[fabric.global_rank], shares.reshape(-1)


def _schedule(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings, steps: int
) -> tuple[Callable[[], None], Callable[[Mapping[str, float]], None]]:
    """What to call after every update, and after every epoch with the validation metrics."""
    rate = torch.optim.lr_scheduler
    if settings.schedule == "one_cycle":
        peak, total = settings.learning_rate, max(steps * settings.epochs, 2)
        cycle = rate.OneCycleLR(optimizer, peak, total_steps=total)
        left = iter(range(total - 1))  # one more step would be one too many for the cycle

        def step() -> None:
            if next(left, None) is not None:
                cycle.step()

        return step, lambda metrics: None
    if settings.schedule == "plateau":
        plateau = rate.ReduceLROnPlateau(optimizer, mode="max", factor=0.01, patience=5)

        def note(metrics: Mapping[str, float]) -> None:
            # A T-Net has no accuracy; less error is more of what it explains.
            plateau.step(metrics["accuracy"] if "accuracy" in metrics else metrics["explained"])

        return lambda: None, note
    return lambda: None, lambda metrics: None


def fit(
    fabric: Fabric,
    stage: str,
    trained: nn.Module,
    batches: Batches,
    losses: Callable[[nn.Module, IndexArray], tuple[dict[str, Tensor], BatchSnapshot | None]],
    validate: Callable[[nn.Module], Metrics],
    criterion: str,
    settings: TrainingSettings,
    adapters: Iterable[nn.Parameter] = (),
) -> Reports:
    """Train until the validation criterion stops improving; leave the best weights in place.

    Of two epochs with the same accuracy, the one with the lower cross-entropy is better. Parameters
    of ``adapters`` learn along and are neither selected nor restored. Several ranks need no word
    between them about those: each computes the loss, and so their gradient, on the whole batch.
    """

    def badness(metrics: Metrics) -> tuple[float, ...]:
        found = metrics["validation"]
        if criterion == "accuracy":
            return -found["accuracy"], found["cross_entropy"]
        return (found[criterion],)

    if fabric.world_size > 1 and fabric.device.type == "cuda":
        # In place; torch has it for GPUs only. On CPU ranks, batch norm sees each rank's share.
        nn.SyncBatchNorm.convert_sync_batchnorm(trained)
    parameters = [p for p in (*trained.parameters(), *adapters) if p.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    step, note = _schedule(optimizer, settings, len(batches))
    module, optimizer = fabric.setup(trained, optimizer)
    metrics = validate(module)
    best, best_epoch = badness(metrics), 0
    best_state = {name: value.clone() for name, value in trained.state_dict().items()}
    yield EpochReport(stage, 0, metrics, 0, trained, of=settings.epochs)
    for epoch in range(1, settings.epochs + 1):
        set_training_mode(module)
        sums: dict[str, Tensor] = {}
        count = 0
        snapshot = None
        for indices in batches:
            optimizer.zero_grad(set_to_none=True)
            parts, snapshot = losses(module, indices)
            fabric.backward(parts["loss"])
            optimizer.step()
            step()
            for name, value in parts.items():
                sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach()
            count += 1
        metrics = validate(module)
        note(metrics["validation"])
        metrics["train"] = {name: float(total) / count for name, total in sums.items()}
        if badness(metrics) < best:
            best, best_epoch = badness(metrics), epoch
            best_state = {name: value.clone() for name, value in trained.state_dict().items()}
        yield EpochReport(stage, epoch, metrics, best_epoch, trained, snapshot, settings.epochs)
        if epoch - best_epoch >= settings.patience:
            break
    trained.load_state_dict(best_state)
