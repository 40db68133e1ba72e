"""No distillation: the task loss alone, the baseline of every comparison."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from ..networks.models import NetworkOutput
from .base import BUDGET, Distiller


class NoDistillation(Distiller):
    """A loss of zero; its weight changes nothing, so its whole budget is one setting."""

    name = "none"
    title = "no distillation"
    reads = ()
    tuning: ClassVar[tuple[Mapping[str, Any], ...]] = ({},) * BUDGET

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        return student.embedding.new_zeros(())
