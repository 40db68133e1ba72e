"""Sinkhorn's iteration as it was first written: scale rows, scale columns, repeat.

The kernel K = 2^(f + g - cost) is computed once; an iteration then costs two matrix-vector
products and no power. Potentials move by the logarithm of the scalings u and v. That is safe while
these stay small, which the good start sees to and ``run`` checks.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .kernels import SAFE_DRIFT, kernel, times

CHECK_EVERY = 4


@dataclass
class Scaled:
    """Where a run of scaling iterations stopped; bits, batch axis p.

    Attributes:
        f, g: potentials, (p, n) and (p, m), the scalings included.
        kernel: 2^(f + g - cost) without the scalings, (p, n, m).
        u, v: scalings of its rows and columns, (p, n) and (p, m).
        error: upper bound of the L1 error of the columns per unit of mass, (p,).
        worst: its largest entry, known to the host.
        safe: whether no scaling left the range in which the kernel can be trusted.
        slow: whether the iteration was given up because it crawls.
        iterations: how many were made.
    """

    f: Tensor
    g: Tensor
    kernel: Tensor
    u: Tensor
    v: Tensor
    error: Tensor
    worst: float
    safe: bool
    slow: bool
    iterations: int

    def plan(self, a: Tensor, b: Tensor) -> Tensor:
        """The plan, (p, n, m); overwrites the kernel."""
        return self.kernel.mul_((a * self.u).unsqueeze(-1)).mul_((b * self.v).unsqueeze(-2))


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
    """Iterate from (f, g), with f exact for g, until the columns are right to ``tolerance``.

    The error is asked for every few iterations only, since on a GPU each question stalls the queue.
    It belongs to the scalings before the last update, and no update makes it larger.

    Args:
        cost, a, b: the problem, (p, n, m), (p, n), (p, m), each a and b of mass 1.
        f, g: the start, (p, n) and (p, m).
        tolerance: error at which to stop.
        max_iterations: iterations at most.
        patience: give up if, at the rate observed, more iterations than this would be needed.
    """
    matrix = kernel(cost, f, g)
    transposed = matrix.mT
    u, v = torch.ones_like(a), torch.ones_like(b)
    worst, before, done, slow, safe = math.inf, math.inf, 0, False, True
    while worst > tolerance and done < max_iterations and not slow and safe:
        block = min(CHECK_EVERY, max_iterations - done)
        for i in range(block):
            columns = times(transposed, a * u)
            if i == block - 1:
                error = ((columns * v).sub_(1.0).abs_().mul_(b)).sum(-1)
            v = columns.reciprocal_()
            u = times(matrix, b * v).reciprocal_()
        done += block
        drift = torch.maximum(_bits(u), _bits(v))
        worst, moved = torch.stack([error.amax(), drift]).tolist()
        safe = worst < math.inf and moved < SAFE_DRIFT[cost.dtype]
        slow = _needed(worst, before, block, tolerance) > patience
        before = worst
    return Scaled(f + u.log2(), g + v.log2(), matrix, u, v, error, worst, safe, slow, done)


def unscaled(cost: Tensor, a: Tensor, b: Tensor, f: Tensor, g: Tensor, iterations: int) -> Scaled:
    """The state at potentials as they are, arguments as for :func:`run`."""
    matrix = kernel(cost, f, g)
    error = ((times(matrix.mT, a) - 1.0).abs_() * b).sum(-1)
    ones = torch.ones_like(a), torch.ones_like(b)
    return Scaled(f, g, matrix, *ones, error, float(error.amax()), False, True, iterations)


def _bits(scaling: Tensor) -> Tensor:
    """How many bits a scaling has moved its potential at most, a scalar."""
    low, high = scaling.aminmax()
    return torch.maximum(high.log2(), -low.log2())


def _needed(error: float, before: float, block: int, tolerance: float) -> float:
    """Iterations still needed if each block shrinks the error as the last one did."""
    if before == math.inf or error <= tolerance:
        return 0.0
    if not error < before:
        return math.inf
    return block * math.log(error / tolerance) / math.log(before / error)
