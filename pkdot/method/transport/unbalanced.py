"""Entropic transport that may leave mass behind where moving it costs too much."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from . import log_domain
from .entropic import DEFAULT_TOLERANCE, Envelope
from .kernels import BITS, kernel
from .problem import Limits
from .result import Transport
from .validation import (
    check_range,
    checked_cost,
    checked_iterations,
    checked_positive,
    checked_weights,
    warn_not_converged,
    working_dtype,
)

CHECK_EVERY = 10


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
        max_iterations: updates of both potentials at most; some penalty / epsilon are needed.

    Returns:
        As :func:`sinkhorn`; ``marginal_error`` is the sum of |P 1 − a exp(−f / penalty)| per unit
        of a's mass, which is zero at the optimum.

    Raises:
        InputError: as :func:`sinkhorn`, but not for unequal totals.

    Warns:
        ConvergenceWarning: if the tolerance was not reached.

    Source: Chizat, Peyré, Schmitzer and Vialard, "Scaling algorithms for unbalanced optimal
    transport problems", Math. Comp. 87, 2018, arXiv 1607.05816.
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
    epsilon, penalty = problem.epsilon, problem.penalty
    batch, (n, m) = problem.cost.shape[:-2], problem.cost.shape[-2:]
    bit = epsilon / BITS
    bits = problem.cost.reshape(-1, n, m) / bit
    a, b = problem.a.reshape(-1, n), problem.b.reshape(-1, m)
    log_a, log_b, mass = a.log2(), b.log2(), a.sum(-1)
    shrink = penalty / (penalty + epsilon)
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    error, done = torch.full_like(mass, torch.inf), 0
    while done < limits.max_iterations and not bool((error <= limits.tolerance).all()):
        for _ in range(min(CHECK_EVERY, limits.max_iterations - done)):
            g = shrink * log_domain.update_g(bits, f, log_a)
            free = log_domain.update_f(bits, g, log_b)
            # the rows hold a 2^(f − free), and should hold a exp(−f / penalty)
            wanted = torch.exp(-f * (bit / penalty))
            error = (a * ((f - free).exp2() - wanted).abs()).sum(-1) / mass
            f = shrink * free
            done += 1
    plan = kernel(bits, f, g) * a.unsqueeze(-1) * b.unsqueeze(-2)
    f, g = bit * f, bit * g
    kept = (a * -torch.expm1(-f / penalty)).sum(-1) + (b * -torch.expm1(-g / penalty)).sum(-1)
    value = penalty * kept + epsilon * (mass * b.sum(-1) - plan.sum((-1, -2)))
    return Transport(
        plan.reshape(problem.cost.shape),
        f.reshape(*batch, n),
        g.reshape(*batch, m),
        value.reshape(batch),
        (error <= limits.tolerance).reshape(batch),
        done,
        error.reshape(batch),
    )
