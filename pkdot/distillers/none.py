"""No distillation: the task loss alone, the baseline of every comparison."""

from torch import Tensor

from ..networks.models import NetworkOutput
from .base import Distiller


class NoDistillation(Distiller):
    """A loss of zero."""

    name = "none"
    title = "no distillation"

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        return student.embedding.new_zeros(())
