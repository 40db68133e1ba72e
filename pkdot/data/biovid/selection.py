"""Which windows a study keeps: those that can be read, of subjects that have every class."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from .damage import Damage


def keep_windows(
    table: pd.DataFrame, usable: np.ndarray, class_ids: Sequence[int]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Drop what is not usable, then subjects that lack one of the classes altogether.

    Such a subject has no accuracy of its own, and folds by subject would be uneven.

    Args:
        table: one row per window, with ``subject`` and ``class_id``.
        usable: (N,) bool, whether all modalities of a window can be read.
        class_ids: the classes of the task.

    Returns:
        A mask (N,) of what is kept, and the names of the subjects that were dropped.
    """
    wanted = usable & table["class_id"].isin(class_ids).to_numpy()
    has = table[wanted].groupby("subject")["class_id"].nunique()
    listed = table.loc[table["class_id"].isin(class_ids), "subject"].unique()
    complete = set(has.index[has == len(set(class_ids))])
    dropped = tuple(sorted(set(listed) - complete))
    return wanted & ~table["subject"].isin(dropped).to_numpy(), dropped


def sentences(damages: Iterable[Damage], dropped: Sequence[str]) -> list[str]:
    """What is left out and why, one line each."""
    lines = [f"{damage.sample}: {damage.file}: {damage.reason}" for damage in damages]
    return lines + [f"{name}: subject left out, it lacks windows of one class" for name in dropped]
