"""Sinkhorn's iteration on the potentials themselves: it never under- or overflows.

Potentials, costs and log-weights are in bits, see ``kernels``.
"""

import math

import torch
from torch import Tensor

from .kernels import log_sum

CHECK_EVERY = 8


def update_f(cost: Tensor, g: Tensor, log_b: Tensor) -> Tensor:
    """The f for which every row sum is right, given g: (p, n, m), (p, m), (p, m) -> (p, n)."""
    return log_sum((g + log_b).unsqueeze(-2) - cost, -1).neg_()


def update_g(cost: Tensor, f: Tensor, log_a: Tensor) -> Tensor:
    """The g for which every column sum is right, given f: (p, n, m), (p, n), (p, n) -> (p, m)."""
    return log_sum((f + log_a).unsqueeze(-1) - cost, -2).neg_()


def anneal(
    cost: Tensor, log_a: Tensor, log_b: Tensor, sweeps: int = 2
) -> tuple[Tensor, Tensor, int]:
    """A start for f and g, found by solving roughly at a large epsilon and halving it down to 1.

    At a large epsilon every point sees every other, and two sweeps settle the coarse picture; each
    halving only refines it. Started cold at a small epsilon, mass would have to creep from one
    group of points to the next.

    Returns:
        f (p, n), exact for the returned g (p, m), and the number of sweeps made.
    """
    reach = float((cost.amax((-1, -2)) - cost.amin((-1, -2))).amax())
    halvings = max(0, math.ceil(math.log2(reach / 4.0))) if reach > 0 else 0
    g = log_b.new_zeros(log_b.shape)
    for level in range(halvings, -1, -1):
        softened = cost * 0.5**level
        g = g * 0.5**level
        for _ in range(sweeps):
            f = update_f(softened, g, log_b)
            g = update_g(softened, f, log_a)
        g = g * 2.0**level
    return update_f(cost, g, log_b), g, sweeps * (halvings + 1)


def run(
    cost: Tensor,
    log_a: Tensor,
    log_b: Tensor,
    f: Tensor,
    g: Tensor,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor, int]:
    """Sweep from (f, g) until the columns are right to ``tolerance``, the rows being exact.

    Slow, and safe at any epsilon. Gives up where the error falls no more, which is rounding.

    Returns:
        f (p, n), exact for the returned g (p, m), and the number of sweeps made.
    """
    b, worst, before, done = log_b.exp2(), math.inf, math.inf, 0
    f = update_f(cost, g, log_b)
    while worst > tolerance and done < max_iterations:
        for _ in range(min(CHECK_EVERY, max_iterations - done)):
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
