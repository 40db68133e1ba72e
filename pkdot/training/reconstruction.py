"""How well T-Nets hallucinate, against the mean feature."""

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError


def reconstruction_by_group(
    real: Tensor, hallucinated: Tensor, mean: Tensor, groups: np.ndarray
) -> dict[str, dict[str, float]]:
    """Group -> :func:`reconstruction_metrics` of its samples, groups sorted.

    A T-Net that beats the mean on average may still fail for some groups.

    Args:
        real: (N, ...) privileged features.
        hallucinated: the same shape.
        mean: (...), the mean privileged feature of the training samples.
        groups: (N,).

    Raises:
        InputError: if there are not as many groups as samples.
    """
    if len(groups) != len(real):
        raise InputError(f"There are {len(real)} samples but {len(groups)} groups.")
    by_group = {}
    for group in np.unique(groups):
        own = torch.as_tensor(np.flatnonzero(groups == group))
        by_group[str(group)] = reconstruction_metrics(real[own], hallucinated[own], mean)
    return by_group


def reconstruction_metrics(real: Tensor, hallucinated: Tensor, mean: Tensor) -> dict[str, float]:
    """Error of a T-Net's features, beside that of the trivial predictor.

    Args:
        real: (N, F) privileged features, or (N, T, F) tokens.
        hallucinated: the same shape, the T-Net's output for the same samples.
        mean: (F,) or (T, F), the mean privileged feature of the training samples.

    Returns:
        ``mse``, the mean squared error; ``mse_of_mean``, that of always answering ``mean``; and
        ``explained``, 1 minus their ratio: 1 is perfect, 0 no better than the mean feature.
    """
    real, hallucinated = real.detach().float(), hallucinated.detach().float()
    mse = (real - hallucinated).square().mean()
    trivial = (real - mean.to(real)).square().mean()
    explained = 1 - mse / trivial.clamp_min(torch.finfo(real.dtype).tiny)
    return {"mse": float(mse), "mse_of_mean": float(trivial), "explained": float(explained)}
