"""Exercises of ``06_tnet``."""

import numpy as np

from ..exercises import Exercise, Wrong

_RNG = np.random.default_rng(0)
_REAL = _RNG.standard_normal((6, 3)) + np.array([0.0, 2.0, -1.0])
_GUESS = _REAL + 0.5 * _RNG.standard_normal((6, 3))


def _explained(real: np.ndarray, guess: np.ndarray) -> float:
    return float(1 - ((real - guess) ** 2).sum() / ((real - real.mean(0)) ** 2).sum())


def _one_mean(real: np.ndarray, guess: np.ndarray) -> float:
    return float(1 - ((real - guess) ** 2).sum() / ((real - real.mean()) ** 2).sum())


EXERCISES = (
    Exercise(
        "best_guess",
        2.0,
        (
            Wrong(1.0, "Then the second A is off by two; its square is 4."),
            Wrong(3.0, "Then the first A is off by two; its square is 4."),
            Wrong(4.0, "That is the answer for B."),
        ),
        "Differentiate the squared error for g, or try some values between 1 and 3.",
        "It is the mean of the two, though neither recording has this value.",
    ),
    Exercise(
        "explained_by_hand",
        2 / 3,
        (
            Wrong(1 / 3, "That is the share which is left over."),
            Wrong(0.5, "For the lower sum, each of the four recordings is compared with 3."),
            Wrong(1.0, "Two of the four guesses are off by one each."),
        ),
        "Upper sum: four errors of the guesses. Lower sum: four errors of always saying 3.",
        "A third of the variance is beyond what A and B can say.",
    ),
    Exercise(
        "r2",
        _explained,
        (
            Wrong(
                _one_mean, "One mean for all features: their different levels count as variance."
            ),
            Wrong(
                lambda real, guess: 1 - _explained(real, guess),
                "That is the share which is left over.",
            ),
            Wrong(
                lambda real, guess: ((real - guess) ** 2).mean(),
                "That is the mean squared error. It depends on the unit of the features.",
            ),
        ),
        "Two sums over all entries; the lower one compares with the mean of each column.",
        probes=((_REAL, _GUESS), (_REAL[:4], _GUESS[:4])),
    ),
    Exercise(
        "who_trains",
        {"labelled training", "unlabelled training"},
        (
            Wrong({"labelled training"}, "Does the squared error read a label?"),
            Wrong(
                {"labelled training", "unlabelled training", "inner split"},
                "What stops the training must not be what is learnt: it would never stop.",
            ),
            Wrong(
                {"labelled training", "unlabelled training", "inner split", "test"},
                "At test time the sensor is gone. Its test values must not be learnt.",
            ),
        ),
        "Labels are not needed; but what stops or tests must not be learnt.",
        "Pairs are cheap, labels are dear: here the T-Net has ten times as much to learn from.",
    ),
)
