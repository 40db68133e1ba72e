"""Costs between two clouds of points."""

import torch
from torch import Tensor


def squared_cost(x: Tensor, y: Tensor) -> Tensor:
    """Half the squared distance of every pair, (..., n, d), (..., m, d) -> (..., n, m)."""
    middle = x.mean(-2, keepdim=True)  # distances do not change; small numbers lose fewer digits
    x, y = x - middle, y - middle
    lengths = 0.5 * (x.square().sum(-1).unsqueeze(-1) + y.square().sum(-1).unsqueeze(-2))
    return (lengths - x @ y.mT).clamp_min(0.0)


def half_squares(x: Tensor, y: Tensor) -> Tensor:
    """The same for centred clouds with one batch axis, (p, n, d), (p, m, d) -> (p, n, m), fast."""
    own = 0.5 * x.square().sum(-1)
    lengths = own.unsqueeze(-1) + (own if y is x else 0.5 * y.square().sum(-1)).unsqueeze(-2)
    if len(x) == 1:
        cost = lengths[0].addmm_(x[0], y[0].mT, alpha=-1.0).unsqueeze(0)
    else:
        cost = torch.baddbmm(lengths, x, y.mT, alpha=-1.0)
    cost = cost.clamp_min_(0.0)
    if y is x:
        cost.diagonal(dim1=-2, dim2=-1).zero_()
    return cost
