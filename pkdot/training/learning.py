"""What learns in a stage and how far it is: optimiser, schedule, best epoch, sums of an epoch."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from .checkpoints import State, Stateful, draws_of, set_draws
from .settings import TrainingSettings


class Schedule:
    """The learning rate over updates and epochs, as the settings say.

    Args:
        optimizer: whose rate it is.
        settings: which schedule, peak and number of epochs.
        steps: updates an epoch.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, settings: TrainingSettings, steps: int
    ) -> None:
        rate = torch.optim.lr_scheduler
        self._cycle = self._plateau = None
        self._total = max(steps * settings.epochs, 2)
        if settings.schedule == "one_cycle":
            peak = settings.learning_rate
            self._cycle = rate.OneCycleLR(optimizer, peak, total_steps=self._total)
        if settings.schedule == "plateau":
            self._plateau = rate.ReduceLROnPlateau(optimizer, mode="max", factor=0.01, patience=5)

    def after_update(self) -> None:
        """One update was made."""
        # One more step than these would be one too many for the cycle.
        if self._cycle is not None and self._cycle.last_epoch < self._total - 1:
            self._cycle.step()

    def after_epoch(self, progress: float) -> None:
        """An epoch ended with this validation score; more is better."""
        if self._plateau is not None:
            self._plateau.step(progress)

    def get_state(self) -> Any:
        """Of the schedule that there is; None without one."""
        chosen = self._cycle or self._plateau
        return None if chosen is None else chosen.state_dict()

    def set_state(self, state: Any) -> None:
        """Go on from there."""
        chosen = self._cycle or self._plateau
        if chosen is not None:
            chosen.load_state_dict(state)


class Learning:
    """A stage's network and all that changes with it.

    Attributes:
        network: what learns.
        schedule: of the learning rate.
        epoch: epochs that were finished.
        step: updates of the epoch that is running.
        best, best_epoch, best_state: criterion, number and weights of the best epoch so far.
        sums, counts: of the parts of the loss in the epoch that is running.
    """

    def __init__(
        self,
        network: nn.Module,
        adapters: Iterable[nn.Parameter],
        settings: TrainingSettings,
        steps: int,
    ) -> None:
        self.network = network
        self.parameters = [p for p in (*network.parameters(), *adapters) if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.schedule = Schedule(self.optimizer, settings, steps)
        self.epoch = self.step = self.best_epoch = 0
        self.best: tuple[float, ...] = ()
        self.best_state: dict[str, Tensor] = {}
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def note_best(self, badness: tuple[float, ...]) -> None:
        """Keep criterion and weights of the epoch that ended, as the best ones."""
        self.best, self.best_epoch = badness, self.epoch
        self.best_state = {name: x.clone() for name, x in self.network.state_dict().items()}

    def add(self, parts: Mapping[str, Tensor]) -> None:
        """Add the parts of a batch's loss to the sums of the epoch."""
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value.detach()
            self.counts[name] = self.counts.get(name, 0) + 1

    def end_epoch(self) -> dict[str, float]:
        """Begin the next epoch; gives the mean of each part over the batches that had it."""
        means = {name: float(self.sums[name]) / n for name, n in self.counts.items()}
        self.epoch, self.step, self.sums, self.counts = self.epoch + 1, 0, {}, {}
        return means

    def state(self, fabric: Fabric, beside: Mapping[str, Stateful]) -> State:
        """All of it, with the draws of every rank."""
        # The best weights are mostly those of some other epoch, else they need not be kept twice.
        at_best = self.best_epoch == self.epoch and not self.step
        return {
            "ended": False,
            "epoch": self.epoch,
            "step": self.step,
            "best": tuple(map(float, self.best)),
            "best_epoch": self.best_epoch,
            "network": self.network.state_dict(),
            "best_state": None if at_best else self.best_state,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.get_state(),
            "precision": fabric.strategy.precision.state_dict(),
            "sums": self.sums,
            "counts": self.counts,
            "beside": {name: part.get_state() for name, part in beside.items()},
            "draws": draws_of(fabric),
        }

    def restore(self, fabric: Fabric, beside: Mapping[str, Stateful], state: State) -> None:
        """Take up what :meth:`state` gave, after everything has been built and set up."""
        self.network.load_state_dict(state["network"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        best = state["best_state"] or state["network"]
        own = self.network.state_dict()
        self.best_state = {name: x.to(own[name], copy=True) for name, x in best.items()}
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.set_state(state["schedule"])
        fabric.strategy.precision.load_state_dict(state["precision"])
        self.sums = {name: x.to(fabric.device) for name, x in state["sums"].items()}
        self.counts = dict(state["counts"])
        for name, part in beside.items():
            part.set_state(state["beside"][name])
        set_draws(fabric, state["draws"])


def ended_state(network_state: Mapping[str, Tensor], fabric: Fabric) -> State:
    """What is kept of a stage that has ended: the weights it leaves, and the draws after it."""
    return {"ended": True, "network": network_state, "draws": draws_of(fabric)}
