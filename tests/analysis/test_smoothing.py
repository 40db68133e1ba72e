"""Smoothing over time: a plain mean as referee, ends, gaps, and a width that is chosen."""

import numpy as np
import pytest

from pkdot.analysis.smoothing import choose_width, smooth_over_time
from pkdot.errors import InputError
from pkdot.tasks import Regression


def test_each_answer_is_the_mean_of_its_neighbours_in_the_sequence() -> None:
    chance = np.random.default_rng(0)
    values = chance.normal(size=(13, 2))
    values[4, 0] = np.nan
    sequences = np.array(["a"] * 6 + ["b"] * 7)
    smooth = smooth_over_time(values, sequences, 5)
    for i in range(13):
        own = [j for j in range(max(i - 2, 0), min(i + 3, 13)) if sequences[j] == sequences[i]]
        for column in range(2):
            known = values[own, column][np.isfinite(values[own, column])]
            expected = known.mean() if np.isfinite(values[i, column]) else np.nan
            assert smooth[i, column] == pytest.approx(expected, nan_ok=True)
    assert np.array_equal(smooth_over_time(values, sequences, 1), values, equal_nan=True)


def test_constants_stay_and_nothing_moves_in_time() -> None:
    flat = np.full((9, 1), 0.3)
    names = np.full(9, "a")
    assert smooth_over_time(flat, names, 5) == pytest.approx(flat)
    pulse = np.zeros((9, 1))
    pulse[4] = 1
    smooth = smooth_over_time(pulse, names, 3)[:, 0]
    assert np.array_equal(smooth, smooth[::-1])
    with pytest.raises(InputError, match="odd"):
        smooth_over_time(pulse, names, 4)


def test_the_width_is_chosen_by_the_primary_score() -> None:
    """Noise calls for a wide mean, a truth as quick as the noise for none."""
    chance = np.random.default_rng(0)
    time = np.arange(600)
    slow = np.stack([np.sin(time / 60), np.cos(time / 60)], axis=1)
    task = Regression(targets=("valence", "arousal"), objective="ccc")
    names = np.full(600, "a")
    noisy = slow + chance.normal(size=slow.shape)
    assert choose_width(task, noisy, slow, names) >= 21
    quick = chance.normal(size=slow.shape)
    assert choose_width(task, quick, quick, names) == 1
