"""Relatives of the entropic plan behind the same result type: exact and unbalanced transport."""

import numpy as np
import torch
from torch import Tensor

from . import log_domain
from .entropic import DEFAULT_TOLERANCE, Envelope
from .kernels import BITS, kernel
from .result import Transport
from .validation import (
    check_masses,
    check_range,
    checked_cost,
    checked_iterations,
    checked_positive,
    checked_weights,
    warn_not_converged,
    working_dtype,
)

UNBALANCED_CHECK_EVERY = 10
EXACT_ITERATIONS = 1_000_000


def exact_transport(cost: Tensor, a: Tensor | None = None, b: Tensor | None = None) -> Transport:
    """Transport without entropy, the limit of :func:`sinkhorn` as epsilon goes to 0.

    Solved one problem at a time on the CPU in float64 by POT's network simplex: for teaching and
    for small problems, not for training loops. The value's gradient is the plan (an optimal plan
    need not be unique; then this is one of many gradients).

    Args:
        cost: (..., n, m).
        a: source weights, (n,) or (..., n), uniform by default.
        b: target weights, (m,) or (..., m).

    Returns:
        Plan, potentials with f[i] + g[j] <= cost[i, j], and value ⟨P, C⟩.

    Raises:
        InputError: as :func:`sinkhorn`.
    """
    import ot  # a heavy import, wanted here only

    checked_cost(cost)
    cost = cost.to(working_dtype(cost, a, b))
    a = checked_weights("a", a, cost, cost.shape[-2])
    b = checked_weights("b", b, cost, cost.shape[-1])
    check_masses(a, b)
    batch, (n, m) = cost.shape[:-2], cost.shape[-2:]

    def host(t: Tensor, *shape: int) -> np.ndarray:
        return t.detach().reshape(-1, *shape).double().cpu().numpy()

    plans, fs, gs, fine = [], [], [], []
    for one, p, q in zip(host(cost, n, m), host(a, n), host(b, m), strict=True):
        q = q * (p.sum() / q.sum())  # the simplex wants equal totals to the last digit
        plan, log = ot.emd(p, q, one, numItermax=EXACT_ITERATIONS, log=True)
        plans.append(plan)
        fs.append(log["u"])
        gs.append(log["v"])
        fine.append(log["warning"] is None)
    plan = torch.as_tensor(np.stack(plans)).to(cost).reshape(cost.shape)
    f = torch.as_tensor(np.stack(fs)).to(cost).reshape(*batch, n)
    g = torch.as_tensor(np.stack(gs)).to(cost).reshape(*batch, m)
    with torch.no_grad():
        error = _marginal_error(plan, a, b)
        value = (plan * cost).sum((-1, -2))
    converged = torch.as_tensor(fine, device=cost.device).reshape(batch)
    if not all(fine):
        warn_not_converged(float(error.max()), 0.0, EXACT_ITERATIONS, EXACT_ITERATIONS, cost.dtype)
    value = Envelope.apply(cost, a, b, plan, f, g, value)
    return Transport(plan, f, g, value, converged, 0, error)


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
    """Entropic transport that may leave mass behind where moving it costs too much.

    Minimises ⟨P, C⟩ + epsilon KL(P ‖ a bᵀ) + penalty KL(P 1 ‖ a) + penalty KL(Pᵀ 1 ‖ b), with
    KL(P ‖ Q) = Σ P log(P / Q) − P + Q. Setting its derivative to zero gives Sinkhorn's update with
    each potential shrunk by penalty / (penalty + epsilon), and P 1 = a exp(−f / penalty). Our own
    rather than POT's, which knows no batches, no log-domain and no potentials; POT is its referee.

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
        InputError: as :func:`sinkhorn`, but for unequal totals, which are welcome here.

    Warns:
        ConvergenceWarning: if the tolerance was not reached.
    """
    epsilon = checked_positive("epsilon", epsilon)
    penalty = checked_positive("penalty", penalty)
    max_iterations = checked_iterations(max_iterations)
    largest = checked_cost(cost)
    with torch.autocast(cost.device.type, enabled=False):
        cost = cost.to(working_dtype(cost, a, b))
        limit = DEFAULT_TOLERANCE[cost.dtype] if tolerance is None else tolerance
        limit = checked_positive("tolerance", limit)
        check_range("epsilon", epsilon, largest, cost.dtype)
        check_range("penalty", penalty, largest, cost.dtype)
        a = checked_weights("a", a, cost, cost.shape[-2]).detach()
        b = checked_weights("b", b, cost, cost.shape[-1]).detach()
        with torch.no_grad():
            solved = _solve_unbalanced(cost, a, b, epsilon, penalty, limit, max_iterations)
        plan, f, g, value, error, iterations = solved
        converged = error <= limit
        if not bool(converged.all()):
            warn_not_converged(float(error.max()), limit, iterations, max_iterations, cost.dtype)
        value = Envelope.apply(cost, a, b, plan, f, g, value)
    return Transport(plan, f, g, value, converged, iterations, error)


def _solve_unbalanced(
    cost: Tensor,
    a: Tensor,
    b: Tensor,
    epsilon: float,
    penalty: float,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, int]:
    batch, (n, m) = cost.shape[:-2], cost.shape[-2:]
    bit = epsilon / BITS
    bits = cost.reshape(-1, n, m) / bit
    a, b = a.reshape(-1, n), b.reshape(-1, m)
    log_a, log_b, mass = a.log2(), b.log2(), a.sum(-1)
    shrink = penalty / (penalty + epsilon)
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    error, done = torch.full_like(mass, torch.inf), 0
    while done < max_iterations and not bool((error <= tolerance).all()):
        for _ in range(min(UNBALANCED_CHECK_EVERY, max_iterations - done)):
            g = shrink * log_domain.update_g(bits, f, log_a)
            free = log_domain.update_f(bits, g, log_b)
            # the rows hold a 2^(f - free), and should hold a exp(-f / penalty)
            wanted = torch.exp(-f * (bit / penalty))
            error = (a * ((f - free).exp2() - wanted).abs()).sum(-1) / mass
            f = shrink * free
            done += 1
    plan = kernel(bits, f, g) * a.unsqueeze(-1) * b.unsqueeze(-2)
    f, g = bit * f, bit * g
    kept = (a * -torch.expm1(-f / penalty)).sum(-1) + (b * -torch.expm1(-g / penalty)).sum(-1)
    value = penalty * kept + epsilon * (mass * b.sum(-1) - plan.sum((-1, -2)))
    return (
        plan.reshape(cost.shape),
        f.reshape(*batch, n),
        g.reshape(*batch, m),
        value.reshape(batch),
        error.reshape(batch),
        done,
    )


def _marginal_error(plan: Tensor, a: Tensor, b: Tensor) -> Tensor:
    rows = (plan.sum(-1) - a).abs().sum(-1)
    columns = (plan.sum(-2) - b).abs().sum(-1)
    return torch.maximum(rows, columns) / a.sum(-1)
