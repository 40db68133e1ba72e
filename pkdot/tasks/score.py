"""One number that says how good a set of answers is, and how people read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One number that says how good a set of answers is.

    Attributes:
        name: of the metric, e.g. ``accuracy``.
        label: in words, for axes and tiles.
        higher_is_better: its direction.
        percent: whether people read it as a share in percent.
        own_unit: whether it is in the unit of its target, and so on no common axis.
    """

    name: str
    label: str
    higher_is_better: bool = True
    percent: bool = False
    own_unit: bool = False

    @property
    def factor(self) -> float:
        """From the metric to what people read."""
        return 100.0 if self.percent else 1.0

    @property
    def digits(self) -> int:
        """Decimals of what people read."""
        return 1 if self.percent else 3

    @property
    def axis(self) -> str:
        """Label of an axis."""
        return f"{self.label}, %" if self.percent else self.label

    @property
    def difference_unit(self) -> str:
        """Unit of a difference between two values."""
        return "points" if self.percent else self.label

    @property
    def form(self) -> str:
        """How numbers that people read are written, as :func:`format` takes it."""
        return f".{self.digits}f"

    def text(self, value: float | None) -> str:
        """A value as people read it, e.g. ``87.1 %`` or ``0.431``; a dash where there is none."""
        if value is None or value != value:
            return "–"
        return f"{self.factor * value:.{self.digits}f}" + (" %" if self.percent else "")
