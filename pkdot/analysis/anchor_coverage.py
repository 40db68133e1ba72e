"""How well k anchors represent all samples, as k grows."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def coverage(similarity: Array, anchors: Array) -> float:
    """Mean similarity of a sample to its nearest anchor; an anchor is nearest to itself (1).

    Args:
        similarity: the teacher's, (B, B).
        anchors: indices (k,), or (B, k) with a set of its own for each sample.

    Raises:
        InputError: if shapes do not fit.
    """
    matrix, chosen = np.asarray(similarity, dtype=float), np.asarray(anchors)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or chosen.ndim not in (1, 2):
        raise InputError(
            f"Coverage needs similarities (B, B) and anchors (k,) or (B, k), not {matrix.shape} "
            f"and {chosen.shape}."
        )
    if chosen.ndim == 1:
        return float(matrix[:, chosen].max(axis=1).mean())
    return float(np.take_along_axis(matrix, chosen, axis=1).max(axis=1).mean())


def class_share(anchors: Array, labels: Array) -> float:
    """Share of the classes that have at least one anchor; NaN where no sample has a label."""
    labels = np.asarray(labels)
    kinds = np.unique(labels[labels >= 0])
    if not len(kinds):
        return float("nan")
    return float(np.isin(kinds, labels[np.unique(anchors)]).mean())


def coverage_curves(
    similarity: Array,
    labels: Array,
    policies: Sequence[str],
    ks: Sequence[int],
    select: Callable[[int, str], Array],
) -> "pd.DataFrame":
    """Coverage of each policy over the number of anchors.

    Args:
        similarity: the teacher's, (B, B).
        labels: (B,), -1 for none.
        policies: their names.
        ks: numbers of anchors.
        select: gives the anchors of ``(k, policy)``, e.g. :func:`pkdot.select_anchors` bound to
            the matrix.

    Returns:
        Rows of policy, k, coverage, classes (share of the classes with an anchor).
    """
    import pandas as pd

    rows = []
    for policy in policies:
        for k in ks:
            anchors = select(k, policy)
            rows.append((policy, k, coverage(similarity, anchors), class_share(anchors, labels)))
    return pd.DataFrame(rows, columns=["policy", "k", "coverage", "classes"])
