"""Step 1 of the method: cosine similarity of every pair of samples, (B, D) -> (B, B)."""

import torch
from torch import Tensor

from ..errors import InputError


def cosine_similarity_matrix(z: Tensor) -> Tensor:
    """Cosine similarity of every pair of rows.

    Computed in float32 (float64 for float64 input) whatever autocast is in force. A row of zeros
    has no direction: its similarities, its own included, are 0, and so is its gradient. Rows of
    any finite length are safe: each is first divided by its largest entry, a constant to the
    gradient, as the cosine does not depend on length.

    Args:
        z: embeddings, shape (..., B, D), any floating type.

    Returns:
        Similarities in [-1, 1], shape (..., B, B), symmetric, ones on the diagonal.

    Raises:
        InputError: if ``z`` is not a floating tensor with at least two axes, or has no
            columns.

    Source: the similarity matrices of PKDOT, arXiv 2401.15489.
    """
    if not isinstance(z, Tensor):
        raise InputError(
            f"Embeddings must be a tensor, not {type(z).__name__}; give a torch tensor, for "
            f"instance by torch.as_tensor."
        )
    if z.ndim < 2 or not z.is_floating_point() or z.shape[-1] == 0:
        raise InputError(
            f"Embeddings must be a floating tensor of shape (..., B, D) with D >= 1, not "
            f"{z.dtype} of shape {tuple(z.shape)}; give one row per sample."
        )
    with torch.autocast(z.device.type, enabled=False):
        z = z if z.dtype == torch.float64 else z.float()
        largest = z.detach().abs().amax(dim=-1, keepdim=True)
        is_zero = largest == 0
        scaled = z / largest.masked_fill(is_zero, 1.0)
        length = scaled.square().sum(-1, keepdim=True).masked_fill(is_zero, 1.0).sqrt()
        unit = (scaled / length).masked_fill(is_zero, 0.0)
        return (unit @ unit.mT).clamp(-1.0, 1.0)
