"""Numbers under the figures, on cases worked by hand."""

import numpy as np
import pytest
import torch

from pkdot.analysis.plans import (
    diagonal_mass,
    matrix_correlation,
    reconstruction,
    within_class_mass,
)
from pkdot.errors import InputError
from pkdot.method import transport


def test_mass_on_the_diagonal() -> None:
    assert diagonal_mass(np.eye(4) / 4) == pytest.approx(1)
    assert diagonal_mass(np.full((4, 4), 1 / 16)) == pytest.approx(1 / 4)
    assert diagonal_mass(np.roll(np.eye(4), 1, axis=0)) == 0
    assert diagonal_mass([[3, 1], [0, 0]]) == pytest.approx(0.75)


def test_mass_within_the_class_leaves_unlabelled_samples_out() -> None:
    plan = np.array([[1, 2, 9], [3, 4, 9], [9, 9, 9]], dtype=float)
    assert within_class_mass(plan, np.array([0, 1, -1])) == pytest.approx(5 / 10)
    assert within_class_mass(plan, np.array([0, 0, -1])) == pytest.approx(1)
    assert np.isnan(within_class_mass(plan, np.full(3, -1)))


def test_correlation_reads_each_pair_once_and_no_diagonal() -> None:
    one = np.array([[9, 1, 2], [1, 9, 4], [2, 4, 9]], dtype=float)
    two = np.array([[0, -1, -2], [7, 0, -4], [7, 7, 0]], dtype=float)
    assert matrix_correlation(one, two) == pytest.approx(-1)
    assert matrix_correlation(one, 3 * one + 2) == pytest.approx(1)
    assert np.isnan(matrix_correlation(one, np.ones((3, 3))))


def test_reconstruction_is_scored_against_the_mean() -> None:
    real = np.array([[0, 5, 1], [2, 5, 3], [4, 5, 8]], dtype=float)
    perfect = reconstruction(real, real)
    assert perfect.r2 == pytest.approx(1)
    assert np.isnan(perfect.r2_by_feature[1])
    mean = reconstruction(real, np.broadcast_to(real.mean(axis=0), real.shape))
    assert mean.r2 == pytest.approx(0)
    assert np.isnan(mean.correlation)
    half = reconstruction(real[:, :1], np.array([[1.0], [2.0], [3.0]]))
    assert half.r2 == pytest.approx(1 - 2 / 8)
    assert half.correlation == pytest.approx(1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: diagonal_mass(np.ones((2, 3))),
        lambda: diagonal_mass(np.zeros((2, 2))),
        lambda: diagonal_mass(np.full((2, 2), np.nan)),
        lambda: within_class_mass(np.eye(2), np.array([0])),
        lambda: matrix_correlation(np.eye(2), np.eye(3)),
        lambda: reconstruction(np.ones((3, 2)), np.ones((3, 1))),
        lambda: reconstruction(np.ones((1, 2)), np.ones((1, 2))),
    ],
)
def test_wrong_shapes_are_refused(call) -> None:
    with pytest.raises(InputError):
        call()


def test_torch_and_numpy_measure_alike_with_and_without_labels() -> None:
    rng = np.random.default_rng(0)
    plan = rng.random((7, 7))
    for labels in (rng.integers(0, 3, 7), np.array([0, -1, 1, 1, -1, 0, 2]), np.full(7, -1)):
        ours = transport.class_mass(torch.from_numpy(plan), torch.from_numpy(labels))
        assert float(ours) == pytest.approx(within_class_mass(plan, labels), nan_ok=True)
    ours = transport.diagonal_mass(torch.from_numpy(plan))
    assert float(ours) == pytest.approx(diagonal_mass(plan))
