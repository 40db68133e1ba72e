"""Predictions -> metrics."""

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

from .errors import InputError


def classification_metrics(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy, macro F1 and cross-entropy of a set of samples.

    Args:
        logits: (N, C), N >= 1.
        labels: (N,) int64 in 0..C-1.

    Returns:
        ``accuracy`` and ``macro_f1`` in 0..1 (F1 averaged over the classes that occur in labels or
        predictions), ``cross_entropy`` in nats.

    Raises:
        InputError: if the shapes do not match or a label is out of range.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise InputError(
            f"Metrics need logits (N, C) and labels (N,) with N >= 1, not {tuple(logits.shape)} "
            f"and {tuple(labels.shape)}."
        )
    n_classes = logits.shape[1]
    if labels.min() < 0 or labels.max() >= n_classes:
        raise InputError(
            f"Labels must lie in 0..{n_classes - 1} for logits with {n_classes} columns; found "
            f"{int(labels.min())} to {int(labels.max())}."
        )
    logits = logits.detach().float()
    predicted = logits.argmax(1)
    accuracy = multiclass_accuracy(predicted, labels, n_classes, average="micro")
    macro_f1 = multiclass_f1_score(predicted, labels, n_classes, average="macro")
    return {
        "accuracy": float(accuracy),
        "macro_f1": float(macro_f1),
        "cross_entropy": float(functional.cross_entropy(logits, labels)),
    }


def reconstruction_metrics(real: Tensor, hallucinated: Tensor, mean: Tensor) -> dict[str, float]:
    """How well a T-Net hallucinates, against the trivial predictor.

    Args:
        real: (N, F) privileged features.
        hallucinated: (N, F), the T-Net's output for the same samples.
        mean: (F,), the mean privileged feature of the training samples.

    Returns:
        ``mse``, the mean squared error; ``mse_of_mean``, that of always answering ``mean``; and
        ``explained``, 1 minus their ratio: 1 is perfect, 0 no better than the mean feature.
    """
    real, hallucinated = real.detach().float(), hallucinated.detach().float()
    mse = (real - hallucinated).square().mean()
    trivial = (real - mean.to(real)).square().mean()
    explained = 1 - mse / trivial.clamp_min(torch.finfo(real.dtype).tiny)
    return {"mse": float(mse), "mse_of_mean": float(trivial), "explained": float(explained)}
