"""What a transport plan says, in numbers: how spread it is, and where its mass goes.

Each function takes NumPy arrays or torch tensors, with leading batch axes, and gives the same kind
back. torch is not imported here, so that tables and figures can measure a plan without it.
"""

import sys
from typing import Any

import numpy as np

from ..errors import InputError

Array = Any
"""A NumPy array, or whatever NumPy makes one of; or a torch tensor."""


def plan_entropy(plan: Array) -> Array:
    """Entropy −Σ P log P in nats, (..., n, m) -> (...,).

    A one-to-one plan of n points has log n. The product a ⊗ b of the marginals has the most.
    """
    plan, library = _array(plan)
    logarithm = library.log(library.where(plan == 0, 1, plan))  # 0 log 0 counts as 0
    return -(plan * logarithm).sum((-1, -2))


def diagonal_mass(plan: Array) -> Array:
    """Share of the mass that stays with its own sample, (..., n, n) -> (...,), from 0 to 1.

    A plan that spreads its mass evenly has 1/n there; one that keeps every pair has 1.

    Raises:
        InputError: if a plan is not square, or has no mass.
    """
    plan, _ = _array(plan)
    if plan.ndim < 2 or plan.shape[-1] != plan.shape[-2]:
        raise InputError(
            f"Only a square plan (..., n, n) has a diagonal, not one of shape {tuple(plan.shape)}."
        )
    return plan.diagonal(0, -2, -1).sum(-1) / _mass(plan)


def within_class_mass(plan: Array, labels: Array, target_labels: Array | None = None) -> Array:
    """Share of the mass that moves between points of one class, (..., n, m) -> (...,), 0 to 1.

    Points without label (-1) are left out; NaN where no mass moves between points with one.

    Args:
        plan: (..., n, m).
        labels: class of each source point, (n,) or (..., n).
        target_labels: class of each target point, (m,) or (..., m); ``labels`` by default.

    Raises:
        InputError: if the numbers of labels and points differ, or a plan has no mass.
    """
    plan, library = _array(plan)
    source = library.asarray(labels)
    target = source if target_labels is None else library.asarray(target_labels)
    if plan.ndim < 2 or (*source.shape[-1:], *target.shape[-1:]) != tuple(plan.shape[-2:]):
        raise InputError(
            f"A plan (..., n, m) needs n source and m target labels; given are a plan of shape "
            f"{tuple(plan.shape)} and labels of shapes {tuple(source.shape)} and "
            f"{tuple(target.shape)}."
        )
    _mass(plan)
    source, target = source[..., :, None], target[..., None, :]
    known = plan * ((source >= 0) & (target >= 0))
    total = known.sum((-1, -2))
    within = (known * (source == target)).sum((-1, -2))
    return within / library.where(total == 0, library.nan, total)


def barycentric_map(plan: Array, targets: Array) -> Array:
    """Where each source point is sent on average, (..., n, m), (..., m, d) -> (..., n, d).

    A source point without mass is sent nowhere: its row is NaN.

    Raises:
        InputError: if there are not as many targets as the plan has columns.
    """
    plan, library = _array(plan)
    targets = library.asarray(targets)
    if plan.ndim < 2 or targets.ndim < 2 or targets.shape[-2] != plan.shape[-1]:
        raise InputError(
            f"A plan (..., n, m) needs targets (..., m, d); given are shapes {tuple(plan.shape)} "
            f"and {tuple(targets.shape)}."
        )
    mass = plan.sum(-1)[..., None]
    return plan @ targets / library.where(mass == 0, library.nan, mass)


def _array(plan: Array) -> tuple[Array, Any]:
    """A plan as a tensor or a float64 array, and the library that computes with it."""
    torch = sys.modules.get("torch")  # loaded if there is a tensor
    if torch is not None and isinstance(plan, torch.Tensor):
        return plan, torch
    return np.asarray(plan, dtype=float), np


def _mass(plan: Array) -> Array:
    mass = plan.sum((-1, -2))
    if not bool((mass > 0).all()):
        raise InputError(
            "This plan has no mass, or holds NaN; its entries must be positive and sum to 1."
        )
    return mass
