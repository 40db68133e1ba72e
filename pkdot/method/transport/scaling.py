"""Sinkhorn's iteration as it was first written: scale rows, scale columns, repeat.

The kernel K = 2^(f + g - cost) is computed once; an iteration then costs two matrix-vector
products and no power. Potentials move by the logarithm of the scalings u and v. That is safe while
these stay small, which the good start sees to and ``run`` checks.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .kernels import SAFE_DRIFT, kernel, multiplier

CHECK_EVERY = 4


@dataclass
class Scaled:
    """Where a run of scaling iterations stopped; bits, batch axis p.

    Attributes:
        f, g: potentials, (p, n) and (p, m), the scalings included.
        kernel: 2^(f + g - cost) without the scalings, (p, n, m).
        scaled_a, scaled_b: weights times scalings of rows and columns, (p, n) and (p, m).
        error: upper bound of the L1 error of the marginals per unit of mass, (p,).
        worst: its largest entry, known to the host.
        safe: whether no scaling left the range in which the kernel can be trusted.
        slow: whether the iteration was given up because it crawls.
        iterations: how many were made.
    """

    f: Tensor
    g: Tensor
    kernel: Tensor
    scaled_a: Tensor
    scaled_b: Tensor
    error: Tensor
    worst: float
    safe: bool
    slow: bool
    iterations: int

    @property
    def stuck(self) -> bool:
        """Whether something else than more scalings is called for."""
        return self.slow or not self.safe

    def plan(self) -> Tensor:
        """The plan, (p, n, m); overwrites the kernel."""
        return self.kernel.mul_(self.scaled_a.unsqueeze(-1)).mul_(self.scaled_b.unsqueeze(-2))


def run(
    cost: Tensor,
    a: Tensor,
    b: Tensor,
    f: Tensor,
    g: Tensor,
    tolerance: float,
    max_iterations: int,
    patience: float = math.inf,
) -> Scaled:
    """Iterate from (f, g) until both marginals are right to ``tolerance``.

    The error is asked for every few iterations only, since on a GPU each question stalls the queue.
    It is that of the columns just after the rows were made exact; the update of the columns that
    follows cannot make the whole worse.

    Args:
        cost, a, b: the problem, (p, n, m), (p, n), (p, m), each a and b of mass 1.
        f, g: the start, (p, n) and (p, m).
        tolerance: error at which to stop.
        max_iterations: iterations at most.
        patience: give up if, at the rate observed, more iterations than this would be needed.
    """
    matrix = kernel(cost, f, g)
    across, down = multiplier(matrix), multiplier(matrix.mT)
    scaled_b = b
    worst, before, done, slow, safe = math.inf, math.inf, 0, False, True
    while worst > tolerance and done < max_iterations and not slow and safe:
        block = min(CHECK_EVERY, max_iterations - done)
        for i in range(block):
            rows = across(scaled_b)
            scaled_a = a / rows  # the scaling u = 1 / rows, with the weight
            columns = down(scaled_a)
            if i == block - 1:
                error = (columns * scaled_b).sub_(b).abs_().sum(-1)
            scaled_b = b / columns
        done += block
        drift = torch.cat([rows, columns], -1).log2_().abs_().amax()
        worst, moved = torch.stack([error.amax(), drift]).tolist()
        safe = worst < math.inf and moved < SAFE_DRIFT[cost.dtype]
        slow = _needed(worst, before, block, tolerance) > patience
        before = worst
    f, g = f - rows.log2(), g - columns.log2()
    return Scaled(f, g, matrix, scaled_a, scaled_b, error, worst, safe, slow, done)


def unscaled(cost: Tensor, a: Tensor, b: Tensor, f: Tensor, g: Tensor) -> Scaled:
    """The state at potentials as they are, arguments as for :func:`run`."""
    matrix = kernel(cost, f, g)
    error = ((multiplier(matrix.mT)(a) - 1.0).abs_() * b).sum(-1)
    return Scaled(f, g, matrix, a, b, error, float(error.amax()), False, True, 0)


def _needed(error: float, before: float, block: int, tolerance: float) -> float:
    """Iterations still needed if each block shrinks the error as the last one did."""
    if before == math.inf or error <= tolerance:
        return 0.0
    if not error < before:
        return math.inf
    return block * math.log(error / tolerance) / math.log(before / error)
