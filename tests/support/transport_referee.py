"""Referees of transport that share no line with the solver: decimal arithmetic, weak duality."""

from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, rel_entr

DIGITS = 80
RIDGE = Decimal(10) ** -60
MAX_STEPS = 300


class Answer(NamedTuple):
    """The entropic optimum of one problem, rounded to float64: plan (n, m) and value."""

    plan: np.ndarray
    value: float


def entropic_optimum(cost: np.ndarray, a: np.ndarray, b: np.ndarray, epsilon: float) -> Answer:
    """Minimise ⟨P, C⟩ + ε KL(P ‖ a bᵀ) to 25 digits, in 80-digit arithmetic.

    Damped Newton on the dual, from a large epsilon down. The plan has the Gibbs form by
    construction, so marginals that are right to 25 digits, which is asserted, make it the optimum.
    For some ten points: a sum over pairs takes a millisecond.

    Args:
        cost: (n, m).
        a: (n,), zeros allowed; the totals of a and b may differ by rounding.
        b: (m,).
        epsilon: in units of the cost.
    """
    n, m = cost.shape
    rows, columns = np.flatnonzero(a > 0), np.flatnonzero(b > 0)
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = DIGITS, -(10**15), 10**15
        total = sum(Decimal(float(x)) for x in a)
        p = [Decimal(float(a[i])) / total for i in rows]
        mass_b = sum(Decimal(float(b[j])) for j in columns)
        q = [Decimal(float(b[j])) / mass_b for j in columns]
        bits = [[Decimal(float(cost[i, j])) / Decimal(epsilon) for j in columns] for i in rows]
        if len(rows) > len(columns):
            turned = [list(column) for column in zip(*bits, strict=True)]
            kernel, value = _solve(turned, q, p)
            kernel = [list(row) for row in zip(*kernel, strict=True)]
        else:
            kernel, value = _solve(bits, p, q)
        plan = np.zeros((n, m))
        for i, row in zip(rows, kernel, strict=True):
            for j, x in zip(columns, row, strict=True):
                plan[i, j] = float(x * total)
        # for weights of mass M the plan is M times that of mass 1, and KL(M P ‖ M² a bᵀ) adds a log
        value = total * Decimal(epsilon) * (value - total.ln())
        return Answer(plan, float(value))


def duality_gap(
    cost: np.ndarray, a: np.ndarray, b: np.ndarray, epsilon: float, plan: np.ndarray, f: np.ndarray
) -> float:
    """What the plan costs beyond the bound that any f gives, >= 0 but for its marginals' error.

    The dual with the best g for f, in float64 and in the log domain; for any number of points.
    """
    with np.errstate(divide="ignore"):
        g = -epsilon * logsumexp((f[:, None] - cost) / epsilon + np.log(a)[:, None], axis=0)
    primal = (plan * cost).sum() + epsilon * rel_entr(plan, np.outer(a, b)).sum()
    return float(primal - (a[a > 0] @ f[a > 0] + b[b > 0] @ g[b > 0]))


class Unbalanced(NamedTuple):
    """An unbalanced problem: cost (n, m), weights, epsilon and penalty."""

    cost: np.ndarray
    a: np.ndarray
    b: np.ndarray
    epsilon: float
    penalty: float

    def primal(self, plan: np.ndarray) -> float:
        """What a plan costs."""

        def kl(p: np.ndarray, q: np.ndarray) -> float:
            return float((rel_entr(p, q) - p + q).sum())

        left = kl(plan.sum(1), self.a) + kl(plan.sum(0), self.b)
        blurred = kl(plan, np.outer(self.a, self.b))
        return float((plan * self.cost).sum()) + self.epsilon * blurred + self.penalty * left

    def dual(self, f: np.ndarray, g: np.ndarray) -> float:
        """What no plan can cost less than."""
        kept = self.a @ -np.expm1(-f / self.penalty) + self.b @ -np.expm1(-g / self.penalty)
        exponent = (f[:, None] + g - self.cost) / self.epsilon
        masses = np.outer(self.a, self.b)
        # Where no mass is, a potential may be anything, and its power beyond any number.
        moved = masses * np.expm1(np.where(masses > 0, exponent, 0.0))
        return float(self.penalty * kept - self.epsilon * moved.sum())


def _plan(cost, f, p, q):  # type: ignore[no-untyped-def]
    """Plan, row sums and dual value of potentials f, the others being their exact answer."""
    exponents = [[x - c for c in row] for x, row in zip(f, cost, strict=True)]
    tops = [max(column) for column in zip(*exponents, strict=True)]
    powers = [
        [w * (x - top).exp() for x, top in zip(row, tops, strict=True)]
        for w, row in zip(p, exponents, strict=True)
    ]
    sums = [sum(column) for column in zip(*powers, strict=True)]
    plan = [[x * y / s for x, y, s in zip(row, q, sums, strict=True)] for row in powers]
    dual = sum(w * x for w, x in zip(p, f, strict=True)) - sum(
        y * (s.ln() + top) for y, s, top in zip(q, sums, tops, strict=True)
    )
    return plan, [sum(row) for row in plan], dual


def _solve(cost, p, q):  # type: ignore[no-untyped-def]
    """Plan and value for weights of mass 1, costs in units of epsilon."""
    n = len(p)
    reach = max(max(row) for row in cost) - min(min(row) for row in cost)
    levels = max(0, int((reach / 4).ln() / Decimal(2).ln()) + 1) if reach > 4 else 0
    f = [Decimal(0)] * n
    for level in range(levels, -1, -1):
        share = Decimal(2) ** -level
        softened = [[c * share for c in row] for row in cost]
        target = Decimal("1e-25") if level == 0 else Decimal("1e-3")
        g = [x * share for x in f]
        plan, dual = _newton(softened, p, q, g, target)
        f = [x / share for x in g]
    return plan, dual


def _newton(cost, p, q, f, target):  # type: ignore[no-untyped-def]
    """Improve f in place until every row is right to ``target`` of its own weight."""
    plan, rows, dual = _plan(cost, f, p, q)
    for _ in range(MAX_STEPS):
        if all(abs(r - w) <= target * w for r, w in zip(rows, p, strict=True)):
            return plan, dual
        step = _direction(plan, q, [w - r for w, r in zip(p, rows, strict=True)])
        reach = max(step) - min(step)
        length = Decimal(1) if reach <= 1 else (1 + reach).ln() / reach
        while True:
            trial = [x + length * s for x, s in zip(f, step, strict=True)]
            found = _plan(cost, trial, p, q)
            if found[2] >= dual or length < Decimal("1e-30"):
                break
            length /= 2
        f[:] = trial
        plan, rows, dual = found
        scaled = [w / r for w, r in zip(p, rows, strict=True)]
        f[:] = [x + s.ln() for x, s in zip(f, scaled, strict=True)]  # one update of Sinkhorn
        plan, rows, dual = _plan(cost, f, p, q)
    raise AssertionError("The referee did not converge.")


def _direction(plan, q, residual):  # type: ignore[no-untyped-def]
    """Newton's direction: (diag(rows) − P diag(1/q) Pᵀ + ridge) x = residual."""
    n = len(residual)
    system = [
        [-sum(x * y / w for x, y, w in zip(one, two, q, strict=True)) for two in plan]
        for one in plan
    ]
    for i in range(n):
        system[i][i] = RIDGE - sum(system[i][j] for j in range(n) if j != i)
    right = list(residual)
    for k in range(n):
        for i in range(k + 1, n):
            factor = system[i][k] / system[k][k]
            if factor:
                system[i] = [x - factor * y for x, y in zip(system[i], system[k], strict=True)]
                right[i] -= factor * right[k]
    found = [Decimal(0)] * n
    for i in reversed(range(n)):
        rest = sum(system[i][j] * found[j] for j in range(i + 1, n))
        found[i] = (right[i] - rest) / system[i][i]
    return found
