"""What the solvers of this room are given: a batch of balanced problems, and when to stop."""

from dataclasses import dataclass

import torch
from torch import Tensor

ROUNDINGS = 4
"""An L1 error of marginals differs by fewer roundings between a plan and its rounded copy."""


@dataclass(frozen=True)
class Limits:
    """When a solver stops.

    Attributes:
        tolerance: L1 error of the marginals, per unit of mass.
        max_iterations: iterations at most.
    """

    tolerance: float
    max_iterations: int

    def after(self, done: int, least: int = 0) -> "Limits":
        """What is left of the iterations after some were made, but no fewer than ``least``."""
        return Limits(self.tolerance, max(least, self.max_iterations - done))

    def below(self, dtype: torch.dtype) -> "Limits":
        """A tolerance that is still met once the plan is rounded to ``dtype``."""
        rounding = ROUNDINGS * torch.finfo(dtype).eps
        return Limits(max(self.tolerance / 2, self.tolerance - rounding), self.max_iterations)


@dataclass(frozen=True, eq=False)
class Problem:
    """A batch of balanced problems in bits (see ``kernels``), batch axis p.

    Attributes:
        cost: (p, n, m).
        a: source weights of mass 1, (p, n).
        b: target weights of mass 1, (p, m).
        log_a: logarithms of a to base 2, (p, n).
        log_b: logarithms of b to base 2, (p, m).
    """

    cost: Tensor
    a: Tensor
    b: Tensor
    log_a: Tensor
    log_b: Tensor

    @staticmethod
    def of(cost: Tensor, a: Tensor, b: Tensor) -> "Problem":
        """The problem of a cost (p, n, m) and weights (p, n) and (p, m)."""
        return Problem(cost, a, b, a.log2(), b.log2())

    @property
    def transposed(self) -> "Problem":
        """The same problem from targets to sources."""
        return Problem(self.cost.mT, self.b, self.a, self.log_b, self.log_a)

    def to(self, dtype: torch.dtype) -> "Problem":
        """The same problem in another floating type; logarithms are taken anew."""
        return Problem.of(*(x.to(dtype) for x in (self.cost, self.a, self.b)))

    def softened(self, share: float | Tensor) -> "Problem":
        """The problem whose epsilon is 1 / ``share`` times as large: its cost in bits shrinks.

        Args:
            share: one number, or one for each problem, (p, 1, 1).
        """
        return Problem(self.cost * share, self.a, self.b, self.log_a, self.log_b)
