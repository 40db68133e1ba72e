"""Lengths and directions that several methods share, safe where a row is zero or repeated."""

import torch
from torch import Tensor


def length(x: Tensor) -> Tensor:
    """Euclidean length of every row, (..., D) -> (...,); its gradient at zero is zero."""
    squared = x.square().sum(-1)
    is_zero = squared == 0
    return squared.masked_fill(is_zero, 1.0).sqrt().masked_fill(is_zero, 0.0)


def unit(x: Tensor) -> Tensor:
    """Every row divided by its length, (..., D); a row of zeros stays one."""
    norm = length(x).unsqueeze(-1)
    return x.masked_fill(norm == 0, 0.0) / norm.masked_fill(norm == 0, 1.0)


def off_diagonal(x: Tensor) -> Tensor:
    """A square matrix without its diagonal, (B, B) -> (B, B - 1)."""
    size = len(x)
    others = ~torch.eye(size, dtype=torch.bool, device=x.device)
    return x[others].reshape(size, size - 1)
