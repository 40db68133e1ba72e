"""Entropic transport for a given cost: both marginals are met exactly."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from . import log_domain, newton
from .checks import (
    check_masses,
    checked_cost,
    checked_iterations,
    checked_positive,
    checked_weights,
    warn_not_converged,
    working_dtype,
)
from .result import Transport

DEFAULT_TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-9}


def sinkhorn(
    cost: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    epsilon: float,
    tolerance: float | None = None,
    max_iterations: int = 10_000,
) -> Transport:
    """The entropic transport plan between two sets of weighted points.

    Minimises ⟨P, C⟩ + epsilon · KL(P ‖ a bᵀ), with KL(P ‖ Q) = Σ P log(P / Q), over all plans P
    whose rows sum to ``a`` and whose columns sum to ``b``. ``value`` is that minimum. Its gradient
    is the envelope's: the plan for the cost, the potentials for the weights (each set of weights
    is meant to keep its total, so a constant in its gradient has no meaning).

    Args:
        cost: C, shape (..., n, m); leading axes are a batch of separate problems.
        a: source weights, (n,) or (..., n); uniform, summing to 1, by default. Zeros are allowed.
        b: target weights, (m,) or (..., m), of the same total as ``a``.
        epsilon: strength of the entropy, in units of the cost.
        tolerance: marginal error at which to stop (see :class:`Transport`); 1e-9 in float64 and
            1e-5 in float32 by default.
        max_iterations: updates of the pair of potentials at most.

    Returns:
        The plan with its potentials, value and health. Work is done in float32, or in float64 if
        any input is, whatever autocast is in force.

    Raises:
        InputError: for NaN or infinite costs, epsilon <= 0, weights that are negative or differ in
            total, or shapes that do not match.

    Warns:
        ConvergenceWarning: if the tolerance was not reached; ``converged`` is then False.
    """
    epsilon = checked_positive("epsilon", epsilon)
    max_iterations = checked_iterations(max_iterations)
    checked_cost(cost)
    with torch.autocast(cost.device.type, enabled=False):
        cost = cost.to(working_dtype(cost, a, b))
        limit = DEFAULT_TOLERANCE[cost.dtype] if tolerance is None else tolerance
        limit = checked_positive("tolerance", limit)
        a = checked_weights("a", a, cost, cost.shape[-2])
        b = checked_weights("b", b, cost, cost.shape[-1])
        check_masses(a, b)
        with torch.no_grad():
            solved = _solve(cost, a, b, epsilon, limit, max_iterations)
        if not bool(solved.converged.all()):
            warn_not_converged(
                float(solved.marginal_error.max()), limit, solved.iterations, cost.dtype
            )
        value = _Envelope.apply(cost, a, b, solved)
    return Transport(
        solved.plan,
        solved.f,
        solved.g,
        value,
        solved.converged,
        solved.iterations,
        solved.marginal_error,
    )


def _solve(
    cost: Tensor, a: Tensor, b: Tensor, epsilon: float, tolerance: float, max_iterations: int
) -> Transport:
    """The plan and its health; leading axes are flattened for the solver and restored."""
    batch, (n, m) = cost.shape[:-2], cost.shape[-2:]
    flat = cost.reshape(-1, n, m)
    # An offset common to a row moves into its potential: the solver then sees small numbers.
    offset = flat.amin(-1)
    scaled = (flat - offset.unsqueeze(-1)) / epsilon
    a, b = a.reshape(-1, n), b.reshape(-1, m)
    log_a, log_b = a.log(), b.log()
    f, g, iterations = solve(scaled, log_a, log_b, tolerance, max_iterations)
    plan = log_domain.log_plan(scaled, f, g, log_a, log_b).exp()
    f, g = offset + epsilon * f, epsilon * g
    error = marginal_error(plan, a, b)
    value = (a * f).sum(-1) + (b * g).sum(-1)
    return Transport(
        plan.reshape(cost.shape),
        f.reshape(*batch, n),
        g.reshape(*batch, m),
        value.reshape(batch),
        (error <= tolerance).reshape(batch),
        iterations,
        error.reshape(batch),
    )


def solve(
    cost: Tensor, log_a: Tensor, log_b: Tensor, tolerance: float, max_iterations: int
) -> tuple[Tensor, Tensor, int]:
    """Potentials (f, g) in units of epsilon: annealing, Sinkhorn, and Newton where that crawls."""
    g, done = log_domain.anneal(cost, log_a, log_b)
    warm_up = min(10, max(1, max_iterations - done))
    f, g, more = log_domain.solve(cost, log_a, log_b, g, tolerance, warm_up)
    done += more
    if more == warm_up and done < max_iterations:
        f, g, more = newton.solve(cost, log_a, log_b, f, tolerance, max_iterations - done)
        done += more
    return f, g, done


def marginal_error(plan: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The larger of both L1 deviations per unit of mass, plan (..., n, m), weights -> (...,)."""
    rows = (plan.sum(-1) - a).abs().sum(-1)
    columns = (plan.sum(-2) - b).abs().sum(-1)
    return torch.maximum(rows, columns) / a.sum(-1)


class _Envelope(torch.autograd.Function):
    """At the optimum the value moves with its data as if plan and potentials stood still."""

    @staticmethod
    def forward(ctx: Any, cost: Tensor, a: Tensor, b: Tensor, solved: Transport) -> Tensor:
        ctx.save_for_backward(solved.plan, solved.f, solved.g)
        return solved.value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        plan, f, g = ctx.saved_tensors
        for_cost, for_a, for_b, _ = ctx.needs_input_grad
        return (
            grad[..., None, None] * plan if for_cost else None,
            grad[..., None] * f if for_a else None,
            grad[..., None] * g if for_b else None,
            None,
        )
