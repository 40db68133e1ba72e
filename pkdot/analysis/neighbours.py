"""Whether near samples belong together: on a map, and in the embedding that it shows."""

from typing import Any

import numpy as np

from ..errors import InputError
from .agreement import NEIGHBOURS, nearest

Array = np.ndarray[Any, np.dtype[Any]]


def trustworthiness(z: Array, points: Array, neighbours: int = NEIGHBOURS) -> float:
    """Whether neighbours on a map are neighbours in the embedding (by cosine) too.

    Args:
        z: embeddings (N, D).
        points: the map (N, 2).
        neighbours: how many; fewer where N is small, since N / 2 is the most.

    Returns:
        From 0 to 1; 1 where the map invents no neighbour. NaN for fewer than 4 samples.

    Raises:
        InputError: if the numbers of rows differ or a value is not finite.

    Source: Venna and Kaski, "Neighborhood Preservation in Nonlinear Projection Methods: An
    Experimental Study", ICANN 2001; computed by scikit-learn.
    """
    z, points = np.asarray(z, dtype=float), np.asarray(points, dtype=float)
    if z.ndim != 2 or points.ndim != 2 or len(z) != len(points):
        raise InputError(f"A map of (N, D) is (N, 2); given are {z.shape} and {points.shape}.")
    if not (np.isfinite(z).all() and np.isfinite(points).all()):
        raise InputError("Trustworthiness needs finite values; look at an earlier epoch.")
    most = (len(z) - 1) // 2
    if most < 1:
        return float("nan")
    from sklearn.manifold import trustworthiness as measured

    return float(measured(z, points, n_neighbors=min(neighbours, most), metric="cosine"))


def purity(similarity: Array, labels: Array, neighbours: int = NEIGHBOURS) -> float:
    """Mean share of a sample's nearest neighbours that are of its own class.

    Args:
        similarity: (N, N), larger is nearer: cosine similarities, or negative distances on a map.
        labels: (N,) class numbers; samples without label (-1) are left out.
        neighbours: how many; fewer where there are not so many.

    Returns:
        From 0 to 1; NaN where fewer than two samples have a label.

    Raises:
        InputError: if the matrix is not square with N labels.
    """
    matrix, labels = np.asarray(similarity, dtype=float), np.asarray(labels)
    if matrix.shape != (len(labels), len(labels)):
        raise InputError(f"{len(labels)} labels need a square matrix, not {matrix.shape}.")
    known = labels >= 0
    matrix, labels = matrix[np.ix_(known, known)], labels[known]
    if len(labels) < 2:
        return float("nan")
    near = nearest(matrix, min(neighbours, len(labels) - 1))
    return float((labels[near] == labels[:, None]).mean())


def purity_by_chance(labels: Array) -> float:
    """The purity of neighbours drawn at random; NaN where fewer than two samples have a label."""
    labels = np.asarray(labels)
    _, counts = np.unique(labels[labels >= 0], return_counts=True)
    total = counts.sum()
    return float((counts * (counts - 1)).sum() / (total * (total - 1))) if total > 1 else np.nan


def closeness(points: Array) -> Array:
    """Negative squared distances (N, N) of points (N, d), for :func:`purity` on a map."""
    points = np.asarray(points, dtype=float)
    return -np.square(points[:, None, :] - points[None, :, :]).sum(axis=2)
