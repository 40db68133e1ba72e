"""No distillation: the task loss alone, the baseline of every comparison."""

from typing import ClassVar

from torch import Tensor

from ..networks.models import NetworkOutput
from .base import BUDGET, Distiller, Grid


class NoDistillation(Distiller):
    """A loss of zero. Reads nothing; its weight changes nothing, so its tuning is one setting."""

    name = "none"
    title = "no distillation"
    reads = ()
    tuning: ClassVar[Grid] = ({},) * BUDGET
    mapped = True

    def applied_weights(self) -> dict[str, float]:
        """Empty: there is no loss to weigh."""
        return {}

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return student.embedding.new_zeros(())
