"""Which anchors matter: what each adds to the distances between rows, and where networks differ."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def anchor_weight(anchors: Array, teacher: Array, student: Array) -> "pd.DataFrame":
    """What each anchor contributes to the rows of B samples, the largest share first.

    The mean squared distance between two of the teacher's rows is a sum over their columns, twice
    each column's variance. An anchor's share of that sum is how much it tells samples apart: 0
    where every sample is equally similar to it. Where samples have anchors of their own, the
    variance is that over the rows which use the anchor, counted once a row.

    Args:
        anchors: indices (k,), or (B, k) with a set of its own for each sample.
        teacher: similarities of each sample to its anchors, (B, k).
        student: of the student, (B, k).

    Returns:
        A row an anchor: ``anchor`` (its index), ``rows`` (how many use it), ``share`` (0 to 1, all
        together 1; NaN where no anchor tells any apart) and ``gap`` (mean |teacher − student|).

    Raises:
        InputError: if shapes do not fit.
    """
    import pandas as pd

    anchors, teacher, student = (np.asarray(array) for array in (anchors, teacher, student))
    fits = teacher.ndim == 2 and teacher.shape == student.shape and len(teacher) > 0
    if not fits or anchors.shape not in (teacher.shape, teacher.shape[1:]):
        raise InputError(
            f"Rows (B, k) of both networks need anchors (k,) or (B, k), not {teacher.shape}, "
            f"{student.shape} and {anchors.shape}."
        )
    uses = pd.DataFrame(
        {
            "anchor": np.broadcast_to(anchors, teacher.shape).ravel(),
            "teacher": teacher.ravel().astype(float),
            "gap": np.abs(teacher - student).ravel().astype(float),
        }
    )
    grouped = uses.groupby("anchor")
    spread = grouped["teacher"].var(ddof=0) * grouped.size()
    total = float(spread.sum())
    table = pd.DataFrame(
        {
            "rows": grouped.size(),
            "share": spread / total if total > 0 else np.nan,
            "gap": grouped["gap"].mean(),
        }
    )
    table = table.sort_values(["share", "gap"], ascending=False, kind="stable")
    return table.reset_index()
