"""Numbers, intervals and tables as Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table, an empty line after it."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def number(value: float, form: str = ".1f") -> str:
    """A number, or a dash where there is none."""
    return f"{value:{form}}" if np.isfinite(value) else "–"


def interval(row: Mapping[str, Any], name: str, form: str = "+.1f") -> str:
    """``+1.2 [0.3, 2.1]`` of the columns name, name_low, name_high; a dash where there is none."""
    value = row.get(name, np.nan)
    if not np.isfinite(value):
        return "–"
    return f"{value:{form}} [{row[f'{name}_low']:{form}}, {row[f'{name}_high']:{form}}]"


def interval_of_mean(row: Mapping[str, Any], form: str = ".1f") -> str:
    """``54.3 [53.0, 55.6]``."""
    return f"{row['mean']:{form}} [{row['low']:{form}}, {row['high']:{form}}]"
