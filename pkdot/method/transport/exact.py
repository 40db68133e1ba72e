"""Transport without entropy, by the network simplex."""

import numpy as np
import torch
from torch import Tensor

from .entropic import Envelope
from .result import Transport
from .validation import (
    check_masses,
    checked_cost,
    checked_weights,
    warn_not_converged,
    working_dtype,
)

MAX_ITERATIONS = 1_000_000


def exact_transport(cost: Tensor, a: Tensor | None = None, b: Tensor | None = None) -> Transport:
    """Transport without entropy, the limit of :func:`sinkhorn` as epsilon goes to 0.

    Solved one problem at a time on the CPU in float64: for teaching and for small problems, not for
    training loops. The value's gradient is the plan (an optimal plan need not be unique; then this
    is one of many gradients).

    Args:
        cost: (..., n, m).
        a: source weights, (n,) or (..., n), uniform by default.
        b: target weights, (m,) or (..., m).

    Returns:
        Plan, potentials with f[i] + g[j] <= cost[i, j], and value ⟨P, C⟩.

    Raises:
        InputError: as :func:`sinkhorn`.

    Warns:
        ConvergenceWarning: if the simplex stopped before its optimum.

    Source: the network simplex of Bonneel et al., "Displacement interpolation using Lagrangian mass
    transport", 2011, as POT has it (Flamary et al., JMLR 2021).
    """
    import ot  # a heavy import, needed here only

    checked_cost(cost)
    cost = cost.to(working_dtype(cost, a, b))
    a = checked_weights("a", a, cost, cost.shape[-2])
    b = checked_weights("b", b, cost, cost.shape[-1])
    check_masses(a, b)
    batch, (n, m) = cost.shape[:-2], cost.shape[-2:]

    def host(t: Tensor, *shape: int) -> np.ndarray:
        return t.detach().reshape(-1, *shape).double().cpu().numpy()

    plans, fs, gs, optimal = [], [], [], []
    for one, p, q in zip(host(cost, n, m), host(a, n), host(b, m), strict=True):
        q = q * (p.sum() / q.sum())  # the simplex needs equal totals to the last digit
        plan, log = ot.emd(p, q, one, numItermax=MAX_ITERATIONS, log=True)
        plans.append(plan)
        fs.append(log["u"])
        gs.append(log["v"])
        optimal.append(log["warning"] is None)
    plan = torch.as_tensor(np.stack(plans)).to(cost).reshape(cost.shape)
    f = torch.as_tensor(np.stack(fs)).to(cost).reshape(*batch, n)
    g = torch.as_tensor(np.stack(gs)).to(cost).reshape(*batch, m)
    with torch.no_grad():
        error = _marginal_error(plan, a, b)
        value = (plan * cost).sum((-1, -2))
    converged = torch.as_tensor(optimal, device=cost.device).reshape(batch)
    if not all(optimal):
        warn_not_converged(float(error.max()), 0.0, MAX_ITERATIONS, MAX_ITERATIONS, cost.dtype)
    value = Envelope.apply(cost, a, b, plan, f, g, value)
    return Transport(plan, f, g, value, converged, 0, error)


def _marginal_error(plan: Tensor, a: Tensor, b: Tensor) -> Tensor:
    rows = (plan.sum(-1) - a).abs().sum(-1)
    columns = (plan.sum(-2) - b).abs().sum(-1)
    return torch.maximum(rows, columns) / a.sum(-1)
