"""How alike two similarity matrices are.  NumPy only."""

from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


def matrix_correlation(one: Array, two: Array) -> float:
    """Pearson correlation of two similarity matrices (B, B) over their pairs i < j.

    Returns:
        From −1 to 1; NaN where one of the matrices is constant, or there are fewer than two pairs.

    Raises:
        InputError: if a matrix is not square, or their shapes differ.
    """
    one, two = np.asarray(one, dtype=float), np.asarray(two, dtype=float)
    for matrix in (one, two):
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise InputError(f"A square matrix (B, B) is needed, not one of shape {matrix.shape}.")
    if one.shape != two.shape:
        raise InputError(f"Matrices of shapes {one.shape} and {two.shape} cannot be compared.")
    pairs = np.triu_indices(len(one), k=1)
    x, y = one[pairs], two[pairs]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])
