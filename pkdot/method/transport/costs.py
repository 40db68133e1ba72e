"""Costs between two clouds of points."""

import torch
from torch import Tensor

from ...errors import InputError
from ..checks import checked_not_negative


def squared_cost(x: Tensor, y: Tensor) -> Tensor:
    """Half the squared distance of every pair, (..., n, d), (..., m, d) -> (..., n, m)."""
    middle = x.mean(-2, keepdim=True)  # distances do not change; small numbers lose fewer digits
    x, y = x - middle, y - middle
    lengths = 0.5 * (x.square().sum(-1).unsqueeze(-1) + y.square().sum(-1).unsqueeze(-2))
    return (lengths - x @ y.mT).clamp_min(0.0)


def half_squares(x: Tensor) -> Tensor:
    """Half the squared length of every point, (p, n, d) -> (p, n)."""
    return 0.5 * x.square().sum(-1)


def fast_cost(x: Tensor, y: Tensor, of_x: Tensor, of_y: Tensor) -> Tensor:
    """:func:`squared_cost` of centred clouds with known :func:`half_squares`, (p, n, m)."""
    lengths = of_x.unsqueeze(-1) + of_y.unsqueeze(-2)
    if x.shape[0] == 1:
        return lengths[0].addmm_(x[0], y[0].mT, alpha=-1.0).unsqueeze(0)
    return lengths.baddbmm_(x, y.mT, alpha=-1.0)


def with_identity(cost: Tensor, identity: float) -> Tensor:
    """A cost that sees the pairing: ``identity`` more for every pair i ≠ j, (..., n, n).

    For squared distances this is the distance between points with one more coordinate each,
    √identity long; so a debiased divergence under it is still zero for equal clouds in equal order,
    and positive otherwise. At 0 transport is blind to the pairing; the larger ``identity``, the
    more each point keeps to its own.

    Args:
        cost: (..., n, n).
        identity: what a change of identity costs, >= 0, in units of the cost.

    Raises:
        InputError: if the cost is not square or ``identity`` is negative or not finite.
    """
    if cost.ndim < 2 or cost.shape[-1] != cost.shape[-2]:
        raise InputError(
            f"Identity needs as many source as target points, in the same order; the cost has "
            f"shape {tuple(cost.shape)}."
        )
    identity = checked_not_negative("identity", identity)
    own = torch.eye(cost.shape[-1], dtype=cost.dtype, device=cost.device)
    return cost + identity * (1.0 - own)
