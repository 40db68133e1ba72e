"""Several methods at once."""

from collections.abc import Sequence

from torch import Tensor, nn

from ..networks.models import NetworkOutput
from ..tasks import Task
from .base import Distiller, DistillerSettings


class SumOfDistillers(Distiller):
    """Several methods at once, written ``kd+pkdot``: the sum of their weighted losses."""

    def __init__(self, parts: Sequence[Distiller]) -> None:
        super().__init__(DistillerSettings())
        self.parts = nn.ModuleList(parts)
        self._methods = tuple(parts)

    @property
    def methods(self) -> tuple[Distiller, ...]:
        """The parts."""
        return self._methods

    def set_task(self, task: Task) -> None:
        """Tell every part."""
        for part in self._methods:
            part.set_task(task)

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Prepare every part."""
        for part in self._methods:
            part.prepare(teacher, student)

    def applied_weights(self) -> dict[str, float]:
        """Part -> λ of the last call."""
        return {k: v for part in self._methods for k, v in part.applied_weights().items()}

    def terms(
        self,
        teacher: NetworkOutput,
        student: NetworkOutput,
        targets: Tensor,
        trusted: int | None = None,
    ) -> list[tuple[Distiller, Tensor]]:
        """Every part with its unweighted loss."""
        each = (part.terms(teacher, student, targets, trusted) for part in self._methods)
        return [term for terms in each for term in terms]

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return sum(
            (part(teacher, student, targets) for part in self._methods),
            start=student.embedding.new_zeros(()),
        )

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        return sum(
            (part(teacher, student, targets, trusted) for part in self._methods),
            start=student.embedding.new_zeros(()),
        )
