"""How well a T-Net hallucinates the features that the student does not see.  NumPy only."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Reconstruction:
    """How well features were hallucinated, against always predicting their mean (which scores 0).

    Attributes:
        r2: share of the variance explained, over all features; NaN where none of them varies.
        r2_by_feature: (F,), NaN for a feature that does not vary.
        correlation: Pearson correlation over all entries, each feature centred; NaN where the real
            or the hallucinated features do not vary.
    """

    r2: float
    r2_by_feature: Array
    correlation: float


def reconstruction(real: Array, hallucinated: Array) -> Reconstruction:
    """Compare hallucinated features with real ones, both (N, F).

    R² = 1 − Σ(real − hallucinated)² / Σ(real − mean)², the mean taken feature by feature over
    these samples. Below 0 is worse than predicting the mean.

    Raises:
        InputError: if the shapes differ, or there are fewer than 2 samples.
    """
    real, guess = np.asarray(real, float), np.asarray(hallucinated, float)
    if real.shape != guess.shape or real.ndim != 2 or len(real) < 2:
        raise InputError(
            f"Features must be two matrices (N, F) of one shape with N > 1, not {real.shape} and "
            f"{guess.shape}."
        )
    centred, centred_guess = real - real.mean(axis=0), guess - guess.mean(axis=0)
    error, total = np.square(real - guess).sum(axis=0), np.square(centred).sum(axis=0)
    varies = np.ptp(real, axis=0) > 0
    by_feature = np.full(real.shape[1], np.nan)
    by_feature[varies] = 1 - error[varies] / total[varies]
    r2 = 1 - error.sum() / total.sum() if varies.any() else np.nan
    spread = np.sqrt(total.sum() * np.square(centred_guess).sum())
    correlation = (centred * centred_guess).sum() / spread if spread > 0 else np.nan
    return Reconstruction(float(r2), by_feature, float(correlation))
