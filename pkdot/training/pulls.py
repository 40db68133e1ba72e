"""How strongly task and distillation pull on the student's embedding, where a λ depends on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from ..distillers import Distiller
from ..errors import ConfigError
from ..networks.models import Student
from ..networks.own import OwnNetwork


def pulls_of(losses: Tensor, at: Tensor) -> Tensor:
    """The lengths of the losses' gradients at embeddings, summed over samples, (M,) float64.

    Args:
        losses: (M,) of M members that do not touch one another.
        at: their embeddings (M, B, D).
    """
    if not losses.requires_grad:
        return torch.zeros(losses.shape, dtype=torch.float64, device=at.device)
    (gradient,) = torch.autograd.grad(losses.sum(), at, retain_graph=True)
    return _lengths(gradient).flatten(1).sum(1)


def _lengths(gradient: Tensor) -> Tensor:
    return torch.linalg.vector_norm(gradient, dim=-1, dtype=torch.float64)


class Pulls:
    """Tells the balances of a distiller how strongly it and the task pull.

    A pull is measured at the tensor that the head reads: all losses reach the embedding there,
    whatever the windows, ranks and types between it and them.

    Args:
        fabric: whose ranks see shares of a batch.
        student: the network itself, not its wrapper.
        distiller: None, or without a balance, where nothing is to be measured.
    """

    def __init__(self, fabric: Fabric, student: nn.Module, distiller: Distiller | None) -> None:
        parts = () if distiller is None else distiller.modules()
        self._wanted = any(isinstance(p, Distiller) and p.balance is not None for p in parts)
        self._fabric = fabric
        self._head = student.joint.head if isinstance(student, Student) else None
        if isinstance(student, OwnNetwork):
            self._head = student.head
        self._seen: Tensor | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it the student is asked for a batch."""
        if not self._wanted or self._head is None:
            yield
            return

        def note(module: nn.Module, given: tuple[Any, ...]) -> None:
            self._seen = given[0]

        handle = self._head.register_forward_pre_hook(note)
        try:
            yield
        finally:
            handle.remove()

    def note(
        self, task: Tensor, terms: Sequence[tuple[Distiller, Tensor]], embedding: Tensor
    ) -> None:
        """Give the pulls of a batch to the balances of a distiller's parts.

        Args:
            task: its loss.
            terms: each part's unweighted loss.
            embedding: this rank's; read where the network has no head that the kit knows.

        Raises:
            ConfigError: if a loss does not depend on the embedding.
        """
        if not self._wanted:
            return
        at, self._seen = embedding if self._seen is None else self._seen, None
        balanced = [(part, loss) for part, loss in terms if part.balance is not None]
        names = ["task", *(part.name for part, _ in balanced)]
        losses = [task, *(loss for _, loss in balanced)]
        pulls = torch.stack([self._pull(*own, at) for own in zip(names, losses, strict=True)])
        if self._fabric.world_size > 1:  # each has the gradient of its rows, times so many ranks
            reduced = self._fabric.all_reduce(pulls, reduce_op="mean")
            assert isinstance(reduced, Tensor)
            pulls = reduced
        of_task, *own = pulls.tolist()
        for (part, _), of_method in zip(balanced, own, strict=True):
            assert part.balance is not None
            part.balance.note(of_task, of_method)

    def _pull(self, name: str, loss: Tensor, at: Tensor) -> Tensor:
        """The lengths of a loss's gradients at this rank's embeddings (..., D), summed, float64."""
        if not loss.requires_grad:
            return torch.zeros((), dtype=torch.float64, device=at.device)
        # In half precision Fabric lets no gradient pass that it does not scale itself.
        self._fabric.backward(loss, inputs=[at], retain_graph=True)
        gradient, at.grad = at.grad, None
        if gradient is None:
            raise ConfigError(
                f"The {name} loss does not depend on the student's embedding, so there is nothing "
                f"to take a share of; leave share out and set a weight."
            )
        scaler = getattr(self._fabric.strategy.precision, "scaler", None)
        return _lengths(gradient).sum() / (1.0 if scaler is None else scaler.get_scale())
