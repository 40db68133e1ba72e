"""Levels: published tables, hand computation and laws."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkdot.errors import InputError
from pkdot.tasks import Classification, Ordinal
from pkdot.tasks.ordinal import intraclass_correlation

THREE = Ordinal(classes=("low", "middle", "high"))
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def test_the_published_example_of_the_intraclass_correlation() -> None:
    """Table 2 and 4 of Shrout and Fleiss (1979): ICC(3,1) is .71."""
    assert intraclass_correlation(SHROUT_FLEISS) == pytest.approx(0.7148, abs=1e-4)


@given(st.floats(-5, 5), st.integers(0, 1000))
def test_a_constant_between_raters_costs_nothing(shift: float, seed: int) -> None:
    truth = np.random.default_rng(seed).standard_normal(20)
    pairs = np.stack([truth, truth + shift], axis=1)
    assert intraclass_correlation(pairs) == pytest.approx(1)
    flipped = np.stack([truth, shift - truth], axis=1)
    assert intraclass_correlation(flipped) == pytest.approx(-1)


def test_ratings_that_tell_nothing() -> None:
    assert intraclass_correlation(np.ones((5, 2))) == 0
    with pytest.raises(InputError, match="n and k >= 2"):
        intraclass_correlation(np.ones((1, 2)))


def test_ordinal_measures_read_the_expected_level() -> None:
    logits = torch.tensor([[0.0, -99.0, 0.0], [-99.0, -99.0, 0.0]])  # levels 1 and 2
    found = THREE.scores(logits, torch.tensor([1, 0]))
    assert found["mae"] == pytest.approx(1.0)
    assert found["accuracy"] == 0.0
    assert "mae" not in Classification(classes=THREE.classes).scores(logits, torch.tensor([1, 0]))


def test_a_near_miss_is_better_than_a_far_one() -> None:
    truth, five = torch.arange(5), Ordinal(classes=tuple("abcde"))
    near, far = torch.eye(5).roll(1, 0) * 20, torch.eye(5).roll(2, 0) * 20
    near, far = (five.scores(x, truth) for x in (near, far))
    assert near["accuracy"] == far["accuracy"] == 0
    assert near["mae"] < far["mae"]
    assert near["icc"] > far["icc"]
