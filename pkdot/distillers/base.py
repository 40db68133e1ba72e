"""What every distillation method is: teacher's and student's output in, one scalar out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from ..errors import InputError
from ..networks.models import NetworkOutput
from ..settings import Settings

BUDGET = 6
"""How many settings every method may try when methods are compared."""


def tuning_grid(weights: Iterable[float], **knob: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    """Every weight with every value of a knob, e.g. ``tuning_grid((1, 3, 10), k=(10, 30))``."""
    names = ("weight", *knob)
    return tuple(dict(zip(names, v, strict=True)) for v in product(weights, *knob.values()))


class DistillerSettings(Settings):
    """Every method has a weight and may warm up; its own file adds the rest."""

    weight: float = Field(1.0, ge=0, description="λ, factor of this loss beside the task loss")
    warm_up: int = Field(
        0, ge=0, description="updates over which the weight rises linearly from 0; 0 for none"
    )

    def anchors_in_batch(self) -> int:
        """How many samples of a batch serve as anchors; the batch must be larger. 0 if none."""
        return 0


def _constant(output: NetworkOutput) -> NetworkOutput:
    features = {name: feature.detach() for name, feature in output.features.items()}
    return NetworkOutput(output.logits.detach(), output.embedding.detach(), features)


class Distiller(nn.Module, ABC):
    """Base class: a method is a subclass with a name, a title, settings and ``loss``.

    Class attributes:
        name: short name in configurations and on the command line, e.g. ``kd``.
        title: what tables and figures call it.
        Settings: its settings, a subclass of :class:`DistillerSettings`.
        reads: what the loss depends on, of ``logits``, ``embedding``, ``features`` and ``labels``.
            A method that reads labels says in its docstring what it does where one is absent.
        tuning: exactly :data:`BUDGET` choices of settings, the same number for every method, so
            that none is compared after a longer search than another: six weights, or three with
            two values of the one knob that its paper tunes. The weights begin near the one at which
            the loss's gradient at the embedding is as long as the cross-entropy's, early in
            training on the digits, and go to some thirty times that.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Settings: ClassVar[type[DistillerSettings]] = DistillerSettings
    reads: tuple[str, ...] = ("embedding",)
    tuning: ClassVar[tuple[Mapping[str, Any], ...]] = tuning_grid((0.1, 0.3, 1.0, 3.0, 10.0, 30.0))

    def __init__(self, settings: DistillerSettings) -> None:
        super().__init__()
        self.settings = settings
        self.adapters = nn.ModuleDict()
        self._updates = 0

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Called once before training, with an example of what ``loss`` will be given.

        Starts the warm-up anew. A method with adapters (layers that only the loss needs) extends
        this and puts them into ``self.adapters``, made for the example's widths; their parameters
        then train together with the student and are thrown away afterwards. The caller sets the
        random state, and keeps it apart from the student's.

        Args:
            teacher: its output for a few samples; widths count, values do not.
            student: the same.
        """
        self._updates = 0

    def adapted(self, name: str, x: Tensor) -> Tensor:
        """What an adapter makes of ``x``.

        Raises:
            InputError: if :meth:`prepare` has not made it.
        """
        if name not in self.adapters:
            raise InputError(
                f"The method {self.name!r} has no adapter for {name!r} yet; call prepare with an "
                f"example of the teacher's and the student's output first."
            )
        return self.adapters[name](x)

    @abstractmethod
    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        """The unweighted loss of a batch, a scalar.

        Args:
            teacher: constants; (B, C) logits, (B, D) embedding, features.
            student: the same, with gradients.
            labels: (B,) int64; -1 where training has no label.
        """

    def weight(self, labels: Tensor) -> float:
        """λ for a batch with these labels, (B,) int64; -1 where training has no label."""
        return self.settings.weight

    def forward(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        """Weight times :meth:`loss`, the teacher's output taken as a constant.

        Each call in training mode is one update of the warm-up.
        """
        weight = self.weight(labels)
        if self.settings.warm_up:
            weight *= min(1.0, self._updates / self.settings.warm_up)
            self._updates += self.training
        return weight * self.loss(_constant(teacher), student, labels)


class SumOfDistillers(Distiller):
    """Several methods at once, written ``kd+pkdot``: the sum of their weighted losses."""

    def __init__(self, parts: Sequence[Distiller]) -> None:
        super().__init__(DistillerSettings())
        self.parts = nn.ModuleList(parts)
        self._methods = tuple(parts)

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Prepare every part."""
        for part in self._methods:
            part.prepare(teacher, student)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        return sum(
            (part(teacher, student, labels) for part in self._methods),
            start=student.embedding.new_zeros(()),
        )
