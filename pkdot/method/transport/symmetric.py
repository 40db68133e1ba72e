"""Transport of a cloud onto itself: one potential, by averaged updates."""

import math

import torch
from torch import Tensor

from .kernels import multiplier, power

# The averaged update moves log w by a fraction t of Sinkhorn's step. Near the solution its error
# shrinks by 1 - t (1 + s), s being the eigenvalues of the normalised plan. For a squared distance
# the kernel is positive definite, so 0 <= s <= 1, and t = 2/3 gives at most 1/3 for all of them,
# where the usual half gives 1/2: measured on anchor rows, below 1e-6 after ten iterations, against
# up to 5e-5. Both sides being one, there is nothing slower to wait for.
STEP = 2.0 / 3.0
CHECK_EVERY = 4


def solve(
    cost: Tensor, a: Tensor, tolerance: float, max_iterations: int
) -> tuple[Tensor, Tensor, float, int]:
    """Solve the transport of weights a onto themselves under a symmetric squared-distance cost.

    The kernel 2^(-cost) has ones on its diagonal, so no row of it can underflow.

    Args:
        cost: in bits, (p, n, n), zero on the diagonal.
        a: weights of mass 1, (p, n).
        tolerance: L1 error of the marginal at which to stop.
        max_iterations: iterations at most.

    Returns:
        The plan (p, n, n), the potential in bits (p, n), the largest error over the batch, and the
        iterations made.
    """
    matrix = power(-cost)
    times = multiplier(matrix)
    w = times(a).rsqrt_()
    worst, done = math.inf, 0
    while worst > tolerance and done < max_iterations:
        block = min(CHECK_EVERY, max_iterations - done)
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
