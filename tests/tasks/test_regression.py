"""Real values: hand computation, referees, and sums that join."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pkdot.errors import DataError, InputError
from pkdot.tasks import Regression
from pkdot.tasks.moments import Moments


def test_ccc_by_hand() -> None:
    """x = (1, 2, 3), y = (2, 2, 5): means 2 and 3, variances 2/3 and 2, covariance 1."""
    moments = Moments.of(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 5.0]))
    assert moments.ccc == pytest.approx(2 * 1 / (2 / 3 + 2 + 1))
    assert moments.pearson == pytest.approx(1 / np.sqrt(4 / 3))
    assert moments.rmse == pytest.approx(np.sqrt(5 / 3))
    assert moments.mae == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.floats(-1e6, 1e6), st.lists(st.integers(0, 30), min_size=2))
def test_joined_moments_are_those_of_all_samples(seed: int, offset: float, cuts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, 30)) + offset
    edges = sorted({0, 30, *cuts})
    parts = [Moments.of(x[a:b], y[a:b]) for a, b in pairwise(edges)]
    joined, whole = Moments.together(parts), Moments.of(x, y)
    assert joined.as_list() == pytest.approx(whole.as_list(), rel=1e-6, abs=1e-6)


def test_undefined_scores_are_named() -> None:
    nothing = Moments.of(np.empty(0), np.empty(0))
    assert np.isnan([nothing.ccc, nothing.pearson, nothing.rmse, nothing.mae]).all()
    constant = Moments.of(np.full(4, 2.0), np.arange(4.0))
    assert (constant.ccc, constant.pearson) == (0, 0)


def test_scores_are_in_the_targets_unit_and_agree_with_referees() -> None:
    rng = np.random.default_rng(0)
    y = 100 + 20 * rng.standard_normal((200, 2))
    y[::7, 1] = np.nan
    task = Regression(targets=("a", "b")).fitted(y)
    outputs = rng.standard_normal((200, 2))
    found, values = task.scores(outputs, y), task.recorded(outputs)
    for t, name in enumerate(task.targets):
        known = np.isfinite(y[:, t])
        truth, answers = y[known, t], values[known, t]
        assert found[f"rmse {name}"] == pytest.approx(root_mean_squared_error(truth, answers))
        assert found[f"mae {name}"] == pytest.approx(mean_absolute_error(truth, answers))
        assert found[f"pearson {name}"] == pytest.approx(np.corrcoef(truth, answers)[0, 1])
    for score in ("ccc", "pearson", "rmse", "mae"):
        assert found[score] == pytest.approx(np.mean([found[f"{score} a"], found[f"{score} b"]]))


@pytest.mark.parametrize("objective", ["mse", "huber", "ccc"])
def test_the_criterion_is_the_loss_of_all_samples(objective: str) -> None:
    rng = np.random.default_rng(1)
    y = 5 + rng.standard_normal((50, 2))
    y[3, 0] = np.nan
    task = Regression(targets=("a", "b"), objective=objective).fitted(y)
    outputs = rng.standard_normal((50, 2))
    loss = task.loss(torch.as_tensor(outputs), torch.as_tensor(y))
    assert task.scores(outputs, y)[task.criterion.name] == pytest.approx(float(loss), rel=1e-5)


def test_the_ccc_objective_is_one_less_the_score() -> None:
    rng = np.random.default_rng(2)
    y = rng.standard_normal((60, 1))
    task = Regression(objective="ccc").fitted(y)
    outputs = 0.5 * y + 0.3 * rng.standard_normal((60, 1))
    found = task.scores(outputs, y)
    standardised = (y - y.mean()) / y.std()
    expected = Moments.of(outputs[:, 0], standardised[:, 0]).ccc
    assert found["one_minus_ccc"] == pytest.approx(1 - expected, abs=1e-5)


def test_frames_of_windows_are_concatenated() -> None:
    rng = np.random.default_rng(3)
    y = rng.standard_normal((6, 10, 2))
    outputs = rng.standard_normal((6, 10, 2))
    task = Regression(targets=("a", "b"))
    assert task.check(y).shape == (6, 10, 2)
    flat = task.scores(outputs.reshape(60, 2), y.reshape(60, 2))
    assert task.scores(outputs, y) == pytest.approx(flat)
    y[2] = np.nan
    assert task.has_target(y).tolist() == [True, True, False, True, True, True]


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (np.array(["a"]), "needs numbers"),
        (np.ones((3, 4)), r"shape \(N, 2\) or \(N, L, 2\)"),
        (np.array([[1.0, np.inf]]), "infinite"),
    ],
)
def test_targets_that_are_none_are_refused(targets: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Regression(targets=("a", "b")).check(targets)


def test_shapes_must_match() -> None:
    with pytest.raises(InputError, match="one shape"):
        Regression().scores(np.ones((3, 1)), np.ones((4, 1)))


def test_a_constant_target_is_not_blown_up() -> None:
    task = Regression().fitted(np.full((5, 1), 7.0))
    assert task.deviations == (1.0,)
    assert task.recorded(np.zeros((2, 1))) == pytest.approx(7.0)


def test_groups_are_fifths_of_the_training_targets() -> None:
    y = np.arange(100.0)[:, None]
    task = Regression(targets=("score",)).fitted(y)
    assert np.bincount(task.strata(y)).tolist() == [20] * 5
    few = task.grouping(np.array([[0.0], [99.0], [np.nan]]))
    assert few.numbers.tolist() == [0, 4, -1]
    assert few.names[0] == "up to 19.8"
    assert few.by == "score"
