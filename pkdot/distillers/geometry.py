"""Lengths and directions that several methods share, safe where a row is zero or repeated."""

import torch
from torch import Tensor

# Relative spread of equal numbers, each rounded to float32 after a few operations.
NOISE = 4.0 * torch.finfo(torch.float32).eps


def of_size_one(x: Tensor) -> Tensor:
    """A tensor over its largest entry, a constant to autograd; for losses that scale leaves alone.

    Squares of squares of its entries then neither over- nor underflow.
    """
    largest = x.detach().abs().amax()
    return x / largest.masked_fill(largest == 0, 1.0)


def length(x: Tensor) -> Tensor:
    """Euclidean length of every row, (..., D) -> (...,); its gradient at zero is zero."""
    squared = x.square().sum(-1)
    is_zero = squared == 0
    return squared.masked_fill(is_zero, 1.0).sqrt().masked_fill(is_zero, 0.0)


def unit(x: Tensor) -> Tensor:
    """Every row divided by its length, (..., D); a row of zeros stays one."""
    squared = x.square().sum(-1, keepdim=True)
    return _over_length(x, squared, squared == 0)


def centred_unit(x: Tensor) -> Tensor:
    """Every row less its mean, at length 1, (..., D); a constant row becomes zero.

    A row whose spread is only what rounding to float32 leaves of it counts as constant, in any
    precision: its direction would be noise, and its gradient the inverse of that noise.
    """
    spread = x - x.mean(-1, keepdim=True)
    squared = spread.square().sum(-1, keepdim=True)
    noise = NOISE * x.detach().abs().amax(-1, keepdim=True)
    return _over_length(spread, squared, squared <= x.shape[-1] * noise.square())


def _over_length(x: Tensor, squared: Tensor, is_zero: Tensor) -> Tensor:
    """Rows over the root of their squared length (..., 1); zeros where told."""
    return x.masked_fill(is_zero, 0.0) / squared.masked_fill(is_zero, 1.0).sqrt()


def off_diagonal(x: Tensor) -> Tensor:
    """A square matrix without its diagonal, (B, B) -> (B, B - 1)."""
    size = len(x)
    others = ~torch.eye(size, dtype=torch.bool, device=x.device)
    return x[others].reshape(size, size - 1)
