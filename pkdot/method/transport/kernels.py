"""Sums over pairs of points: the operations that every solver is made of.

Inside this room potentials and costs are in bits: divided by epsilon ln 2, so that
plan[i, j] = a[i] b[j] 2^(f[i] + g[j] − cost[i, j]). On CPUs torch's exp2 is much faster than exp,
above all where most results underflow, as they do for small epsilon. All tensors carry one batch
axis p; one problem is p = 1.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

BITS = 1.0 / math.log(2.0)

# Exponents are kept where neither the power nor its products with potentials of 2^±30 leave the
# normal numbers: subnormals cost time, zeros and infinities the answer.
_LOWEST = {torch.float32: -90.0, torch.float64: -960.0}
_HIGHEST = {torch.float32: 90.0, torch.float64: 960.0}
SAFE_DRIFT = {torch.float32: 30.0, torch.float64: 60.0}

# Above this many entries per problem, matrix-vector products beat one fused sum over the batch.
_LARGE = 65_536


def power(exponent: Tensor) -> Tensor:
    """2^exponent in place, clamped to safe exponents; any shape."""
    dtype = exponent.dtype
    return exponent.clamp_(_LOWEST[dtype], _HIGHEST[dtype]).exp2_()


def kernel(cost: Tensor, f: Tensor, g: Tensor) -> Tensor:
    """2^(f + g − cost), (p, n, m): the plan without its weights."""
    return power((f.unsqueeze(-1) - cost).add_(g.unsqueeze(-2)))


def log_sum(exponent: Tensor, dim: int) -> Tensor:
    """log2 of the sum of 2^exponent along ``dim``; overwrites ``exponent``."""
    largest = exponent.amax(dim, keepdim=True)
    total = power(exponent.sub_(largest)).sum(dim)
    return total.log2_().add_(largest.squeeze(dim))


def multiplier(matrix: Tensor) -> Callable[[Tensor], Tensor]:
    """The function v -> matrix v for a batch, (p, n, m): (p, m) -> (p, n)."""
    if matrix.shape[0] == 1:  # as a matrix of one row: for few points faster than torch.mv
        turned = matrix[0].mT
        return lambda v: torch.mm(v, turned)
    if matrix.is_cuda:
        return lambda v: torch.bmm(matrix, v.unsqueeze(-1)).squeeze(-1)
    if matrix[0].numel() < _LARGE:  # torch's batched product is slower on CPUs
        return lambda v: (matrix * v.unsqueeze(-2)).sum(-1)
    each = matrix.unbind()
    return lambda v: torch.stack([torch.mv(one, w) for one, w in zip(each, v, strict=True)])


def product(left: Tensor, right: Tensor) -> Tensor:
    """Matrix products, (p, n, m), (p, m, d) -> (p, n, d)."""
    return (left[0] @ right[0]).unsqueeze(0) if left.shape[0] == 1 else left @ right
