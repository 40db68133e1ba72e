"""The debiased divergence between two clouds of points, and its gradient.

Source: Genevay, Peyré and Cuturi, "Learning Generative Models with Sinkhorn Divergences", AISTATS
2018, arXiv 1706.00292; Feydy et al., "Interpolating between Optimal Transport and MMD using
Sinkhorn Divergences", AISTATS 2019, arXiv 1810.08278.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import InputError
from ..checks import check_tensor, checked_flag, checked_not_negative, checked_positive
from . import solver, symmetric
from .costs import fast_cost, half_squares, squared_cost, with_identity
from .entropic import relative_epsilon
from .kernels import BITS, product
from .problem import Limits, Problem
from .validation import (
    check_first_derivative,
    check_magnitude,
    check_masses,
    check_range,
    checked_iterations,
    checked_weights,
    magnitude,
    refuse_functorch,
    warn_not_converged,
    warn_not_resolved,
    working_dtype,
)
from .wide import RESOLVED

DEFAULT_TOLERANCE = {torch.float32: 5e-5, torch.float64: 1e-8}


def sinkhorn_divergence(
    x: Tensor,
    y: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    blur: float = 0.1,
    tolerance: float | None = None,
    max_iterations: int = 10_000,
    relative: bool = False,
    identity: float = 0.0,
) -> Tensor:
    """How far apart two clouds are: OT(x, y) − ½ OT(x, x) − ½ OT(y, y).

    OT is the value of :func:`sinkhorn` for the cost ½‖x_i − y_j‖² and epsilon = blur². Taking off
    both self-terms makes the divergence zero for equal clouds and positive otherwise. The order of
    the points changes nothing, unless ``identity`` is set.

    Args:
        x: points, shape (..., n, d).
        y: points, shape (..., m, d), same batch axes.
        a: weights of x, (n,) or (..., n), uniform by default; a constant to autograd.
        b: weights of y, (m,) or (..., m), likewise.
        blur: the length below which points count as one, in units of the points.
        tolerance: marginal error at which each problem stops; 1e-8 in float64 and 5e-5 in float32
            by default.
        max_iterations: iterations at most.
        relative: take blur² as a fraction of the median cost between the clouds instead.
        identity: what it costs a point to move to another index, on top of the distance, in squared
            units of the points; needs n = m. See :func:`with_identity`.

    Returns:
        The divergence, shape (...,), in squared units of the points, differentiable with respect
        to x and y. Work is done in float32, or in float64 if any input is.

    Raises:
        InputError: for NaN or infinite points, blur <= 0, wrong weights, or shapes that do not
            match.

    Warns:
        ConvergenceWarning: if the tolerance was not reached.

    Source: the debiased form of Feydy et al., AISTATS 2019, arXiv 1810.08278; as a loss between
    anchor rows PKDOT, arXiv 2401.15489.
    """
    blur = checked_positive("blur", blur)
    epsilon = blur * blur
    identity = checked_not_negative("identity", identity)
    max_iterations = checked_iterations(max_iterations)
    largest = _check_points(x, y)
    with torch.autocast(x.device.type, enabled=False):
        dtype = working_dtype(x, y, a, b)
        x, y = x.to(dtype), y.to(dtype)
        limit = DEFAULT_TOLERANCE[dtype] if tolerance is None else tolerance
        limits = Limits(checked_positive("tolerance", limit), max_iterations)
        # no cost is larger: half the square of twice the largest coordinate, in every direction
        bound = 2.0 * x.shape[-1] * largest * largest + identity
        check_magnitude(bound, dtype)
        uniform = a is None and b is None
        a = checked_weights("a", a, x, x.shape[-2]).detach()
        b = checked_weights("b", b, y, y.shape[-2]).detach()
        mass = None
        if not uniform:  # solved for a mass of 1: the divergence is proportional to it
            mass = a.sum(-1)
            b = b * (check_masses(a, b) / mass.unsqueeze(-1))
            a = a / mass.unsqueeze(-1)
        if checked_flag("relative", relative):
            epsilon = relative_epsilon(squared_cost(x.detach(), y.detach()), epsilon)
        check_range("blur", epsilon, bound, dtype)
        health = _Health(span=bound / epsilon * BITS)
        value = _Divergence.apply(x, y, a, b, Terms(epsilon, identity, limits), health)
        if not health.worst <= limits.tolerance:  # here, as within autograd there is no caller
            made = health.iterations
            warn_not_converged(health.worst, limits.tolerance, made, max_iterations, dtype)
        elif not health.resolved:
            warn_not_resolved(bound / epsilon)
        return value if mass is None else mass * value


def _check_points(x: Tensor, y: Tensor) -> float:
    """The largest coordinate, or InputError."""
    for cloud in (x, y):
        check_tensor("A cloud", cloud)
        refuse_functorch(cloud)
    if not (x.ndim >= 2 and x.is_floating_point() and y.is_floating_point()) or (
        x.shape[:-2] != y.shape[:-2] or x.shape[-1] != y.shape[-1] or 0 in (*x.shape, *y.shape)
    ):
        raise InputError(
            f"Two clouds must be floating tensors of shapes (..., n, d) and (..., m, d) with the "
            f"same d and batch axes, not {x.dtype} {tuple(x.shape)} and {y.dtype} {tuple(y.shape)}."
        )
    largest = magnitude(x, y)
    if not math.isfinite(largest):
        raise InputError(
            "The points contain NaN or infinity; look for exploding embeddings or a division by 0."
        )
    return largest


@dataclass(frozen=True)
class Terms:
    """The cost of a divergence beside the distance, and when its solvers stop.

    Attributes:
        epsilon: strength of the entropy, in squared units of the points.
        identity: extra cost of moving to another index, in squared units of the points.
        limits: of each of the three problems.
    """

    epsilon: float
    identity: float
    limits: Limits


@dataclass
class Parts:
    """The three problems behind one divergence, solved; batch axis p.

    Attributes:
        x: the first cloud, centred and multiplied by ``scale``, (p, n, d).
        y: the second, likewise, (p, m, d).
        scale: factor from units of the points to roots of bits.
        shift: centre of y less centre of x, in units of the points, (p, d).
        plan: plan from x to y, (p, n, m).
        self_x: plan from x to x, (p, n, n).
        self_y: plan from y to y, (p, m, m).
        value: the divergence, (p,).
        worst: the largest marginal error of all.
        iterations: made between the clouds.
        self_iterations: made on x and on y.
        bits: cost of each point to its centre, (p, n) and (p, m), and potentials, likewise.
    """

    x: Tensor
    y: Tensor
    scale: float
    shift: Tensor
    plan: Tensor
    self_x: Tensor
    self_y: Tensor
    value: Tensor
    worst: float
    iterations: int
    self_iterations: tuple[int, int]
    bits: tuple[Tensor, ...]

    @property
    def too_wide(self) -> bool:
        """Whether a cost or a potential outgrows what the type of the points resolves."""
        return not bool(torch.cat(self.bits, -1).abs().amax() <= RESOLVED[self.x.dtype])


def solve_parts(x: Tensor, y: Tensor, a: Tensor, b: Tensor, terms: Terms) -> Parts:
    """Solve all three problems of a divergence.

    Args:
        x: points, (p, n, d).
        y: points, (p, m, d).
        a: weights of x of mass 1, (p, n).
        b: weights of y of mass 1, (p, m).
        terms: costs and limits.
    """
    bit = terms.epsilon / BITS
    scale = bit**-0.5
    # Each cloud is moved to its own centre: that adds to the divergence half the squared distance
    # of the centres, whatever the plan, and leaves small numbers, which lose fewer digits.
    centre_x, centre_y = product(a.unsqueeze(-2), x), product(b.unsqueeze(-2), y)
    shift = (centre_y - centre_x).squeeze(-2)
    x, y = (x - centre_x).mul_(scale), (y - centre_y).mul_(scale)
    of_x, of_y = half_squares(x), half_squares(y)
    pairs = ((x, x, of_x, of_x), (y, y, of_y, of_y), (x, y, of_x, of_y))
    costs = [fast_cost(*pair) for pair in pairs]
    if terms.identity:
        costs = [with_identity(cost, terms.identity / bit) for cost in costs]
    self_x, p, worst_x, made_x = symmetric.solve(costs[0], a, terms.limits)
    self_y, q, worst_y, made_y = symmetric.solve(costs[1], b, terms.limits)
    # their own potentials are a good start: the answer itself where the clouds are equal
    between = solver.solve(Problem.of(costs[2], a, b), terms.limits, start=(p, q))
    value = bit * ((a * (between.f - p)).sum(-1) + (b * (between.g - q)).sum(-1))
    value.add_(shift.square().sum(-1), alpha=0.5)
    worst = max(worst_x, worst_y, between.worst)
    made = (made_x, made_y)
    plan, bits, steps = between.plan, (of_x, of_y, between.f, between.g), between.iterations
    return Parts(x, y, scale, shift, plan, self_x, self_y, value, worst, steps, made, bits)


@dataclass
class _Health:
    """What is known of the three problems.

    Attributes:
        span: no cost is larger, in bits.
        worst: largest marginal error.
        iterations: of the hardest.
        resolved: whether the floating type holds both the costs and epsilon.
    """

    span: float
    worst: float = 0.0
    iterations: int = 0
    resolved: bool = True


class _Divergence(torch.autograd.Function):
    """Solves all three problems; keeps only the gradient of each cloud, not the plans."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        y: Tensor,
        a: Tensor,
        b: Tensor,
        terms: Terms,
        health: _Health,
    ) -> Tensor:
        batch, shapes = x.shape[:-2], (x.shape, y.shape)
        x, y = x.reshape(-1, *x.shape[-2:]), y.reshape(-1, *y.shape[-2:])
        a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
        parts = solve_parts(x, y, a, b, terms)
        dtype = x.dtype
        if health.span > RESOLVED[dtype] and parts.too_wide:
            if solver.widest(x.device) != dtype:
                wide_x, wide_y, wide_a, wide_b = (
                    t.to(solver.widest(x.device)) for t in (x, y, a, b)
                )
                parts = solve_parts(wide_x, wide_y, wide_a, wide_b, terms)
            health.resolved = parts.x.dtype != dtype and not parts.too_wide
        health.worst = parts.worst
        health.iterations = max(parts.iterations, *parts.self_iterations)
        x, y, scale = parts.x, parts.y, parts.scale
        grad_x = grad_y = None
        # d OT / d x_i = sum_j P_ij (x_i - y_j): the terms in x_i cancel between the two plans
        if ctx.needs_input_grad[0]:
            grad_x = (product(parts.self_x, x) - product(parts.plan, y)).div_(scale)
            grad_x = grad_x.sub_(a.unsqueeze(-1) * parts.shift.unsqueeze(-2))
            grad_x = grad_x.to(dtype).reshape(shapes[0])
        if ctx.needs_input_grad[1]:
            grad_y = (product(parts.self_y, y) - product(parts.plan.mT, x)).div_(scale)
            grad_y = grad_y.add_(b.unsqueeze(-1) * parts.shift.unsqueeze(-2))
            grad_y = grad_y.to(dtype).reshape(shapes[1])
        ctx.save_for_backward(grad_x, grad_y)
        return parts.value.to(dtype).reshape(batch)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        check_first_derivative()
        grad_x, grad_y = ctx.saved_tensors
        scale = grad[..., None, None]
        return (
            None if grad_x is None else scale * grad_x,
            None if grad_y is None else scale * grad_y,
            *(None,) * 4,
        )
