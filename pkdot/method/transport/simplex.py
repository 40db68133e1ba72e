"""The network simplex on costs of any scale: centred, scaled, and masks kept as masks.

The simplex of POT compares costs to an absolute tolerance, so that tiny costs all look alike, and
rounds the small costs away beside a huge one. Here each problem is brought to the same size first.
"""

from typing import NamedTuple

import numpy as np

from .late_imports import late_import

MAX_ITERATIONS = 1_000_000
# A plan is optimal if its cost exceeds the dual's by no more than this share of its largest cost.
GAP = 1e-8


class Vertex(NamedTuple):
    """An optimal plan and what proves it.

    Attributes:
        plan: (n, m).
        f: (n,), with f[i] + g[j] <= cost[i, j].
        g: (m,).
        value: ⟨P, C⟩, but for mass that only rounding of the weights sends over a huge cost.
        optimal: whether primal and dual value agree.
    """

    plan: np.ndarray
    f: np.ndarray
    g: np.ndarray
    value: float
    optimal: bool


def solve(cost: np.ndarray, a: np.ndarray, b: np.ndarray, noise: float) -> Vertex:
    """Minimise ⟨P, C⟩ over the couplings of two weights.

    Where a plan needs no cost above ``used``, no optimal plan needs one above ``used`` times the
    points of the smaller cloud: exchanging mass along a cycle back to that plan saves more. Costs
    above are lowered to it, and the problem is solved again at its new scale, until nothing above
    is left. So a mask may be any large number, or several, without blurring the costs below it.

    Args:
        cost: (n, m), float64, finite.
        a: (n,), some mass.
        b: (m,), of nearly the same total.
        noise: relative precision of the weights; masses that small do not count as used.
    """
    rows, columns = np.flatnonzero(a > 0), np.flatnonzero(b > 0)
    inner, p, q = cost[np.ix_(rows, columns)], a[rows], b[columns]
    mass = p.sum()
    least = inner.min(1)
    rest = inner - least[:, None]
    lowest = rest.min(0)
    rest -= lowest
    rounding = 8 * np.finfo(float).eps * (np.abs(inner) + np.abs(least)[:, None] + np.abs(lowest))
    few, u, v, paid, optimal = _optimum(rest, (p / mass, q / q.sum()), rounding, noise)
    f, g = np.full(len(a), np.inf), np.full(len(b), np.inf)
    f[rows], g[columns] = u + least, v + lowest
    plan = np.zeros_like(cost)
    plan[np.ix_(rows, columns)] = mass * few
    # a point without mass pays what lets it just reach the others
    idle, spare = np.flatnonzero(a <= 0), np.flatnonzero(b <= 0)
    f[idle] = (cost[np.ix_(idle, columns)] - g[columns]).min(1)
    g[spare] = (cost[:, spare] - f[:, None]).min(0)
    value = float(p @ least + mass * (q / q.sum() @ lowest + paid))
    return Vertex(plan, f, g, value, optimal)


def _optimum(
    rest: np.ndarray, weights: tuple[np.ndarray, np.ndarray], rounding: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, bool]:
    """Plan, potentials, cost of the plan, and whether plan and potentials prove it the least.

    Args:
        rest: costs >= 0, (n, m).
        weights: of mass 1, (n,) and (m,).
        rounding: of every cost, (n, m).
        noise: masses that do not count.
    """
    ot = late_import("ot")
    p, q = weights
    points = min(rest.shape)
    while True:
        scale = rest.max() or 1.0
        plan, log = ot.emd(p, q, rest / scale, numItermax=MAX_ITERATIONS, log=True)
        u, v = scale * log["u"], scale * log["v"]
        carries = plan > noise * sum(rest.shape)
        used, unsure = rest[carries].max(), rounding[carries].max()
        ceiling = (points + 1) * used
        # a plan that costs nothing is optimal; nor is there much to gain from little
        if used <= unsure or scale <= 4 * ceiling:
            break
        rest = np.minimum(rest, ceiling)
    # u + v <= rest holds but for POT's tolerance: the largest potentials that keep it exactly
    u = (rest - v).min(1)
    v = (rest - u[:, None]).min(0)
    paid = float((plan * rest).sum())
    gap = paid - p @ u - q @ v
    optimal = log["warning"] is None and bool(gap <= GAP * used + unsure)
    return plan, u, v, paid, optimal
