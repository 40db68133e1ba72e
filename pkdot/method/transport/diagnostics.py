"""What a plan says, in numbers that can be drawn; and how Sinkhorn's iteration gets there."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import InputError
from . import log_domain
from .kernels import BITS, kernel
from .validation import (
    check_masses,
    check_range,
    checked_cost,
    checked_iterations,
    checked_positive,
    checked_weights,
    working_dtype,
)


def plan_entropy(plan: Tensor) -> Tensor:
    """−Σ P log P in nats, (..., n, m) -> (...,).

    A one-to-one plan of n points has log n; a ⊗ b, which tells nothing, has the most.
    """
    return -torch.special.xlogy(plan, plan).sum((-1, -2))


def diagonal_mass(plan: Tensor) -> Tensor:
    """Share of the mass that stays with its own sample, (..., n, n) -> (...,)."""
    _check_square(plan)
    return plan.diagonal(dim1=-2, dim2=-1).sum(-1) / plan.sum((-1, -2))


def class_mass(plan: Tensor, labels: Tensor, target_labels: Tensor | None = None) -> Tensor:
    """Share of the mass that moves within its class; points without label (-1) are left out.

    NaN where no mass moves between points with labels.

    Args:
        plan: (..., n, m).
        labels: class of each source point, (n,) or (..., n).
        target_labels: class of each target point, (m,) or (..., m); ``labels`` by default.

    Raises:
        InputError: if the numbers of labels and points differ.
    """
    target_labels = labels if target_labels is None else target_labels
    if (labels.shape[-1], target_labels.shape[-1]) != plan.shape[-2:]:
        raise InputError(
            f"A plan of shape {tuple(plan.shape)} needs {plan.shape[-2]} source and "
            f"{plan.shape[-1]} target labels, not {labels.shape[-1]} and {target_labels.shape[-1]}."
        )
    source, target = labels.unsqueeze(-1), target_labels.unsqueeze(-2)
    known = plan * ((source >= 0) & (target >= 0))
    return (known * (source == target)).sum((-1, -2)) / known.sum((-1, -2))


def barycentric_map(plan: Tensor, targets: Tensor) -> Tensor:
    """Where each source point is sent on average, (..., n, m), (..., m, d) -> (..., n, d).

    A source point without mass is sent nowhere: its row is NaN.
    """
    if targets.ndim < 2 or targets.shape[-2] != plan.shape[-1]:
        raise InputError(
            f"A plan of shape {tuple(plan.shape)} needs targets of shape (..., {plan.shape[-1]}, "
            f"d), not {tuple(targets.shape)}."
        )
    return plan @ targets / plan.sum(-1, keepdim=True)


@dataclass(frozen=True, eq=False)
class Trace:
    """Sinkhorn's iteration, one entry per iteration t, with batch axes ``...`` after t.

    Attributes:
        marginal_error: L1 error of the columns per unit of mass, the rows being exact, (t, ...).
        dual_value: value of the dual, which rises to ``Transport.value``, (t, ...).
        plans: the plan after each iteration, (t, ..., n, m), or None if they were not asked for.
    """

    marginal_error: Tensor
    dual_value: Tensor
    plans: Tensor | None


@torch.no_grad()
def sinkhorn_trace(
    cost: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    epsilon: float,
    iterations: int = 100,
    keep_plans: bool = False,
) -> Trace:
    """Watch the textbook's iteration, from potentials of zero and without any acceleration.

    Arguments and errors are those of :func:`sinkhorn`, which reaches the same plan in fewer steps;
    all ``iterations`` are made. ``keep_plans`` costs iterations x n x m numbers.
    """
    epsilon = checked_positive("epsilon", epsilon)
    iterations = checked_iterations(iterations)
    largest = checked_cost(cost)
    with torch.autocast(cost.device.type, enabled=False):
        cost = cost.to(working_dtype(cost, a, b))
        check_range("epsilon", epsilon, largest, cost.dtype)
        a = checked_weights("a", a, cost, cost.shape[-2])
        b = checked_weights("b", b, cost, cost.shape[-1])
        check_masses(a, b)
        batch, (n, m) = cost.shape[:-2], cost.shape[-2:]
        bit = epsilon / BITS
        bits = cost.reshape(-1, n, m) / bit
        a, b = a.reshape(-1, n), b.reshape(-1, m)
        log_a, log_b, mass = a.log2(), b.log2(), a.sum(-1)
        g = torch.zeros_like(b)
        errors, duals, plans = [], [], []
        for _ in range(iterations):
            f = log_domain.update_f(bits, g, log_b)
            following = log_domain.update_g(bits, f, log_a)
            errors.append((b * ((g - following).exp2() - 1).abs()).sum(-1) / mass)
            duals.append(bit * ((a * f).sum(-1) + (b * g).sum(-1)))
            if keep_plans:
                plan = kernel(bits, f, g) * a.unsqueeze(-1) * b.unsqueeze(-2)
                plans.append(plan.reshape(cost.shape))
            g = following
    return Trace(
        torch.stack(errors).reshape(iterations, *batch),
        torch.stack(duals).reshape(iterations, *batch),
        torch.stack(plans) if keep_plans else None,
    )


def _check_square(plan: Tensor) -> None:
    if plan.ndim < 2 or plan.shape[-1] != plan.shape[-2]:
        raise InputError(
            f"Only a square plan (..., n, n) has a diagonal, not one of shape {tuple(plan.shape)}."
        )
