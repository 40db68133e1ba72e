"""One training over several devices and nodes: a process each, started here or by torchrun."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import TorchElasticEnvironment
from lightning_fabric.strategies import DDPStrategy
from lightning_fabric.strategies.launchers.subprocess_script import _SubprocessScriptLauncher
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import distributed

from ..data import Corpus
from ..errors import ConfigError, TrainingError
from ..training.context import trusted_in_batch
from .config import ExperimentConfig

TIMEOUT = timedelta(minutes=30)
"""How long a rank waits for one that hangs. One that dies is noticed at once."""
STRATEGIES = ("auto", "ddp")


@dataclass(frozen=True)
class Ranks:
    """How many processes train one experiment together.

    Attributes:
        devices: processes on each node, a device each; on a CPU they share its cores.
        nodes: machines.
        strategy: ``ddp``, or ``auto``, which is the same where there are several.

    Raises:
        ConfigError: for less than one, or another strategy.
    """

    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"

    def __post_init__(self) -> None:
        if self.devices < 1 or self.nodes < 1:
            raise ConfigError(
                f"A run needs at least one device and one node, not {self.devices} and "
                f"{self.nodes}."
            )
        if self.strategy not in STRATEGIES:
            raise ConfigError(
                f"There is no strategy {self.strategy!r} here; choose {' or '.join(STRATEGIES)}."
            )

    @classmethod
    def here(
        cls, devices: int | None = None, nodes: int | None = None, strategy: str = "auto"
    ) -> "Ranks":
        """As many as torchrun has started, where it started this process; else one, or as asked.

        Raises:
            ConfigError: if torchrun has started others than asked for.
        """
        if not TorchElasticEnvironment.detect():
            return cls(1 if devices is None else devices, 1 if nodes is None else nodes, strategy)
        each = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        started = each, int(os.environ["WORLD_SIZE"]) // each
        asked = tuple(
            own if x is None else x for x, own in zip((devices, nodes), started, strict=True)
        )
        if asked != started:
            raise ConfigError(
                f"torchrun has started {started[0]} processes on {started[1]} nodes, not "
                f"{asked[0]} on {asked[1]}; leave --devices and --nodes out."
            )
        return cls(*started, strategy)

    @property
    def count(self) -> int:
        """All of them."""
        return self.devices * self.nodes


def make_fabric(config: ExperimentConfig, ranks: Ranks | None = None) -> Fabric:
    """The devices that the config and the ranks say; several ranks are started here.

    Raises:
        ConfigError: if this machine has no such devices, or does not know the precision.
    """
    if config.precision == "16-mixed" and config.device == "cpu":
        raise ConfigError("A CPU has no 16-mixed precision; choose bf16-mixed or 32-true.")
    several = ranks is not None and (ranks.count > 1 or ranks.strategy == "ddp")
    chosen = ranks or Ranks()
    cores = os.cpu_count() or 1
    if config.device == "cpu" and chosen.devices > cores:
        raise ConfigError(
            f"This machine has {cores} cores, too few for {chosen.devices} processes; give fewer "
            f"--devices."
        )
    try:
        fabric = Fabric(
            accelerator=config.device,
            devices=chosen.devices,
            num_nodes=chosen.nodes,
            precision=config.precision,
            strategy=_Ddp(timeout=TIMEOUT) if several else "auto",
        )
        if several:
            logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
            fabric.launch()
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        reason = " ".join(str(error).split())[:300]
        many = "" if chosen.count == 1 else f" {chosen.devices} times on {chosen.nodes} node(s)"
        raise ConfigError(
            f"This machine cannot use device {config.device!r}{many}: {reason}"
        ) from None
    return fabric


class _Launcher(_SubprocessScriptLauncher):
    """Starts the other processes of this node by the same command.

    Neither does it change the number of threads, which the experiment's config says, nor does it
    kill this process where another died: the next exchange notices, and says so.
    """

    def launch(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.cluster_environment.validate_settings(
            num_devices=self.num_processes, num_nodes=self.num_nodes
        )
        if not self.cluster_environment.creates_processes_externally:
            self._call_children_scripts()
        return function(*args, **kwargs)


class _Ddp(DDPStrategy):
    def _configure_launcher(self) -> None:
        assert self.cluster_environment is not None
        self._launcher = _Launcher(self.cluster_environment, self.num_processes, self.num_nodes)


def is_first_rank() -> bool:
    """Whether this process speaks for the run; true where there is one alone."""
    if distributed.is_available() and distributed.is_initialized():
        return bool(distributed.get_rank() == 0)
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


def check_ranks(config: ExperimentConfig, corpus: Corpus, ranks: int) -> None:
    """Refuse batches that are too small to be shared.

    Raises:
        ConfigError: if a rank would have less than two samples of a batch, or what does not divide
            evenly would cost the batch anchors or trusted pairs.
    """
    size = min(config.training.batch_size, len(corpus.split.train))
    if ranks > 1 and size // ranks < 2:
        raise ConfigError(
            f"Batches of {size} samples give {ranks} ranks less than two each; use fewer ranks or "
            f"a larger training.batch_size."
        )
    if corpus.is_unpaired and size // ranks * ranks < trusted_in_batch(corpus, config.training):
        raise ConfigError(
            f"{ranks} ranks share {size // ranks * ranks} samples of a batch of {size}, and would "
            f"lose some of its trusted pairs; lower training.labelled_share, or use fewer ranks."
        )
    k = config.anchors_in_batch
    if k and k >= size // ranks * ranks:
        raise ConfigError(
            f"{ranks} ranks share {size // ranks * ranks} samples of a batch, and k = {k} anchors "
            f"need more; lower k."
        )


@contextmanager
def contact(fabric: Fabric) -> Iterator[None]:
    """Turn what a rank meets when another one has died, or hangs, into one sentence.

    Raises:
        TrainingError: in place of what torch says.
    """
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or not _is_lost(error):
            raise
        reason = " ".join(str(error).split())
        raise TrainingError(
            f"Rank {fabric.global_rank} of {fabric.world_size} has lost the others, as one of them "
            f"ended or hangs ({reason[:200]}); look for what that one said, then resume the run."
        ) from error


def _is_lost(error: RuntimeError) -> bool:
    words = ("gloo", "nccl", "connection closed by peer", "connection reset", "store")
    text = str(error).lower()
    return isinstance(error, distributed.DistError) or any(word in text for word in words)
