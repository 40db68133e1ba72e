"""Entropic transport for a given cost: both marginals are met."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from ..checks import checked_flag, checked_positive
from . import solver, wide
from .kernels import BITS
from .problem import Limits, Problem
from .result import Transport
from .validation import (
    check_first_derivative,
    check_masses,
    check_range,
    checked_cost,
    checked_iterations,
    checked_weights,
    warn_not_converged,
    warn_not_resolved,
    working_dtype,
)

DEFAULT_TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-9}


def sinkhorn(
    cost: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    epsilon: float,
    tolerance: float | None = None,
    max_iterations: int = 10_000,
    relative: bool = False,
    start: Transport | None = None,
) -> Transport:
    """The entropic transport plan between two sets of weighted points.

    Minimises ⟨P, C⟩ + epsilon · KL(P ‖ a bᵀ), with KL(P ‖ Q) = Σ P log(P / Q), over all plans P
    whose rows sum to ``a`` and whose columns sum to ``b``. ``value`` is that minimum. Its gradient
    is the envelope's: the plan for the cost, the potentials for the weights (each set of weights
    is meant to keep its total, so a constant in its gradient has no meaning). Solved by stabilised
    Sinkhorn–Knopp, and by Newton on the dual where that is too slow, see
    :mod:`pkdot.method.transport.solver`.

    Args:
        cost: C, shape (..., n, m); leading axes are a batch of separate problems.
        a: source weights, (n,) or (..., n); uniform, summing to 1, by default. Zeros are allowed.
        b: target weights, (m,) or (..., m), of the same total as ``a``.
        epsilon: strength of the entropy, in units of the cost.
        relative: take ``epsilon`` as a fraction of the median cost instead, over the whole batch;
            the same number then means the same blur whatever the scale of the cost.
        start: an earlier result for a similar problem of the same shape; its ``g`` is where the
            iteration begins.
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

    Source: Cuturi, "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", NeurIPS
    2013, arXiv 1306.0895; the entropy relative to a bᵀ as in Feydy et al., AISTATS 2019, arXiv
    1810.08278.
    """
    epsilon = checked_positive("epsilon", epsilon)
    max_iterations = checked_iterations(max_iterations)
    largest = checked_cost(cost)
    with torch.autocast(cost.device.type, enabled=False):
        cost = cost.to(working_dtype(cost, a, b))
        limit = DEFAULT_TOLERANCE[cost.dtype] if tolerance is None else tolerance
        limits = Limits(checked_positive("tolerance", limit), max_iterations)
        uniform = a is None and b is None
        a = checked_weights("a", a, cost, cost.shape[-2])
        b = checked_weights("b", b, cost, cost.shape[-1])
        if not uniform:
            b = b * check_masses(a, b)
        if checked_flag("relative", relative):
            epsilon = relative_epsilon(cost, epsilon)
        check_range("epsilon", epsilon, largest, cost.dtype)
        guess = None if start is None else _checked_start(start, b)
        with torch.no_grad():
            solved = _solve(cost, a, b, _Terms(epsilon, largest, limits, uniform), guess)
        if not bool(solved.converged.all()):
            error, made = float(solved.marginal_error.max()), solved.iterations
            if error <= limits.tolerance:
                warn_not_resolved(largest / epsilon)
            else:
                warn_not_converged(error, limits.tolerance, made, max_iterations, cost.dtype)
        value = Envelope.apply(cost, a, b, solved.plan, solved.f, solved.g, solved.value)
    return replace(solved, value=value)


def relative_epsilon(cost: Tensor, fraction: float) -> float:
    """``fraction`` of the median entry of ``cost`` (..., n, m), or of its mean if that is zero.

    Raises:
        InputError: if every entry is zero, so that there is no scale to refer to.
    """
    cost = cost.detach()
    scale = float(cost.median()) or float(cost.mean())
    if not scale > 0:
        raise InputError(
            f"A relative epsilon needs a cost with a positive median; this one's is {scale:.3g}: "
            f"give epsilon in units of the cost instead."
        )
    return fraction * scale


def _checked_start(start: Transport, b: Tensor) -> Tensor:
    if not isinstance(start, Transport):
        raise InputError(
            f"start must be the result of another transport, not {type(start).__name__}."
        )
    if start.g.shape != b.shape or not bool(torch.isfinite(start.g).all()):
        raise InputError(
            f"The start's g has shape {tuple(start.g.shape)}, but this problem needs "
            f"{tuple(b.shape)} and finite numbers: start from a result of the same shape."
        )
    return start.g.to(b)


@dataclass(frozen=True)
class _Terms:
    """What goes with a cost.

    Attributes:
        epsilon: in units of the cost.
        largest: no cost is larger in magnitude.
        limits: when to stop.
        uniform: whether all weights are known to sum to 1.
    """

    epsilon: float
    largest: float
    limits: Limits
    uniform: bool


def _solve(cost: Tensor, a: Tensor, b: Tensor, terms: _Terms, start: Tensor | None) -> Transport:
    """The plan and its health; leading axes are flattened for the solver and restored.

    Args:
        cost: (..., n, m).
        a: (..., n).
        b: (..., m).
        terms: epsilon and limits.
        start: a guess of g, (..., m).
    """
    batch, (n, m) = cost.shape[:-2], cost.shape[-2:]
    flat, a, b = cost.reshape(-1, n, m), a.reshape(-1, n), b.reshape(-1, m)
    # An offset common to a row moves into its potential: the solver then sees small numbers.
    offset = flat.amin(-1)
    bit = terms.epsilon / BITS
    scaled = (flat - offset.unsqueeze(-1)).div_(bit)
    guess = None if start is None else (None, start.reshape(-1, m) / bit)
    mass = None if terms.uniform else a.sum(-1, keepdim=True)
    shares = (a, b) if mass is None else (a / mass, b / mass)
    aim = terms.limits.below(cost.dtype)  # the error is measured anew, on the rounded plan
    solved = solver.solve(Problem.of(scaled, *shares), aim, guess)
    far = None  # problems whose potentials round away epsilon; none if the cost is small enough
    if 2.0 * terms.largest > wide.RESOLVED[cost.dtype] * bit:
        far = wide.too_far(solved.f, solved.g)
        far = far if bool(far.any()) else None
    plan, f, g = solved.plan, solved.f.mul_(bit).add_(offset), solved.g * bit
    better = None
    if far is not None:
        better = wide.solve(flat[far], shares[0][far], shares[1][far], bit, terms.limits)
        plan[far], f[far], g[far] = (x.to(cost) for x in (better.plan, better.f, better.g))
    if mass is not None:  # plan = a b 2^(f + g − C) for weights of any mass: f takes up the factor
        plan, f = plan.mul_(mass.unsqueeze(-1)), f - bit * mass.log2()
    sides = torch.cat([plan.sum(-1) - a, plan.sum(-2) - b], -1).abs_()
    error = torch.maximum(sides[:, :n].sum(-1), sides[:, n:].sum(-1))
    if mass is not None:
        error = error / mass.squeeze(-1)
    value = (a * f).sum(-1) + (b * g).sum(-1)
    if 2.0 * terms.largest > wide.CANCELLING[cost.dtype] * bit:
        own = wide.dual_value(scaled, shares, solved.g, offset, bit)
        value = _of_mass(own, mass, bit).to(value)
    converged, iterations = error <= terms.limits.tolerance, solved.iterations
    if far is not None and better is not None:
        value[far] = _of_mass(better.value, None if mass is None else mass[far], bit).to(value)
        converged[far] &= better.resolved
        iterations = max(iterations, better.iterations)
    return Transport(
        plan.reshape(cost.shape),
        f.reshape(*batch, n),
        g.reshape(*batch, m),
        value.reshape(batch),
        converged.reshape(batch),
        iterations,
        error.reshape(batch),
    )


def _of_mass(value: Tensor, mass: Tensor | None, bit: float) -> Tensor:
    """The value for weights of any mass (p, 1), from that for a mass of 1, (p,)."""
    if mass is None:
        return value
    total = mass.squeeze(-1).to(value)
    return total * (value - bit * total.log2())


class Envelope(torch.autograd.Function):
    """The envelope theorem: at the optimum the value moves as if plan and potentials stood still.

    Arguments are cost (..., n, m), a, b, plan, f, g and the value (...,), which is returned. The
    gradient for the cost is the plan, for a it is f, and for b it is g.
    """

    @staticmethod
    def forward(
        ctx: Any,
        cost: Tensor,
        a: Tensor,
        b: Tensor,
        plan: Tensor,
        f: Tensor,
        g: Tensor,
        value: Tensor,
    ) -> Tensor:
        ctx.save_for_backward(plan, f, g)
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        check_first_derivative()
        plan, f, g = ctx.saved_tensors
        for_cost, for_a, for_b = ctx.needs_input_grad[:3]
        return (
            grad[..., None, None] * plan if for_cost else None,
            grad[..., None] * f if for_a else None,
            grad[..., None] * g if for_b else None,
            *(None,) * 4,
        )
