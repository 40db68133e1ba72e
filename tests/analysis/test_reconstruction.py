"""Hallucinated features against real ones, on cases worked by hand."""

import numpy as np
import pytest

from pkdot.analysis.reconstruction import reconstruction
from pkdot.errors import InputError


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
    ("real", "hallucinated"),
    [(np.ones((3, 2)), np.ones((3, 1))), (np.ones((1, 2)), np.ones((1, 2)))],
)
def test_wrong_shapes_are_refused(real: np.ndarray, hallucinated: np.ndarray) -> None:
    with pytest.raises(InputError):
        reconstruction(real, hallucinated)
