"""Networks over several ranks: tensors of all of them, and batch norms that see the global batch.

Torch's ``SyncBatchNorm`` does the latter on GPUs alone.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm


class _OfAllRanks(torch.autograd.Function):
    """A tensor of each rank, (ranks, ...); the gradient is the sum of what all ranks send back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, x.contiguous())
        return torch.stack(parts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        whole = gradient.contiguous().clone()
        distributed.all_reduce(whole)
        return whole[distributed.get_rank()]


def of_all_ranks(x: Tensor) -> Tensor:
    """The tensors of all ranks, of one shape, with gradient: (...) on each -> (ranks, ...).

    Where every rank computes the same loss from them and gradients of parameters are averaged over
    ranks, as DDP does, these are the gradients of one rank that sees all samples.
    """
    gathered: Tensor = _OfAllRanks.apply(x)
    return gathered


class GatheredBatchNorm(_BatchNorm):
    """Batch norm whose mean and variance are those of the global batch, on any device.

    Each rank sends mean and variance of its share, which must be as large as the others', and not
    the samples. In eval mode, and on one rank, it is torch's batch norm.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"A batch norm needs (B, C, ...), not {tuple(input.shape)}.")

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, ...) of this rank -> the same shape, normalised over B of all ranks."""
        alone = not distributed.is_initialized() or distributed.get_world_size() == 1
        if alone or not self.training:
            return super().forward(input)
        self._check_input_dim(input)
        x = input if input.dtype == torch.float64 else input.float()
        axes = [axis for axis in range(x.dim()) if axis != 1]
        variance, mean = torch.var_mean(x, axes, correction=0)
        means, variances = of_all_ranks(torch.stack([mean, variance])).unbind(1)
        mean = means.mean(0)
        # Within the shares, and between them (Chan, Golub and LeVeque, 1983).
        variance = variances.mean(0) + (means - mean).square().mean(0)
        self._follow(mean.detach(), variance.detach(), len(means) * x.numel() // x.shape[1])
        shape = [1, -1, *[1] * (x.dim() - 2)]
        normal = (x - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Let the running statistics follow, as torch's do: by the unbiased variance."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:
            share = 1.0 / float(self.num_batches_tracked)
        unbiased = variance * (count / max(1, count - 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), share)


def gather_batch_norms(network: nn.Module) -> None:
    """Put a :class:`GatheredBatchNorm` in the place of each batch norm of a network.

    Parameters and running statistics are the same tensors under the same names.
    """
    for part in list(network.modules()):
        for name, child in part._modules.items():
            if isinstance(child, _BatchNorm) and not isinstance(child, GatheredBatchNorm):
                part._modules[name] = _gathered(child)


def _gathered(norm: _BatchNorm) -> GatheredBatchNorm:
    own = GatheredBatchNorm(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
    )
    own._parameters, own._buffers = norm._parameters, norm._buffers
    own.training = norm.training
    return own


def dealt_rows(x: Tensor) -> Tensor:
    """Rows of a batch that were dealt to the ranks in turn, in their first order, with gradient.

    Args:
        x: (B / ranks, ...), row i of rank r being row i · ranks + r of the batch.

    Returns:
        (B, ...)
    """
    return of_all_ranks(x).transpose(0, 1).flatten(0, 1)
