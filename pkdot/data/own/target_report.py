"""How targets are distributed, a row a class, value or label."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .targets import Learnt


def target_rows(what: Learnt) -> Iterator[dict[str, Any]]:
    """Rows of a table: classes with their counts, labels with their shares, values with moments.

    Missing targets are counted in a column of their own.
    """
    task, targets = what.task, what.targets
    if task.class_names:
        known = targets[targets >= 0]
        for number, name in enumerate(task.class_names):
            n = int((known == number).sum())
            yield {"class": name, "samples": n, "share": f"{100 * n / len(known):.1f} %"}
        missing = int((targets < 0).sum())
        if missing:
            yield {"class": "(none)", "samples": missing, "share": "–"}
        return
    columns = targets.reshape(-1, targets.shape[-1]).T
    are_labels = bool(np.isin(targets[np.isfinite(targets)], (0, 1)).all())
    for name, column in zip(task.names, columns, strict=True):
        known = column[np.isfinite(column)]
        row: dict[str, Any] = {"target": name, "known": len(known)}
        row["missing"] = len(column) - len(known)
        if not len(known):
            yield row
            continue
        if are_labels:
            yield {**row, "share of 1": f"{100 * known.mean():.1f} %"}
            continue
        numbers = {"least": known.min(), "mean": known.mean(), "deviation": known.std()}
        numbers["greatest"] = known.max()
        yield {**row, **{word: float(f"{value:.4g}") for word, value in numbers.items()}}
