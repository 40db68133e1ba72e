"""Ordinal classification: the classes are levels of one quantity, in rising order."""

from typing import Any, ClassVar, Literal

import numpy as np

from ..errors import InputError
from .arrays import Array
from .base import TargetGroups
from .classification import Classification
from .groups import GroupWords


class Ordinal(Classification):
    """As :class:`Classification`, with two scores of the expected level.

    The expected level is the mean of the levels 0..C-1 under the class probabilities. ``mae`` is
    its mean absolute error in levels, ``icc`` its agreement with the truth, see
    :func:`intraclass_correlation`.
    """

    kind: Literal["ordinal"] = "ordinal"  # type: ignore[assignment]
    outputs_label: ClassVar[str] = "levels in rising order"

    def grouping(self, targets: Array) -> TargetGroups:
        """The levels, in rising order."""
        words = GroupWords("level", "levels")
        return super().grouping(targets)._replace(by="level", words=words, ordered=True)

    @property
    def target_label(self) -> str:
        return "level"

    def scores(self, outputs: Any, targets: Any) -> dict[str, float]:
        import torch

        found = super().scores(outputs, targets)
        logits, classes = self._known_pair(outputs, targets)
        levels = torch.arange(logits.shape[1], dtype=torch.float64)
        expected = (logits.double().softmax(1) @ levels).numpy()
        truth = classes.double().numpy()
        found["mae"] = float(np.abs(expected - truth).mean())
        found["icc"] = intraclass_correlation(np.stack([truth, expected], axis=1))
        return found


def intraclass_correlation(ratings: Array) -> float:
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
    x = ratings.astype(float)
    n, k = x.shape
    centred = x - x.mean()
    of_targets, of_raters = centred.mean(1), centred.mean(0)
    between = k * np.square(of_targets).sum() / (n - 1)
    rest = centred - of_targets[:, None] - of_raters[None, :]
    error = np.square(rest).sum() / ((n - 1) * (k - 1))
    whole = between + (k - 1) * error
    return float((between - error) / whole) if whole > 0 else 0.0
