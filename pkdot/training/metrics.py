"""Metrics of predictions and of hallucinated features."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

from ..errors import InputError


def classification_metrics(
    logits: Tensor, labels: Tensor, ordinal: bool = False
) -> dict[str, float]:
    """Accuracy, macro F1 and cross-entropy of a set of samples.

    Args:
        logits: (N, C), N >= 1.
        labels: (N,) int64 in 0..C-1.
        ordinal: whether the classes are levels in rising order; then ``mae`` and ``icc`` join,
            both of the expected level (the mean of the levels under the class probabilities).

    Returns:
        ``accuracy`` and ``macro_f1`` in 0..1 (F1 averaged over the classes that occur in labels or
        predictions), ``cross_entropy`` in nats; where ordinal, ``mae``, the mean absolute error in
        levels, and ``icc``, see :func:`intraclass_correlation`.

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
    metrics = {
        "accuracy": float(accuracy),
        "macro_f1": float(macro_f1),
        "cross_entropy": float(functional.cross_entropy(logits, labels)),
    }
    if ordinal:
        levels = torch.arange(n_classes, dtype=torch.float64)
        expected = logits.cpu().double().softmax(1) @ levels
        truth = labels.cpu().double()
        metrics["mae"] = float((expected - truth).abs().mean())
        metrics["icc"] = intraclass_correlation(torch.stack([truth, expected], dim=1))
    return metrics


def intraclass_correlation(ratings: Tensor) -> float:
    """ICC(3,1): how consistently k raters, here truth and prediction, order n targets.

    Args:
        ratings: (n, k), n and k >= 2.

    Returns:
        1 for ratings that differ by a constant only, about 0 for unrelated ones, never below
        -1/(k-1); 0 where all ratings are equal.

    Raises:
        InputError: for fewer than two targets or raters.

    Source: Shrout and Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979).
    """
    if ratings.ndim != 2 or min(ratings.shape) < 2:
        raise InputError(
            f"An intraclass correlation needs ratings (n, k) with n and k >= 2, not "
            f"{tuple(ratings.shape)}."
        )
    x = ratings.double()
    n, k = x.shape
    centred = x - x.mean()
    of_targets, of_raters = centred.mean(1), centred.mean(0)
    between = k * of_targets.square().sum() / (n - 1)
    residual = centred - of_targets[:, None] - of_raters[None, :]
    error = residual.square().sum() / ((n - 1) * (k - 1))
    whole = between + (k - 1) * error
    return float((between - error) / whole) if whole > 0 else 0.0


def reconstruction_by_subject(
    real: Tensor, hallucinated: Tensor, mean: Tensor, subjects: np.ndarray
) -> dict[str, dict[str, float]]:
    """Subject -> :func:`reconstruction_metrics` of that subject's samples, subjects sorted.

    A T-Net that beats the mean on average may still fail for some subjects.

    Args:
        real: (N, ...) privileged features.
        hallucinated: the same shape.
        mean: (...), the mean privileged feature of the training samples.
        subjects: (N,).

    Raises:
        InputError: if there are not as many subjects as samples.
    """
    if len(subjects) != len(real):
        raise InputError(f"There are {len(real)} samples but {len(subjects)} subjects.")
    by_subject = {}
    for subject in np.unique(subjects):
        own = torch.as_tensor(np.flatnonzero(subjects == subject))
        by_subject[str(subject)] = reconstruction_metrics(real[own], hallucinated[own], mean)
    return by_subject


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
