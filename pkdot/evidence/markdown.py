"""Numbers, intervals and tables as Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..analysis.statistics import interval_columns, interval_text


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a Markdown table, an empty line after it."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def number(value: float, form: str = ".1f") -> str:
    """A number, or a dash where there is none."""
    return f"{value:{form}}" if np.isfinite(value) else "–"


def interval(row: Mapping[str, Any], name: str, form: str = "+.1f") -> str:
    """``+1.2 [+0.3, +2.1]`` of the columns of an interval in a table; a dash where there is none.

    Args:
        row: of the table.
        name: of the interval, as :func:`~pkdot.analysis.statistics.interval_columns` takes it.
        form: of each number.
    """
    mean, low, high = (row.get(column, np.nan) for column in interval_columns(name))
    return interval_text(mean, low, high, form)
