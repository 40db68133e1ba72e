"""Where a stage stands, taken so that it can go on as if nothing had happened.

The training room writes nothing: what is taken goes to a :class:`Checkpoints` that the caller
brings.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ..networks.ranks import of_all_ranks

State = Mapping[str, Any]
"""Tensors and plain values by name, nested; see :mod:`pkdot.training.state_tree`."""


@runtime_checkable
class Stateful(Protocol):
    """Something that changes while a network learns, beside the network."""

    def get_state(self) -> Any:
        """Tensors and plain values."""

    def set_state(self, state: Any) -> None:
        """Go on from what :meth:`get_state` gave."""


class Checkpoints(Protocol):
    """Keeps states of the stages of one run. Every rank calls the same methods in the same order.

    A stage is named by a key that no other training of the run has.
    """

    def find(self, key: str) -> State | None:
        """What was kept of a stage before the run was interrupted; None to begin it."""

    def due(self) -> bool:
        """Whether it is time to keep one."""

    def keep(self, key: str, state: State) -> None:
        """Keep where a stage stands."""

    def conclude(self, key: str, state: State) -> None:
        """Keep a finished stage, now or with the next state that is kept."""


class NoCheckpoints:
    """Keeps nothing and finds nothing."""

    def find(self, key: str) -> State | None:
        """Nothing."""
        return None

    def due(self) -> bool:
        """Never."""
        return False

    def keep(self, key: str, state: State) -> None:
        """Nothing."""

    def conclude(self, key: str, state: State) -> None:
        """Nothing."""


NO_CHECKPOINTS = NoCheckpoints()


def draws_of(fabric: Fabric) -> dict[str, Tensor]:
    """States of torch's generators on each rank, (ranks, bytes) uint8 on the CPU."""
    states = {"cpu": torch.get_rng_state()}
    if fabric.device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(fabric.device)
    return {name: _of_all_ranks(fabric, state) for name, state in states.items()}


def _of_all_ranks(fabric: Fabric, state: Tensor) -> Tensor:
    if fabric.world_size == 1:
        return state[None]
    return of_all_ranks(state.to(fabric.device)).cpu()


def set_draws(fabric: Fabric, states: Mapping[str, Tensor]) -> None:
    """Give this rank's generators the states that :func:`draws_of` took."""
    own = {name: state[fabric.global_rank].clone() for name, state in states.items()}
    torch.set_rng_state(own["cpu"])
    if fabric.device.type == "cuda" and "cuda" in own:
        torch.cuda.set_rng_state(own["cuda"], fabric.device)
