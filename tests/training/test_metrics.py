"""Measures against hand computation, published tables and laws."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkdot.errors import InputError
from pkdot.training.metrics import (
    classification_metrics,
    intraclass_correlation,
    reconstruction_by_subject,
    reconstruction_metrics,
)

SHROUT_FLEISS = torch.tensor(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def test_the_published_example_of_the_intraclass_correlation() -> None:
    """Table 2 and 4 of Shrout and Fleiss (1979): ICC(3,1) is .71."""
    assert intraclass_correlation(SHROUT_FLEISS) == pytest.approx(0.7148, abs=1e-4)


@given(st.floats(-5, 5), st.integers(0, 1000))
def test_a_constant_between_raters_costs_nothing(shift: float, seed: int) -> None:
    truth = torch.randn(20, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    pairs = torch.stack([truth, truth + shift], dim=1)
    assert intraclass_correlation(pairs) == pytest.approx(1)
    flipped = torch.stack([truth, shift - truth], dim=1)
    assert intraclass_correlation(flipped) == pytest.approx(-1)


def test_ratings_that_tell_nothing() -> None:
    assert intraclass_correlation(torch.ones(5, 2)) == 0
    with pytest.raises(InputError, match="n and k >= 2"):
        intraclass_correlation(torch.ones(1, 2))


def test_ordinal_measures_read_the_expected_level() -> None:
    logits = torch.tensor([[0.0, -99.0, 0.0], [-99.0, -99.0, 0.0]])  # levels 1 and 2
    found = classification_metrics(logits, torch.tensor([1, 0]), ordinal=True)
    assert found["mae"] == pytest.approx(1.0)
    assert found["accuracy"] == 0.0
    assert "mae" not in classification_metrics(logits, torch.tensor([1, 0]))


def test_a_near_miss_is_better_than_a_far_one() -> None:
    truth = torch.arange(5)
    near, far = torch.eye(5).roll(1, 0) * 20, torch.eye(5).roll(2, 0) * 20
    near, far = (classification_metrics(x, truth, True) for x in (near, far))
    assert near["accuracy"] == far["accuracy"] == 0
    assert near["mae"] < far["mae"]
    assert near["icc"] > far["icc"]


@pytest.mark.parametrize("shape", [(3,), (4, 3)])
def test_reconstruction_by_subject_splits_the_whole(shape: tuple[int, ...]) -> None:
    draw = torch.Generator().manual_seed(0)
    real, guess = (torch.randn(10, *shape, generator=draw) for _ in range(2))
    mean = real.mean(0)
    subjects = np.array(["b"] * 4 + ["a"] * 6)
    found = reconstruction_by_subject(real, guess, mean, subjects)
    assert list(found) == ["a", "b"]
    assert found["b"] == reconstruction_metrics(real[:4], guess[:4], mean)
    whole = reconstruction_metrics(real, guess, mean)["mse"]
    assert 0.6 * found["a"]["mse"] + 0.4 * found["b"]["mse"] == pytest.approx(whole)
    for values in reconstruction_by_subject(real, mean.expand_as(real), mean, subjects).values():
        assert values["explained"] == pytest.approx(0)
    with pytest.raises(InputError, match="10 samples but 9 subjects"):
        reconstruction_by_subject(real, guess, mean, subjects[:9])
