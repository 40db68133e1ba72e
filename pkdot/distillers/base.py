"""What every distillation method is: teacher's and student's output in, one scalar out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field
from torch import Tensor, nn

from ..networks.models import NetworkOutput
from ..settings import Settings


class DistillerSettings(Settings):
    """Every method has a weight; its own file adds the rest."""

    weight: float = Field(1.0, ge=0, description="λ, factor of this loss beside the task loss")


class Distiller(nn.Module, ABC):
    """Base class: a method is a subclass with a name, a title, settings and ``loss``.

    Class attributes:
        name: short name in configurations and on the command line, e.g. ``kd``.
        title: what tables and figures call it.
        Settings: its settings, a subclass of :class:`DistillerSettings`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Settings: ClassVar[type[DistillerSettings]] = DistillerSettings

    def __init__(self, settings: DistillerSettings) -> None:
        super().__init__()
        self.settings = settings

    @abstractmethod
    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        """The unweighted loss of a batch, a scalar.

        Args:
            teacher: constants; (B, C) logits, (B, D) embedding, features.
            student: the same, with gradients.
            labels: (B,) int64; -1 where training has no label.
        """

    def forward(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        """Weight times :meth:`loss`."""
        return self.settings.weight * self.loss(teacher, student, labels)


class SumOfDistillers(Distiller):
    """Several methods at once, written ``kd+pkdot``: the sum of their weighted losses."""

    def __init__(self, parts: Sequence[Distiller]) -> None:
        super().__init__(DistillerSettings())
        self.parts = nn.ModuleList(parts)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        return sum(
            (part(teacher, student, labels) for part in self.parts),
            start=student.embedding.new_zeros(()),
        )
