"""Lengths and directions that several methods share, safe where a row is zero or repeated."""

import torch
from torch import Tensor

# Relative spread of equal numbers, each rounded to float32 after a few operations.
NOISE = 4.0 * torch.finfo(torch.float32).eps


def length(x: Tensor) -> Tensor:
    """Euclidean length of every row, (..., D) -> (...,); its gradient at zero is zero.

    Rows of any finite size are safe: each is first divided by its largest entry.
    """
    largest = x.detach().abs().amax(-1, keepdim=True)
    largest = largest.masked_fill(largest == 0, 1.0)
    squared = (x / largest).square().sum(-1)
    is_zero = squared == 0
    scaled = squared.masked_fill(is_zero, 1.0).sqrt().masked_fill(is_zero, 0.0)
    return largest.squeeze(-1) * scaled


def unit(x: Tensor) -> Tensor:
    """Every row divided by its length, (..., D); a row of zeros stays one."""
    norm = length(x).unsqueeze(-1)
    return x.masked_fill(norm == 0, 0.0) / norm.masked_fill(norm == 0, 1.0)


def centred_unit(x: Tensor) -> Tensor:
    """Every row less its mean, at length 1, (..., D); a constant row becomes zero.

    A row whose spread is only what rounding to float32 leaves of it counts as constant, in any
    precision: its direction would be noise, and its gradient the inverse of that noise.
    """
    spread = x - x.mean(-1, keepdim=True)
    noise = NOISE * x.detach().abs().amax(-1, keepdim=True)
    is_constant = spread.detach().abs().amax(-1, keepdim=True) <= noise
    return unit(spread.masked_fill(is_constant, 0.0))


def off_diagonal(x: Tensor) -> Tensor:
    """A square matrix without its diagonal, (B, B) -> (B, B - 1)."""
    size = len(x)
    others = ~torch.eye(size, dtype=torch.bool, device=x.device)
    return x[others].reshape(size, size - 1)
