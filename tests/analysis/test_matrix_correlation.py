"""Correlation of two similarity matrices, on cases worked by hand."""

import numpy as np
import pytest

from pkdot.analysis.matrix_correlation import matrix_correlation
from pkdot.errors import InputError


def test_correlation_reads_each_pair_once_and_no_diagonal() -> None:
    one = np.array([[9, 1, 2], [1, 9, 4], [2, 4, 9]], dtype=float)
    two = np.array([[0, -1, -2], [7, 0, -4], [7, 7, 0]], dtype=float)
    assert matrix_correlation(one, two) == pytest.approx(-1)
    assert matrix_correlation(one, 3 * one + 2) == pytest.approx(1)
    assert np.isnan(matrix_correlation(one, np.ones((3, 3))))


@pytest.mark.parametrize("other", [np.eye(3), np.ones((2, 3)), np.ones(2)])
def test_wrong_shapes_are_refused(other: np.ndarray) -> None:
    with pytest.raises(InputError):
        matrix_correlation(np.eye(2), other)
