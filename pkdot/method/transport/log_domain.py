"""Sinkhorn–Knopp on the potentials themselves: it never under- or overflows.

With K = 2^(−C), the scalings u and v of Sinkhorn–Knopp are 2^f and 2^g. Each update is one
logarithm of a sum of powers. Potentials, costs and log-weights are in bits, see ``kernels``.

Source: Sinkhorn and Knopp, "Concerning nonnegative matrices and doubly stochastic matrices",
1967; for transport Cuturi, NeurIPS 2013, arXiv 1306.0895; the log-domain form Peyré and Cuturi,
"Computational Optimal Transport", 2019, section 4.4, arXiv 1803.00567.
"""

import math

import torch
from torch import Tensor

from .kernels import log_sum
from .problem import Limits, Problem

CHECK_EVERY = 8


def update_f(cost: Tensor, g: Tensor, log_b: Tensor) -> Tensor:
    """The f for which every row sum is right, given g: (p, n, m), (p, m), (p, m) -> (p, n)."""
    return log_sum((g + log_b).unsqueeze(-2) - cost, -1).neg_()


def update_g(cost: Tensor, f: Tensor, log_a: Tensor) -> Tensor:
    """The g for which every column sum is right, given f: (p, n, m), (p, n), (p, n) -> (p, m)."""
    return log_sum((f + log_a).unsqueeze(-1) - cost, -2).neg_()


def run(problem: Problem, f: Tensor, g: Tensor, limits: Limits) -> tuple[Tensor, Tensor, int]:
    """Sweep from f (p, n) and g (p, m) until the columns are right, the rows being exact.

    Slow, and safe at any epsilon. Stops where the error falls no more, which is rounding.

    Returns:
        f (p, n), exact for the returned g (p, m), and the number of sweeps.
    """
    cost, log_a, log_b = problem.cost, problem.log_a, problem.log_b
    b, worst, before, done = log_b.exp2(), math.inf, math.inf, 0
    f = update_f(cost, g, log_b)
    while worst > limits.tolerance and done < limits.max_iterations:
        for _ in range(min(CHECK_EVERY, limits.max_iterations - done)):
            following = update_g(cost, f, log_a)
            off = torch.where(b > 0, g - following, 0.0)
            g = following
            f = update_f(cost, g, log_b)
            done += 1
        # the error before the last sweep, which made it no larger
        worst = float((b * (off.exp2() - 1.0).abs()).sum(-1).amax())
        if not worst < before:
            break
        before = worst
    return f, g, done
