"""Sinkhorn–Knopp in its stabilised form: scale the rows, scale the columns, repeat.

The kernel K = 2^(f + g − C) holds the potentials from which the run starts; the scalings u and v
carry only what is added to them, and are absorbed into the potentials at the end. An iteration
costs two matrix-vector products and no power. It is safe while the scalings stay near 1, which
:func:`run` checks.

Source: Sinkhorn and Knopp, 1967; the absorption of scalings into potentials: Schmitzer,
"Stabilized Sparse Scaling Algorithms for Entropy Regularized Transport Problems", SIAM J. Sci.
Comput. 41(3), 2019, arXiv 1610.06519.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .kernels import SAFE_DRIFT, kernel, multiplier
from .problem import Limits, Problem

CHECK_EVERY = 4


@dataclass
class Scaled:
    """Where a run of scaling iterations stopped; bits, batch axis p.

    Attributes:
        f: potentials of the rows, (p, n), the scalings included.
        g: potentials of the columns, (p, m), the scalings included.
        kernel: 2^(f + g − cost) without the scalings, (p, n, m).
        scaled_a: weights times scalings of the rows, (p, n).
        scaled_b: weights times scalings of the columns, (p, m).
        error: upper bound of the L1 error of the marginals per unit of mass, (p,).
        worst: its largest entry, known to the host.
        safe: whether no scaling left the range in which the kernel can be trusted.
        slow: whether the run was stopped because its error falls too slowly.
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
        """Whether another method than more scalings is needed."""
        return self.slow or not self.safe

    def plan(self) -> Tensor:
        """The plan, (p, n, m); overwrites the kernel."""
        return self.kernel.mul_(self.scaled_a.unsqueeze(-1)).mul_(self.scaled_b.unsqueeze(-2))


def run(
    problem: Problem, f: Tensor, g: Tensor, limits: Limits, patience: float = math.inf
) -> Scaled:
    """Iterate from f (p, n) and g (p, m) until both marginals are right to the tolerance.

    The error is that of the columns just after the rows were made exact; the update of the columns
    that follows makes the whole no worse.

    Args:
        problem: costs and weights.
        f: potentials of the rows to start from.
        g: potentials of the columns to start from.
        limits: when to stop.
        patience: stop if, at the rate observed, more iterations than this would be needed.
    """
    a, b, tolerance = problem.a, problem.b, limits.tolerance
    matrix = kernel(problem.cost, f, g)
    across, down = multiplier(matrix), multiplier(matrix.mT)
    scaled_b = b
    worst, before, done, slow, safe = math.inf, math.inf, 0, False, True
    while worst > tolerance and done < limits.max_iterations and not slow and safe:
        block = min(CHECK_EVERY, limits.max_iterations - done)
        for i in range(block):
            rows = across(scaled_b)  # step 1 of Sinkhorn–Knopp: u = 1 / (K (b v))
            scaled_a = a / rows
            columns = down(scaled_a)  # step 2: v = 1 / (Kᵀ (a u))
            if i == block - 1:  # seldom, since on a GPU each look at the error stalls the queue
                error = (columns * scaled_b).sub_(b).abs_().sum(-1)
            scaled_b = b / columns
        done += block
        drift = torch.cat([rows, columns], -1).log2_().abs_().amax()
        worst, moved = torch.stack([error.amax(), drift]).tolist()
        safe = worst < math.inf and moved < SAFE_DRIFT[problem.cost.dtype]
        slow = _needed(worst, before, block, tolerance) > patience
        before = worst
    f, g = f - rows.log2(), g - columns.log2()  # step 3: absorb log u and log v
    return Scaled(f, g, matrix, scaled_a, scaled_b, error, worst, safe, slow, done)


def unscaled(problem: Problem, f: Tensor, g: Tensor) -> Scaled:
    """The state at potentials f (p, n) and g (p, m) as they are."""
    a, b = problem.a, problem.b
    matrix = kernel(problem.cost, f, g)
    error = ((multiplier(matrix.mT)(a) - 1.0).abs_() * b).sum(-1)
    return Scaled(f, g, matrix, a, b, error, float(error.amax()), False, True, 0)


def _needed(error: float, before: float, block: int, tolerance: float) -> float:
    """Iterations still needed if each block shrinks the error as the last one did."""
    if before == math.inf or error <= tolerance:
        return 0.0
    if not error < before:
        return math.inf
    return block * math.log(error / tolerance) / math.log(before / error)
