"""How far the student's structure follows the teacher's, in one number each.  NumPy only.

No measure changes where an embedding space is rotated, and none needs equal widths, so that a
student of any width can be compared with its teacher.
"""

from typing import Any

import numpy as np

from ..errors import InputError
from .matrix_correlation import matrix_correlation
from .projection import unit_rows

Array = np.ndarray[Any, np.dtype[Any]]

MEASURES = ("correlation", "rank_correlation", "cka", "neighbour_overlap")
NEIGHBOURS = 10


def cosine(z: Array) -> Array:
    """Cosine similarities (N, N) of embeddings (N, D); 0 for a row of zeros.

    Raises:
        InputError: for fewer than 3 samples, or values that are not finite.
    """
    rows = unit_rows(z)
    return np.clip(rows @ rows.T, -1, 1)


def linear_cka(x: Array, y: Array) -> float:
    """Centred kernel alignment with linear kernels, ‖Xᵀ Y‖² / (‖Xᵀ X‖ ‖Yᵀ Y‖), columns centred.

    Args:
        x: (N, D).
        y: (N, D'), the same samples.

    Returns:
        From 0 (unrelated) to 1 (equal up to rotation and scale); NaN where one is constant.

    Raises:
        InputError: if the numbers of rows differ.

    Source: Kornblith et al., "Similarity of Neural Network Representations Revisited", ICML 2019.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise InputError(f"CKA compares (N, D) with (N, D'), not {x.shape} with {y.shape}.")
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    own = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.square(np.linalg.norm(x.T @ y)) / own) if own > 0 else float("nan")


def rank_correlation(one: Array, two: Array) -> float:
    """Spearman correlation of two similarity matrices (B, B) over their pairs i < j.

    It compares the order of the pairs alone, where :func:`matrix_correlation` compares values.

    Returns:
        From −1 to 1; NaN where one matrix is constant.

    Raises:
        InputError: if the matrices are not square and of one shape.
    """
    from scipy.stats import rankdata

    one, two = np.asarray(one, dtype=float), np.asarray(two, dtype=float)
    if one.shape != two.shape or one.ndim != 2 or one.shape[0] != one.shape[1]:
        raise InputError(f"Matrices of shapes {one.shape} and {two.shape} cannot be compared.")
    pairs = np.triu_indices(len(one), k=1)
    ranks = []
    for matrix in (one, two):
        ranked = np.zeros_like(matrix)
        ranked[pairs] = rankdata(matrix[pairs])
        ranks.append(ranked)
    return matrix_correlation(*ranks)


def nearest(similarity: Array, neighbours: int = NEIGHBOURS) -> Array:
    """Indices (B, k) of the most similar other samples, most similar first.

    Args:
        similarity: (B, B), larger is nearer.
        neighbours: how many, k.

    Raises:
        InputError: if the matrix is not square or ``neighbours`` is outside 1..B-1.
    """
    matrix = np.array(similarity, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"A square matrix (B, B) is needed, not one of shape {matrix.shape}.")
    if not 1 <= neighbours < len(matrix):
        raise InputError(
            f"{neighbours} neighbours cannot be found among {len(matrix)} samples; ask for 1 to "
            f"{len(matrix) - 1}."
        )
    np.fill_diagonal(matrix, -np.inf)
    return np.argsort(-matrix, axis=1, kind="stable")[:, :neighbours]


def neighbour_overlap(one: Array, two: Array, neighbours: int = NEIGHBOURS) -> float:
    """Mean share of a sample's nearest neighbours that two matrices (B, B) have in common.

    By chance it is ``neighbours / (B - 1)``.

    Raises:
        InputError: as :func:`nearest`, or if the shapes differ.
    """
    first, second = nearest(one, neighbours), nearest(two, neighbours)
    if len(first) != len(second):
        raise InputError(f"Matrices of {len(first)} and {len(second)} samples cannot be compared.")
    shared = (first[:, :, None] == second[:, None, :]).any(axis=2)
    return float(shared.mean())


def agreement(teacher: Array, student: Array, neighbours: int = NEIGHBOURS) -> dict[str, float]:
    """All of :data:`MEASURES` for embeddings (N, D) and (N, D') of the same samples.

    Returns:
        Measure -> value; higher is closer, 1 where the structure is the same.

    Raises:
        InputError: for fewer than 3 samples, unequal numbers, or values that are not finite.
    """
    one, two = cosine(teacher), cosine(student)
    return {
        "correlation": matrix_correlation(one, two),
        "rank_correlation": rank_correlation(one, two),
        "cka": linear_cka(teacher, student),
        "neighbour_overlap": neighbour_overlap(one, two, min(neighbours, len(one) - 1)),
    }
