"""Transport of a cloud onto itself: one potential, by averaged Sinkhorn updates.

Source: Feydy et al., "Interpolating between Optimal Transport and MMD using Sinkhorn
Divergences", AISTATS 2019, arXiv 1810.08278, which averages the old and the new potential evenly;
the step of two thirds is this kit's.
"""

import math

import torch
from torch import Tensor

from . import compiled
from .kernels import multiplier, power
from .problem import Limits

# An averaged update moves log w by a fraction t of Sinkhorn's step. Near the solution it shrinks
# the error by 1 − t (1 + s), s being the eigenvalues of the normalised plan. The kernel of a
# squared distance is positive definite, so 0 <= s <= 1, and t = 2/3 bounds the factor by 1/3 for
# all of them, where t = 1/2 bounds it by 1/2.
STEP = 2.0 / 3.0
CHECK_EVERY = 4


def solve(cost: Tensor, a: Tensor, limits: Limits) -> tuple[Tensor, Tensor, float, int]:
    """Transport of weights a onto themselves under a symmetric squared-distance cost.

    The kernel 2^(−cost) has ones on its diagonal, so no row of it can underflow.

    Args:
        cost: in bits, (p, n, n), zero on the diagonal.
        a: weights of mass 1, (p, n).
        limits: when to stop.

    Returns:
        The plan (p, n, n), the potential in bits (p, n), the largest marginal error over the
        batch, and the number of iterations.
    """
    if compiled.takes(cost):
        return compiled.solve_symmetric(cost, a, limits)
    matrix = power(-cost)
    times = multiplier(matrix)
    w = times(a).rsqrt_()
    worst, done = math.inf, 0
    while worst > limits.tolerance and done < limits.max_iterations:
        block = min(CHECK_EVERY, limits.max_iterations - done)
        for i in range(block):
            marginal = times(a * w).mul_(w)
            if i == block - 1:
                error = ((marginal - 1.0).abs_() * a).sum(-1)
            w = marginal.pow_(-STEP).mul_(w)
        done += block
        worst = float(error.amax())
    weighted = a * w
    plan = matrix.mul_(weighted.unsqueeze(-1)).mul_(weighted.unsqueeze(-2))
    return plan, torch.log2(w), worst, done
