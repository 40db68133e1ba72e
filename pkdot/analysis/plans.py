"""Numbers that say what a picture shows: how much of a plan keeps samples in place, how much of a
feature was hallucinated rightly, how alike two similarity matrices are.  NumPy only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


def diagonal_mass(plan: Array) -> float:
    """Share of a square plan's mass on its diagonal: how often a sample is matched to itself.

    A plan that ignores identity has about 1/B of it there; a plan that keeps every pair has 1.

    Raises:
        InputError: if the plan is not square, or has no mass.
    """
    plan = _square(plan)
    return float(np.trace(plan) / plan.sum())


def within_class_mass(plan: Array, labels: Array) -> float:
    """Share of a plan's mass between samples of one class; samples without label (−1) are left out.

    Returns NaN where no sample has a label.

    Raises:
        InputError: if the plan is not square (B, B) with B labels.
    """
    plan = _square(plan)
    labels = np.asarray(labels)
    if labels.shape != (len(plan),):
        raise InputError(f"A plan {plan.shape} needs {len(plan)} labels, not {labels.shape}.")
    known = labels >= 0
    plan, labels = plan[np.ix_(known, known)], labels[known]
    total = plan.sum()
    if total == 0:
        return float("nan")
    return float(plan[labels[:, None] == labels[None, :]].sum() / total)


def matrix_correlation(one: Array, two: Array) -> float:
    """Pearson correlation of two similarity matrices (B, B) over their pairs i < j.

    Returns NaN where one of them is constant.
    """
    one, two = _square(one, massive=False), _square(two, massive=False)
    if one.shape != two.shape:
        raise InputError(f"Matrices of shapes {one.shape} and {two.shape} cannot be compared.")
    pairs = np.triu_indices(len(one), k=1)
    x, y = one[pairs], two[pairs]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


@dataclass(frozen=True)
class Reconstruction:
    """How well features were hallucinated, against always saying their mean (which scores 0).

    Attributes:
        r2: share of the variance explained, over all features.
        r2_by_feature: (F,), NaN for a feature that does not vary.
        correlation: Pearson correlation over all entries, each feature centred.
    """

    r2: float
    r2_by_feature: Array
    correlation: float


def reconstruction(real: Array, hallucinated: Array) -> Reconstruction:
    """Compare hallucinated features with real ones, both (N, F).

    R² = 1 − Σ(real − hallucinated)² / Σ(real − mean)², the mean taken feature by feature over
    these samples. Below 0 is worse than saying the mean.

    Raises:
        InputError: if the shapes differ, or there are fewer than 2 samples.
    """
    real, made = np.asarray(real, float), np.asarray(hallucinated, float)
    if real.shape != made.shape or real.ndim != 2 or len(real) < 2:
        raise InputError(
            f"Features must be two matrices (N, F) of one shape with N > 1, not {real.shape} and "
            f"{made.shape}."
        )
    centred, centred_made = real - real.mean(axis=0), made - made.mean(axis=0)
    error, total = np.square(real - made).sum(axis=0), np.square(centred).sum(axis=0)
    varies = np.ptp(real, axis=0) > 0
    by_feature = np.full(real.shape[1], np.nan)
    by_feature[varies] = 1 - error[varies] / total[varies]
    r2 = 1 - error.sum() / total.sum() if varies.any() else float("nan")
    spread = np.sqrt(total.sum() * np.square(centred_made).sum())
    correlation = float((centred * centred_made).sum() / spread) if spread > 0 else float("nan")
    return Reconstruction(float(r2), by_feature, correlation)


def _square(matrix: Array, *, massive: bool = True) -> Array:
    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"A square matrix (B, B) is needed, not one of shape {matrix.shape}.")
    if massive and not matrix.sum() > 0:
        raise InputError("This plan has no mass; its entries must be positive and sum to 1.")
    return matrix
