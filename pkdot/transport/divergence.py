"""The debiased divergence between two clouds of points, and its gradient."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..errors import InputError
from . import solver, symmetric
from .checks import (
    check_masses,
    checked_iterations,
    checked_positive,
    checked_weights,
    warn_not_converged,
    working_dtype,
)
from .costs import half_squares
from .kernels import BITS, product

DEFAULT_TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-8}


def sinkhorn_divergence(
    x: Tensor,
    y: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    blur: float = 0.1,
    tolerance: float | None = None,
    max_iterations: int = 10_000,
) -> Tensor:
    """How far apart two clouds are: OT(x, y) − ½ OT(x, x) − ½ OT(y, y).

    OT is the value of :func:`sinkhorn` for the cost ½‖x_i − y_j‖² and epsilon = blur². Taking off
    both self-terms makes the divergence zero for equal clouds and positive otherwise. It sees the
    clouds as sets: the order of the points means nothing to it.

    Args:
        x: points, shape (..., n, d).
        y: points, shape (..., m, d), same batch axes.
        a: weights of x, (n,) or (..., n), uniform by default; a constant to autograd.
        b: weights of y, (m,) or (..., m), likewise.
        blur: the length below which points count as one, in units of the points.
        tolerance: marginal error at which each problem stops; 1e-8 in float64 and 1e-4 in float32
            by default.
        max_iterations: iterations at most.

    Returns:
        The divergence, shape (...,), in squared units of the points, differentiable with respect
        to x and y. Work is done in float32, or in float64 if any input is.

    Raises:
        InputError: for NaN or infinite points, blur <= 0, wrong weights, or shapes that do not
            match.

    Warns:
        ConvergenceWarning: if the tolerance was not reached.

    Source: the loss of PKDOT, arXiv 2401.15489.
    """
    epsilon = checked_positive("blur", blur) ** 2
    max_iterations = checked_iterations(max_iterations)
    _check_points(x, y)
    with torch.autocast(x.device.type, enabled=False):
        dtype = working_dtype(x, y, a, b)
        x, y = x.to(dtype), y.to(dtype)
        limit = DEFAULT_TOLERANCE[dtype] if tolerance is None else tolerance
        limit = checked_positive("tolerance", limit)
        a = checked_weights("a", a, x, x.shape[-2])
        b = checked_weights("b", b, y, y.shape[-2])
        check_masses(a, b)
        return _Divergence.apply(x, y, a.detach(), b.detach(), epsilon, limit, max_iterations)


def _check_points(x: Tensor, y: Tensor) -> None:
    if not (x.ndim >= 2 and x.is_floating_point() and y.is_floating_point()) or (
        x.shape[:-2] != y.shape[:-2] or x.shape[-1] != y.shape[-1] or 0 in (*x.shape, *y.shape)
    ):
        raise InputError(
            f"Two clouds must be floating tensors of shapes (..., n, d) and (..., m, d) with the "
            f"same d and batch axes, not {x.dtype} {tuple(x.shape)} and {y.dtype} {tuple(y.shape)}."
        )
    if not bool(torch.isfinite(x).all() & torch.isfinite(y).all()):
        raise InputError(
            "The points contain NaN or infinity; look for exploding embeddings or a division by 0."
        )


class _Divergence(torch.autograd.Function):
    """Solves all three problems; keeps only the gradient of each cloud, not the plans."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        y: Tensor,
        a: Tensor,
        b: Tensor,
        epsilon: float,
        tolerance: float,
        max_iterations: int,
    ) -> Tensor:
        batch, shapes = x.shape[:-2], (x.shape, y.shape)
        x, y = x.reshape(-1, *x.shape[-2:]), y.reshape(-1, *y.shape[-2:])
        a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
        middle = x.mean(-2, keepdim=True)  # small numbers lose fewer digits in the cost
        x, y = x - middle, y - middle
        bit = epsilon / BITS
        scale = bit**-0.5
        xs, ys = scale * x, scale * y
        options = (tolerance, max_iterations)
        self_x, p, worst_x, _ = symmetric.solve(half_squares(xs, xs), a, *options)
        self_y, q, worst_y, _ = symmetric.solve(half_squares(ys, ys), b, *options)
        # y's own potential is a better start than zero: exact where the clouds are equal
        between = solver.solve(half_squares(xs, ys), a, b, *options, start=q)
        worst = max(worst_x, worst_y, between.worst)
        if not worst <= tolerance:
            warn_not_converged(worst, tolerance, between.iterations, x.dtype)
        of_x = of_y = None
        # d OT / d x_i = sum_j P_ij (x_i - y_j): the terms in x_i cancel between the two plans
        if ctx.needs_input_grad[0]:
            of_x = (product(self_x, x) - product(between.plan, y)).reshape(shapes[0])
        if ctx.needs_input_grad[1]:
            of_y = (product(self_y, y) - product(between.plan.mT, x)).reshape(shapes[1])
        ctx.save_for_backward(of_x, of_y)
        value = (a * (between.f - p)).sum(-1) + (b * (between.g - q)).sum(-1)
        return value.mul_(bit).reshape(batch)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        of_x, of_y = ctx.saved_tensors
        scale = grad[..., None, None]
        return (
            None if of_x is None else scale * of_x,
            None if of_y is None else scale * of_y,
            *(None,) * 5,
        )
