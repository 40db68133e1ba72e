"""Targets of samples as columns of a record's tables.

``label`` holds a class, -1 for none; targets that are values stand in ``target_0`` …, NaN for
none, and ``label`` is then -1.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


def target_columns(targets: Array) -> dict[str, Array]:
    """Columns of N targets: classes (N,), or values (N, T)."""
    if targets.ndim == 1:
        return {"label": targets}
    values = {f"target_{j}": column for j, column in enumerate(targets.T)}
    return {"label": np.full(len(targets), -1), **values}


def targets_of(table: "pd.DataFrame") -> Array:
    """Targets of the rows of a table, (N,) or (N, T)."""
    width = 0
    while f"target_{width}" in table:
        width += 1
    if not width:
        return table["label"].to_numpy(dtype=np.int64)
    return table[[f"target_{j}" for j in range(width)]].to_numpy(dtype=float)
