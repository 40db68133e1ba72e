"""Sinkhorn's iteration on the potentials themselves: never under- or overflows, one exp per entry.

Everything here is in units of epsilon: ``cost`` is C / epsilon, ``f`` and ``g`` are potentials
divided by epsilon, and weights are given by their logarithms (-inf for a point without mass).
"""

import math

import torch
from torch import Tensor


def update_f(cost: Tensor, g: Tensor, log_b: Tensor) -> Tensor:
    """The f for which every row sum is right, given g: (p, n, m), (p, m), (p, m) -> (p, n)."""
    return -torch.logsumexp((g + log_b).unsqueeze(-2) - cost, dim=-1)


def update_g(cost: Tensor, f: Tensor, log_a: Tensor) -> Tensor:
    """The g for which every column sum is right, given f: (p, n, m), (p, n), (p, n) -> (p, m)."""
    return -torch.logsumexp((f + log_a).unsqueeze(-1) - cost, dim=-2)


def log_plan(cost: Tensor, f: Tensor, g: Tensor, log_a: Tensor, log_b: Tensor) -> Tensor:
    """Logarithm of the plan, (p, n, m); -inf where a weight is zero."""
    return (f + log_a).unsqueeze(-1) + (g + log_b).unsqueeze(-2) - cost


def anneal(cost: Tensor, log_a: Tensor, log_b: Tensor, sweeps: int = 2) -> tuple[Tensor, int]:
    """A start for g, found by solving roughly at a large epsilon and halving it down to 1.

    At a large epsilon every point sees every other, and two sweeps settle the coarse picture; each
    halving only refines it. Started cold at a small epsilon, mass would have to creep from one
    group of points to the next.

    Returns:
        g (p, m) and the number of sweeps made.
    """
    reach = float(cost.amax())
    halvings = max(0, math.ceil(math.log2(reach / 4.0))) if reach > 0 else 0
    g = torch.zeros_like(log_b)
    for level in range(halvings, -1, -1):
        scale = 2.0**level
        for _ in range(sweeps):
            f = update_f(cost / scale, g / scale, log_b) * scale
            g = update_g(cost / scale, f / scale, log_a) * scale
    return g, sweeps * (halvings + 1)


def solve(
    cost: Tensor,
    log_a: Tensor,
    log_b: Tensor,
    g: Tensor,
    tolerance: float,
    max_iterations: int,
    check_every: int = 10,
) -> tuple[Tensor, Tensor, int]:
    """Alternate both updates until the row marginal is right to ``tolerance``.

    After an update of g every column sum is exact, so the error is that of the rows. Asking the
    device for it costs a synchronisation; hence only every few iterations.

    Returns:
        f (p, n), g (p, m) and the number of iterations made.
    """
    mass = log_a.exp()
    total = mass.sum(-1)
    f = update_f(cost, g, log_b)
    done = 0
    while done < max_iterations:
        for _ in range(min(check_every, max_iterations - done)):
            g = update_g(cost, f, log_a)
            following = update_f(cost, g, log_b)
            # row sum = a exp(f - following), so the change of f is the error of the rows
            error = (mass * torch.expm1(f - following).abs()).sum(-1) / total
            f = following
            done += 1
        if bool((error <= tolerance).all()):
            break
    return f, g, done


def solve_symmetric(
    cost: Tensor,
    log_a: Tensor,
    f: Tensor,
    tolerance: float,
    max_iterations: int,
    check_every: int = 5,
) -> tuple[Tensor, int]:
    """One potential for both sides of a symmetric problem, by averaged updates.

    Returns:
        f (p, n), of the plan a[i] a[j] exp(f[i] + f[j] - cost[i, j]), and the iterations made.
    """
    mass = log_a.exp()
    total = mass.sum(-1)
    done = 0
    while done < max_iterations:
        for _ in range(min(check_every, max_iterations - done)):
            target = update_f(cost, f, log_a)
            error = (mass * torch.expm1(f - target).abs()).sum(-1) / total
            f = 0.5 * (f + target)
            done += 1
        if bool((error <= tolerance).all()):
            break
    return f, done
