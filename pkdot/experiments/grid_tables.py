"""Tables of a grid: every cell, and what they come to."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..analysis.statistics import mean_interval
from .grid_file import Place


def summary_of(
    cells: pd.DataFrame, by: Sequence[str], score: str, factor: float = 1.0
) -> pd.DataFrame:
    """Mean of a score and its 95 % interval, a row for each combination of some columns.

    Args:
        cells: one row a cell; those without the score are left out, and ``n`` says how many count.
        by: columns.
        score: column.
        factor: of the score, as people read it.
    """
    if score not in cells:
        return cells[list(by)].drop_duplicates().assign(n=0)
    whole = cells[cells[score].notna()]
    groups = whole.groupby(list(by), sort=False, dropna=False) if by else [((), whole)]
    rows = []
    for values, own in groups:
        scores = factor * own[score].to_numpy(dtype=float)
        row: dict[str, Any] = dict(zip(by, values, strict=True))
        row |= {"n": len(scores), "mean": scores.mean()}
        if len(scores) > 1:
            interval = mean_interval(scores)
            row |= {"low": interval.low, "high": interval.high}
        rows.append(row)
    return pd.DataFrame(rows)


def plain_columns(cells: pd.DataFrame) -> pd.DataFrame:
    """The table as CSV and parquet can hold it: without what is a mapping in itself."""
    nested = [c for c in cells if cells[c].map(lambda v: isinstance(v, dict | list)).any()]
    plain = cells.drop(columns=nested)
    for name in plain.select_dtypes("object"):
        if len({type(value) for value in plain[name].dropna()}) > 1:
            plain[name] = plain[name].map(str, na_action="ignore")
    return plain


def with_places(cells: pd.DataFrame, places: Sequence[Place]) -> pd.DataFrame:
    own = pd.DataFrame([places[replicate].columns for replicate in cells["replicate"]])
    kept = cells.drop(columns="replicate")
    at = kept.columns.get_loc("role") + 1
    return pd.concat([kept.iloc[:, :at], own, kept.iloc[:, at:]], axis=1)
