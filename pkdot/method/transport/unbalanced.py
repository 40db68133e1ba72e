"""Entropic transport that may leave mass behind where moving it costs too much."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..checks import checked_positive
from . import log_domain
from .entropic import DEFAULT_TOLERANCE, Envelope
from .kernels import BITS, kernel, log_sum
from .problem import Limits
from .result import Transport
from .solver import widest
from .validation import (
    check_range,
    checked_cost,
    checked_iterations,
    checked_weights,
    warn_not_converged,
    warn_not_resolved,
    working_dtype,
)
from .wide import too_far

CHECK_EVERY = 10
STALLED_CHECKS = 10


def unbalanced_transport(
    cost: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    epsilon: float,
    penalty: float,
    tolerance: float | None = None,
    max_iterations: int = 100_000,
) -> Transport:
    """Entropic transport whose marginals are wanted, not required.

    Minimises ⟨P, C⟩ + epsilon KL(P ‖ a bᵀ) + penalty KL(P 1 ‖ a) + penalty KL(Pᵀ 1 ‖ b), with
    KL(P ‖ Q) = Σ P log(P / Q) − P + Q. Setting its derivative to zero gives the update of
    Sinkhorn–Knopp with each potential shrunk by penalty / (penalty + epsilon), and
    P 1 = a exp(−f / penalty). Written here because POT's solver has no batches, no log domain and
    no potentials; tests compare with it.

    Args:
        cost: (..., n, m).
        a: source weights, (n,) or (..., n); totals may differ from those of b. Constants to
            autograd, as are b's.
        b: target weights, (m,) or (..., m).
        epsilon: strength of the entropy, in units of the cost.
        penalty: price of a unit of mass that is left behind, in units of the cost.
        tolerance: where to stop, see Returns; 1e-9 in float64, 1e-5 in float32 by default.
        max_iterations: updates of both potentials at most.

    Returns:
        As :func:`sinkhorn`; ``marginal_error`` is the sum of |P 1 − a exp(−f / penalty)| per unit
        of a's mass, which is zero at the optimum. Where a measure is empty nothing moves: the plan
        is zero, the other measure pays for all of its mass, and its potentials are infinite.

    Raises:
        InputError: as :func:`sinkhorn`, but not for unequal totals.

    Warns:
        ConvergenceWarning: if the tolerance was not reached.

    Source: Chizat, Peyré, Schmitzer and Vialard, "Scaling algorithms for unbalanced optimal
    transport problems", Math. Comp. 87, 2018, arXiv 1607.05816; the constant between the potentials
    as in Séjourné, Vialard and Peyré, "Faster Unbalanced Optimal Transport: Translation invariant
    Sinkhorn and 1-D Frank-Wolfe", AISTATS 2022, arXiv 2201.00730.
    """
    epsilon = checked_positive("epsilon", epsilon)
    penalty = checked_positive("penalty", penalty)
    max_iterations = checked_iterations(max_iterations)
    largest = checked_cost(cost)
    with torch.autocast(cost.device.type, enabled=False):
        cost = cost.to(working_dtype(cost, a, b))
        limit = DEFAULT_TOLERANCE[cost.dtype] if tolerance is None else tolerance
        limits = Limits(checked_positive("tolerance", limit), max_iterations)
        check_range("epsilon", epsilon, largest, cost.dtype)
        check_range("penalty", penalty, largest, cost.dtype)
        a = checked_weights("a", a, cost, cost.shape[-2]).detach()
        b = checked_weights("b", b, cost, cost.shape[-1]).detach()
        with torch.no_grad():
            solved = _solve(_Problem(cost, a, b, epsilon, penalty), limits)
        if not bool(solved.converged.all()):
            error, made = float(solved.marginal_error.max()), solved.iterations
            if error <= limits.tolerance:
                warn_not_resolved(largest / epsilon)
            else:
                warn_not_converged(error, limits.tolerance, made, max_iterations, cost.dtype)
        value = Envelope.apply(cost, a, b, solved.plan, solved.f, solved.g, solved.value)
    return replace(solved, value=value)


@dataclass(frozen=True, eq=False)
class _Problem:
    """Cost (..., n, m), weights (..., n) and (..., m), and both prices in units of the cost."""

    cost: Tensor
    a: Tensor
    b: Tensor
    epsilon: float
    penalty: float


def _solve(problem: _Problem, limits: Limits) -> Transport:
    """The plan and its health; leading axes are flattened and restored.

    Problems with an empty measure are left out, as there is nothing to iterate. Potentials are
    taken to float64 where their rounding would drown epsilon.
    """
    cost, (n, m) = problem.cost, problem.cost.shape[-2:]
    batch, dtype = cost.shape[:-2], cost.dtype
    cost, a, b = cost.reshape(-1, n, m), problem.a.reshape(-1, n), problem.b.reshape(-1, m)
    ready = replace(problem, cost=cost, a=a, b=b)
    full = (a.sum(-1) > 0) & (b.sum(-1) > 0)
    every = bool(full.all())
    if every:
        solved = _iterate(ready, limits)
    else:
        solved = _nothing_moves(ready, full)
        if bool(full.any()):
            rest = replace(ready, cost=cost[full], a=a[full], b=b[full])
            solved.put(full, _iterate(rest, limits))
    return Transport(
        solved.plan.reshape(problem.cost.shape).to(dtype),
        solved.f.reshape(*batch, n).to(dtype),
        solved.g.reshape(*batch, m).to(dtype),
        solved.value.reshape(batch).to(dtype),
        ((solved.error <= limits.tolerance) & solved.resolved).reshape(batch),
        solved.iterations,
        solved.error.reshape(batch).to(dtype),
    )


@dataclass
class _Solved:
    """Plan (p, n, m), potentials (p, n) and (p, m) in units of the cost, and per problem (p,)."""

    plan: Tensor
    f: Tensor
    g: Tensor
    value: Tensor
    error: Tensor
    resolved: Tensor
    iterations: int

    def put(self, where: Tensor, some: "_Solved") -> None:
        """Take the problems ``where``, (p,) bool, from another."""
        for name in ("plan", "f", "g", "value", "error", "resolved"):
            own = getattr(self, name)
            own[where] = getattr(some, name).to(own)
        self.iterations = max(self.iterations, some.iterations)


def _nothing_moves(problem: _Problem, full: Tensor) -> _Solved:
    """The answer where a measure is empty: all mass stays behind, and pays for it."""
    a, b = problem.a, problem.b
    mass_a, mass_b = a.sum(-1), b.sum(-1)
    value = problem.penalty * (mass_a + mass_b) + problem.epsilon * mass_a * mass_b
    # P 1 = a exp(−f / penalty): no finite potential leaves all of a mass behind
    f, g = (torch.where(w > 0, torch.inf, 0.0).to(w) for w in (a, b))
    zero = torch.zeros_like(mass_a)
    return _Solved(torch.zeros_like(problem.cost), f, g, value, zero, torch.ones_like(full), 0)


def _iterate(problem: _Problem, limits: Limits) -> _Solved:
    """Solve problems whose measures have mass; in float64 where float32 is too narrow."""
    solved = _sinkhorn(problem, limits)
    wide = widest(problem.cost.device)
    right = solved.resolved & (solved.error <= limits.tolerance)
    if problem.cost.dtype != wide and not bool(right.all()):
        tensors = {name: getattr(problem, name).to(wide) for name in ("cost", "a", "b")}
        solved = _sinkhorn(replace(problem, **tensors), limits)
    return solved


def _sinkhorn(problem: _Problem, limits: Limits) -> _Solved:
    """The scaling algorithm in the log domain; stops early where its error falls no more."""
    epsilon, penalty = problem.epsilon, problem.penalty
    bit = epsilon / BITS
    bits, a, b = problem.cost / bit, problem.a, problem.b
    log_a, log_b, mass = a.log2(), b.log2(), a.sum(-1)
    ratio = epsilon / penalty
    shrink = 1.0 / (1.0 + ratio)
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    error = torch.full_like(mass, torch.inf)
    worst, best, done, stalled = math.inf, math.inf, 0, 0
    while worst > limits.tolerance and stalled < STALLED_CHECKS and done < limits.max_iterations:
        if done:  # the best constant to move from f to g, along which the updates crawl
            behind = log_sum(log_a - ratio * f, -1) - log_sum(log_b - ratio * g, -1)
            f = f + (behind / (2.0 * ratio)).unsqueeze(-1)
        for _ in range(min(CHECK_EVERY, limits.max_iterations - done)):
            g = shrink * log_domain.update_g(bits, f, log_a)
            free = log_domain.update_f(bits, g, log_b)
            # the rows hold a 2^(f − free), and should hold a exp(−f / penalty)
            wanted = torch.exp(-f * (bit / penalty))
            error = (a * ((f - free).exp2() - wanted).abs()).sum(-1) / mass
            f = shrink * free
            done += 1
        worst = float(error.amax())  # NaN ends the loop
        stalled = 0 if worst < best else stalled + 1
        best = min(best, worst)
    plan = kernel(bits, f, g) * a.unsqueeze(-1) * b.unsqueeze(-2)
    # a point that keeps less than exp(−100) of its mass behaves the same at any higher potential
    deserted = 100.0 * penalty / bit
    resolved = ~too_far(f.clamp_max(deserted), g.clamp_max(deserted))
    f, g = bit * f, bit * g
    kept = (a * -torch.expm1(-f / penalty)).sum(-1) + (b * -torch.expm1(-g / penalty)).sum(-1)
    value = penalty * kept + epsilon * (mass * b.sum(-1) - plan.sum((-1, -2)))
    return _Solved(plan, f, g, value, error, resolved, done)
