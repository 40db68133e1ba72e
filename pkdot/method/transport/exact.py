"""Transport without entropy, by the network simplex."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .entropic import Envelope
from .result import Transport
from .simplex import MAX_ITERATIONS, Vertex, solve
from .validation import (
    check_masses,
    checked_cost,
    checked_weights,
    warn_not_converged,
    working_dtype,
)


def exact_transport(cost: Tensor, a: Tensor | None = None, b: Tensor | None = None) -> Transport:
    """Transport without entropy, the limit of :func:`sinkhorn` as epsilon goes to 0.

    Solved one problem at a time on the CPU in float64: for teaching and for small problems, not for
    training loops. The value's gradient is the plan (an optimal plan need not be unique; then this
    is one of many gradients).

    Args:
        cost: (..., n, m), of any scale; see :func:`pkdot.method.transport.simplex.solve` for
            costs that stand for a mask.
        a: source weights, (n,) or (..., n), uniform by default.
        b: target weights, (m,) or (..., m).

    Returns:
        Plan, potentials with f[i] + g[j] <= cost[i, j], and value ⟨P, C⟩. ``converged`` says that
        potentials prove the plan optimal, but for rounding.

    Raises:
        InputError: as :func:`sinkhorn`.

    Warns:
        ConvergenceWarning: if the simplex stopped before its optimum.

    Source: the network simplex of Bonneel et al., "Displacement interpolation using Lagrangian mass
    transport", 2011, as POT has it (Flamary et al., JMLR 2021).
    """
    checked_cost(cost)
    cost = cost.to(working_dtype(cost, a, b))
    a = checked_weights("a", a, cost, cost.shape[-2])
    b = checked_weights("b", b, cost, cost.shape[-1])
    check_masses(a, b)
    batch, (n, m) = cost.shape[:-2], cost.shape[-2:]
    noise = float(torch.finfo(cost.dtype).eps)

    def host(t: Tensor, *shape: int) -> np.ndarray:
        return t.detach().reshape(-1, *shape).double().cpu().numpy()

    found = [
        solve(one, p, q, noise)
        for one, p, q in zip(host(cost, n, m), host(a, n), host(b, m), strict=True)
    ]
    with torch.no_grad():
        all_of = _stacked(found, cost)
        plan, f, g = (
            all_of.plan.reshape(cost.shape),
            all_of.f.reshape(*batch, n),
            all_of.g.reshape(*batch, m),
        )
        error = _marginal_error(plan, a, b)
        value = all_of.value.reshape(batch)
    converged = torch.tensor([one.optimal for one in found], device=cost.device).reshape(batch)
    if not all(one.optimal for one in found):
        warn_not_converged(float(error.max()), 0.0, MAX_ITERATIONS, MAX_ITERATIONS, cost.dtype)
    value = Envelope.apply(cost, a, b, plan, f, g, value)
    return Transport(plan, f, g, value, converged, 0, error)


class _Stack(NamedTuple):
    """Vertices of p problems as tensors, batch axis p first."""

    plan: Tensor
    f: Tensor
    g: Tensor
    value: Tensor


def _stacked(found: list[Vertex], like: Tensor) -> _Stack:
    return _Stack(
        *(
            torch.as_tensor(np.stack([getattr(one, name) for one in found])).to(like)
            for name in _Stack._fields
        )
    )


def _marginal_error(plan: Tensor, a: Tensor, b: Tensor) -> Tensor:
    rows = (plan.sum(-1) - a).abs().sum(-1)
    columns = (plan.sum(-2) - b).abs().sum(-1)
    return torch.maximum(rows, columns) / a.sum(-1)
