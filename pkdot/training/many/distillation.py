"""Losses of one method on the batches of many members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ...distillers import Distiller, SumOfDistillers
from ...distillers.transported import TransportDistiller
from ...method.transport.validation import usable, working_dtype
from ...networks.models import NetworkOutput


@dataclass(frozen=True, eq=False)
class StackedTerm:
    """One part of a method for m members.

    Attributes:
        parts: each member's own.
        losses: (m,), unweighted.
    """

    parts: Sequence[Distiller]
    losses: Tensor

    @property
    def balanced(self) -> bool:
        """Whether any member's λ depends on how strongly the part pulls."""
        return any(part.balance is not None for part in self.parts)

    def note(self, task: Sequence[float], own: Sequence[float]) -> None:
        """Give each member's balance the pulls of its task and its part."""
        for part, of_task, of_method in zip(self.parts, task, own, strict=True):
            if part.balance is not None:
                part.balance.note(of_task, of_method)

    def weigh(self, targets: Tensor) -> Tensor:
        """λ of each member, (m,) float64, for its batch, whose targets are (m, B, ...)."""
        pairs = zip(self.parts, targets.unbind(), strict=True)
        return torch.tensor(
            [part.next_weight(own) for part, own in pairs],
            dtype=torch.float64,
            device=targets.device,
        )


class StackedDistillers:
    """Distillers of M members that differ in weights alone, prepared, as one.

    Three ways lead to the losses: transport between the rows of all members is solved in one call;
    a method that ``torch.vmap`` may map is mapped; any other computes one member's after another.
    Of unpaired batches a method without a ``loss_unpaired`` of its own is given the trusted pairs.

    Args:
        distillers: of each member.
        prefix: of the names of their parameters, as a part of a sum.
    """

    def __init__(self, distillers: Sequence[Distiller], prefix: str = "loss/") -> None:
        self._distillers, self._prefix = list(distillers), prefix
        self._parts: list[StackedDistillers] = []
        lead = distillers[0]
        if isinstance(lead, SumOfDistillers):
            members = [d.methods for d in distillers if isinstance(d, SumOfDistillers)]
            self._parts = [
                StackedDistillers(part, f"{prefix}parts.{number}.")
                for number, part in enumerate(zip(*members, strict=True))
            ]

    def adapters(self) -> list[dict[str, nn.Parameter]]:
        """Of each member name -> parameter; no network's parameter has such a name."""
        return [
            {f"{self._prefix}{name}": p for name, p in distiller.named_parameters()}
            for distiller in self._distillers
        ]

    def terms(
        self,
        members: Sequence[int],
        adapters: Mapping[str, Tensor],
        batch: tuple[NetworkOutput, NetworkOutput, Tensor],
        trusted: int | None = None,
    ) -> list[StackedTerm]:
        """Each part with the unweighted losses of m members.

        Args:
            members: which.
            adapters: name -> (m, ...), with gradient.
            batch: the teachers' and the students' outputs and the targets, each tensor (m, B, ...).
            trusted: how many samples, the first of both, are pairs; all where None.
        """
        if self._parts:
            return [
                term for p in self._parts for term in p.terms(members, adapters, batch, trusted)
            ]
        teacher, student, targets = batch
        dtype = working_dtype(
            teacher.outputs, teacher.embedding, student.outputs, student.embedding
        )
        teacher = teacher.map(lambda x: usable(x.detach(), dtype))
        student = student.map(lambda x: usable(x, dtype))
        found = self._unweighted(members, adapters, (teacher, student, targets), trusted)
        return [StackedTerm([self._distillers[member] for member in members], found)]

    def _unweighted(
        self,
        members: Sequence[int],
        adapters: Mapping[str, Tensor],
        batch: tuple[NetworkOutput, NetworkOutput, Tensor],
        trusted: int | None,
    ) -> Tensor:
        lead = self._distillers[members[0]]
        if trusted is not None and type(lead).loss_unpaired is Distiller.loss_unpaired:
            batch, trusted = _first(batch, trusted), None  # it learns from the pairs alone
        if isinstance(lead, TransportDistiller) and lead.solves_together:
            if trusted is None:
                return lead.losses(*batch[:2])
            return lead.losses_unpaired(*batch[:2], trusted)
        own = {
            f"method.{name.removeprefix(self._prefix)}": x
            for name, x in adapters.items()
            if name.startswith(self._prefix)
        }
        if lead.mapped and trusted is None:
            wrapped = _Loss(lead)
            call = torch.vmap(lambda tensors, given: functional_call(wrapped, tensors, given))
            return call(own, batch)
        teacher, student, targets = batch
        each = zip(teacher.unstacked(), student.unstacked(), targets.unbind(), strict=True)
        parts = {name: x.unbind() for name, x in own.items()}
        return torch.stack(
            [
                functional_call(
                    _Loss(self._distillers[member], trusted),
                    {n: x[i] for n, x in parts.items()},
                    given,
                )
                for i, (member, given) in enumerate(zip(members, each, strict=True))
            ]
        )


class _Loss(nn.Module):
    """A distiller's unweighted loss as what a module does, so that its parameters can be others."""

    def __init__(self, method: Distiller, trusted: int | None = None) -> None:
        super().__init__()
        self.method, self.trusted = method, trusted

    def forward(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        if self.trusted is None:
            return self.method.loss(teacher, student, targets)
        return self.method.loss_unpaired(teacher, student, targets, self.trusted)


def _first(
    batch: tuple[NetworkOutput, NetworkOutput, Tensor], count: int
) -> tuple[NetworkOutput, NetworkOutput, Tensor]:
    """The first samples of each member's batch."""
    teacher, student, targets = batch

    def first(x: Tensor) -> Tensor:
        return x[:, :count]

    return teacher.map(first), student.map(first), first(targets)
