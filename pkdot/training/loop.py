"""One training loop for every stage: early stopping, several ranks, one report an epoch."""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ..data.batches import Batches
from ..data.corpus import IndexArray
from ..networks.models import NetworkOutput
from ..networks.ranks import dealt_rows, gather_batch_norms
from .checkpoints import NO_CHECKPOINTS, Checkpoints, Stateful, set_draws
from .context import stage_seed
from .finite import check_gradients, check_losses
from .learning import Learning, ended_state
from .settings import TrainingSettings

Metrics = dict[str, dict[str, float]]
"""split -> name -> value"""


@dataclass(frozen=True)
class BatchSnapshot:
    """The last training batch of an epoch as the loss read it.

    Of an unpaired one, whose other rows are not of the same samples, the trusted pairs alone.

    Attributes:
        indices: (B,) samples of the corpus.
        targets: (B,) classes, -1 where training had none, or (B, T) values, NaN likewise; on the
            training device, like the embeddings.
        teacher: (B, D) embeddings.
        student: (B, D) embeddings.
        frames: (B,) frame of each row where samples are windows; else None.
    """

    indices: IndexArray
    targets: Tensor
    teacher: Tensor
    student: Tensor
    frames: IndexArray | None = None


@dataclass(frozen=True)
class EpochReport:
    """The result of one epoch of one stage. Epoch 0 is the state before training.

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

Output = TypeVar("Output", Tensor, NetworkOutput)

Losses = tuple[dict[str, Tensor], BatchSnapshot | None]
"""Parts of a batch's loss by name, ``loss`` the one that is minimised; and the batch, to report."""


@dataclass(frozen=True, eq=False)
class StageSpec:
    """What one stage trains, on which batches, and by which losses it learns and is selected.

    Attributes:
        stage: its name in reports.
        network: trained in place.
        batches: of an epoch; each pass over them is another epoch.
        losses: (network, indices of a batch) -> :data:`Losses`.
        validate: network -> metrics; the split ``validation`` must be among them.
        badness: validation metrics -> what selection minimises; ties go to the next entry.
        progress: validation metrics -> what a schedule follows; more is better.
        names: indices of a batch -> names of its samples, for people; asked where one goes wrong.
        adapters: parameters that learn along, and are neither selected nor restored.
        beside: what else changes while the network learns, by name; kept in checkpoints.
        key: the stage's name in checkpoints, where ``stage`` names another training, too.
    """

    stage: str
    network: nn.Module
    batches: Batches
    losses: Callable[[nn.Module, IndexArray], Losses]
    validate: Callable[[nn.Module], Metrics]
    badness: Callable[[Mapping[str, float]], tuple[float, ...]]
    progress: Callable[[Mapping[str, float]], float]
    names: Callable[[IndexArray], np.ndarray]
    adapters: Iterable[nn.Parameter] = ()
    beside: Mapping[str, Stateful] = field(default_factory=dict)
    key: str = ""


def set_training_mode(module: nn.Module) -> None:
    """Training mode, but eval mode for parts without a parameter to train.

    A frozen part must not let its batch norm drift or its dropout blur the targets.
    """
    module.train()
    for part in module.modules():
        parameters = list(part.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            part.eval()


def gather_batch(fabric: Fabric, output: Output) -> Output:
    """The global batch over all ranks, with gradient; unchanged on one rank."""
    if fabric.world_size == 1:
        return output
    if isinstance(output, NetworkOutput):
        return output.map(dealt_rows)
    return dealt_rows(output)


def own_share(fabric: Fabric, indices: IndexArray) -> tuple[IndexArray, IndexArray]:
    """This rank's samples of a global batch, dealt in turn, and all that were dealt, in order."""
    world = fabric.world_size
    usable = indices[: len(indices) // world * world]
    return usable[fabric.global_rank :: world], usable


def _agreed(fabric: Fabric, metrics: Metrics) -> Metrics:
    """The first rank's metrics: all ranks must stop, and select, after the same epoch."""
    return metrics if fabric.world_size == 1 else fabric.broadcast(metrics)


def fit(
    fabric: Fabric,
    spec: StageSpec,
    settings: TrainingSettings,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Reports:
    """Train until the validation criterion stops improving; leave the best weights in place.

    Train metrics are means over the batches of an epoch that have them. Several ranks exchange no
    gradient of ``spec.adapters``: each computes the loss, and so their gradient, on the whole
    batch. Batch norms see the global batch (:mod:`pkdot.networks.ranks`), and each rank draws
    dropout and noise of its own. A stage that ``checkpoints`` knows goes on where it was, and
    reports no epoch again.

    Raises:
        TrainingError: where a loss or its gradient is not finite, before the weights move.
    """
    network, key = spec.network, spec.key or spec.stage
    several = fabric.world_size > 1
    if several and fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # in place; torch has it for GPUs only
    elif several:
        gather_batch_norms(network)
    found = checkpoints.find(key)
    if found is not None and found["ended"]:
        network.load_state_dict(found["network"])
        set_draws(fabric, found["draws"])
        return
    steps = len(spec.batches)
    learning = Learning(network, spec.adapters, settings, steps)
    beside = {"batches": spec.batches, **spec.beside}
    module, optimizer = fabric.setup(network, learning.optimizer)
    # A scaler of half precision looks for infinite gradients itself, and leaves such steps out.
    scaled = getattr(fabric.strategy.precision, "scaler", None) is not None
    if found is None:
        metrics = _agreed(fabric, spec.validate(module))
        learning.note_best(spec.badness(metrics["validation"]))
        yield EpochReport(spec.stage, 0, metrics, 0, network, of=settings.epochs)
        if several:  # ranks that drew alike would give their samples the same dropout
            torch.manual_seed(stage_seed(torch.initial_seed(), f"rank {fabric.global_rank}"))
    else:
        learning.restore(fabric, beside, found)

    def keep_if_due() -> None:
        if checkpoints.due():
            checkpoints.keep(key, learning.state(fabric, beside))

    while learning.epoch < settings.epochs:
        if learning.epoch - learning.best_epoch >= settings.patience:
            break
        set_training_mode(module)
        snapshot, epoch = None, learning.epoch + 1
        while learning.step < steps:
            indices = spec.batches.draw()
            optimizer.zero_grad(set_to_none=True)
            parts, snapshot = spec.losses(module, indices)
            names = partial(spec.names, indices)
            check_losses(parts, spec.stage, epoch, names)
            fabric.backward(parts["loss"])
            if not scaled:
                check_gradients(learning.parameters, spec.stage, epoch, names)
            optimizer.step()
            learning.schedule.after_update()
            learning.add(parts)
            learning.step += 1
            if learning.step < steps:
                keep_if_due()
        metrics = _agreed(fabric, spec.validate(module))
        learning.schedule.after_epoch(spec.progress(metrics["validation"]))
        metrics["train"] = learning.end_epoch()
        badness = spec.badness(metrics["validation"])
        if badness < learning.best:
            learning.note_best(badness)
        yield EpochReport(
            spec.stage, epoch, metrics, learning.best_epoch, network, snapshot, settings.epochs
        )
        keep_if_due()
    network.load_state_dict(learning.best_state)
    checkpoints.conclude(key, ended_state(learning.best_state, fabric))
