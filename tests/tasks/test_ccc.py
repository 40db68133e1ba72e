"""The CCC as the Aff-Wild2 challenge has it, against a computation by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest

from pkdot.errors import InputError
from pkdot.tasks import Regression

TASK = Regression(targets=("valence", "arousal"), objective="ccc")
NAN = math.nan


def by_hand(x: list[float], y: list[float]) -> float:
    """2 cov / (var x + var y + (mean x − mean y)²) in exact fractions; 0 for constants."""
    a, b = [Fraction(v) for v in x], [Fraction(v) for v in y]
    n = len(a)
    mean_a, mean_b = sum(a) / n, sum(b) / n
    cov = sum((p - mean_a) * (q - mean_b) for p, q in zip(a, b, strict=True)) / n
    spread = sum((p - mean_a) ** 2 for p in a) / n + sum((q - mean_b) ** 2 for q in b) / n
    whole = spread + (mean_a - mean_b) ** 2
    return float(2 * cov / whole) if whole else 0.0


@pytest.mark.parametrize(
    ("answers", "truth"),
    [
        ([0.1, 0.4, -0.3, 0.9], [0.2, 0.3, -0.5, 0.7]),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]),  # a constant answer
        ([0.1, 0.2, 0.3], [0.5, 0.5, 0.5]),  # a constant truth
        ([0.5, 0.5], [0.5, 0.5]),  # both, and equal
        ([0.5, 0.5], [-0.5, -0.5]),
        ([0.25], [0.75]),  # one frame
        ([0.25], [0.25]),
        ([-0.9, 0.9], [0.9, -0.9]),
    ],
)
def test_scores_are_those_of_a_hand_computation(answers: list[float], truth: list[float]) -> None:
    """Valence as given, arousal the other way round; rows that are invalid count for nothing."""
    rows = np.array([answers, truth]).T
    outputs = np.concatenate([rows, [[0.9, 0.9], [0.1, 0.1]]])
    targets = np.concatenate([rows[:, ::-1], np.full((2, 2), NAN)])
    found = TASK.scores(outputs, targets)
    assert found["ccc valence"] == pytest.approx(by_hand(answers, truth), abs=1e-9)
    assert found["ccc arousal"] == pytest.approx(by_hand(truth, answers), abs=1e-9)
    mean = (found["ccc valence"] + found["ccc arousal"]) / 2
    assert found["ccc"] == pytest.approx(mean, abs=1e-12)
    tallies = [TASK.tally(outputs[i : i + 1], targets[i : i + 1]) for i in range(len(outputs))]
    assert TASK.tallied(tallies) == pytest.approx(found["ccc"], abs=1e-9)


def test_all_frames_concatenated_are_not_the_mean_over_videos() -> None:
    """Two videos of which each is answered the wrong way round, and both together well."""
    truth = np.array([[-0.6, 0.0], [-0.5, 0.1], [0.5, 0.0], [0.6, 0.1]])
    outputs = np.array([[-0.5, 0.0], [-0.6, 0.1], [0.6, 0.0], [0.5, 0.1]])
    whole = TASK.scores(outputs, truth)["ccc valence"]
    each = [TASK.scores(outputs[i : i + 2], truth[i : i + 2])["ccc valence"] for i in (0, 2)]
    assert whole > 0.97
    assert max(each) < 0
    assert each[0] == pytest.approx(by_hand([-0.5, -0.6], [-0.6, -0.5]), abs=1e-9)


def test_all_frames_invalid() -> None:
    outputs, truth = np.zeros((3, 2)), np.full((3, 2), NAN)
    with pytest.raises(InputError, match="target is known"):
        TASK.scores(outputs, truth)
    assert math.isnan(TASK.tallied([TASK.tally(outputs, truth)]))


def test_one_target_invalid_throughout() -> None:
    truth = np.array([[0.1, NAN], [0.4, NAN], [0.2, NAN]])
    found = TASK.scores(np.array([[0.1, 0.0], [0.4, 0.0], [0.2, 0.0]]), truth)
    assert found["ccc"] == pytest.approx(1.0)
    assert math.isnan(found["ccc arousal"])
