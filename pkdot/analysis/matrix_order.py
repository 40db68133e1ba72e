"""Orders that make a similarity matrix legible: blocks show only where they are sorted."""

from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]


def by_group(groups: Any) -> Array:
    """Order that puts the samples of a group together, (B,) indices; those below 0 come last."""
    groups = np.asarray(groups)
    return np.argsort(np.where(groups < 0, groups.max(initial=0) + 1, groups), kind="stable")


def by_clustering(similarity: Array) -> Array:
    """Order of the leaves of an average-linkage tree over 1 − similarity, (B,) indices.

    Args:
        similarity: (B, B), finite; use the teacher's, so that both matrices share one order.

    Raises:
        InputError: if the matrix is not square and finite.
    """
    matrix = np.asarray(similarity, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise InputError(
            f"Clustering needs a finite square matrix (B, B), not one of shape {matrix.shape} or "
            f"with NaN; sort by class instead."
        )
    if len(matrix) < 3:
        return np.arange(len(matrix))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = np.clip(1 - (matrix + matrix.T) / 2, 0, None)
    np.fill_diagonal(distance, 0)
    return leaves_list(linkage(squareform(distance, checks=False), "average"))


def codes(names: Any) -> tuple[Array, list[str]]:
    """Text labels (B,) as group numbers (B,), and the name of each number, sorted."""
    found, numbers = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    return numbers.reshape(-1), found.tolist()
