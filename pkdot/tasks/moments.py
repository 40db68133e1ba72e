"""Population moments of answers and truth, which can be joined without the samples."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Moments:
    """Count, means, sums of squared deviations and of their product, and sums of errors.

    Joining keeps deviations around means, so that large offsets cost no digits.

    Attributes:
        n: samples.
        mean_x, mean_y: of answers and truth.
        square_x, square_y, product: Σ(x − mean)², Σ(y − mean)², Σ(x − mean)(y − mean).
        squared_error, absolute_error: Σ(x − y)², Σ|x − y|.

    Source of the joining: Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance",
    The American Statistician 37 (1983).
    """

    n: int
    mean_x: float
    mean_y: float
    square_x: float
    square_y: float
    product: float
    squared_error: float
    absolute_error: float

    @staticmethod
    def of(x: Array, y: Array) -> "Moments":
        """Of two vectors (n,)."""
        if not len(x):
            return Moments(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        x, y = np.asarray(x, float), np.asarray(y, float)
        mean_x, mean_y = float(x.mean()), float(y.mean())
        dx, dy, error = x - mean_x, y - mean_y, x - y
        sums = (dx * dx, dy * dy, dx * dy, error * error, np.abs(error))
        return Moments(len(x), mean_x, mean_y, *(float(values.sum()) for values in sums))

    @staticmethod
    def together(parts: Sequence["Moments"]) -> "Moments":
        """Of the samples of all parts."""
        n = sum(part.n for part in parts)
        if not n:
            return Moments.of(np.empty(0), np.empty(0))
        mean_x = sum(part.n * part.mean_x for part in parts) / n
        mean_y = sum(part.n * part.mean_y for part in parts) / n

        def joined(name: str, one: str, other: str) -> float:
            means = {"x": mean_x, "y": mean_y}
            return sum(
                getattr(part, name)
                + part.n
                * (getattr(part, f"mean_{one}") - means[one])
                * (getattr(part, f"mean_{other}") - means[other])
                for part in parts
            )

        return Moments(
            n,
            mean_x,
            mean_y,
            joined("square_x", "x", "x"),
            joined("square_y", "y", "y"),
            joined("product", "x", "y"),
            sum(part.squared_error for part in parts),
            sum(part.absolute_error for part in parts),
        )

    def as_list(self) -> list[float]:
        """The eight numbers, as JSON keeps them."""
        return list(astuple(self))

    @property
    def ccc(self) -> float:
        """2 cov / (var x + var y + (mean x − mean y)²); 0 for constants, NaN without samples.

        Source: Lin, Biometrics 45 (1989).
        """
        if not self.n:
            return float("nan")
        shift = self.n * (self.mean_x - self.mean_y) ** 2
        whole = self.square_x + self.square_y + shift
        return 2.0 * self.product / whole if whole > 0 else 0.0

    @property
    def pearson(self) -> float:
        """Correlation; 0 where one side is constant, NaN without samples."""
        if not self.n:
            return float("nan")
        spread = float(np.sqrt(self.square_x * self.square_y))
        return self.product / spread if spread > 0 else 0.0

    @property
    def rmse(self) -> float:
        """Root of the mean squared error, in the unit of the truth."""
        return float(np.sqrt(self.squared_error / self.n)) if self.n else float("nan")

    @property
    def mae(self) -> float:
        """Mean absolute error, in the unit of the truth."""
        return self.absolute_error / self.n if self.n else float("nan")
