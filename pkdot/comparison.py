"""Cells of a sweep -> the table that a reader wants: means, intervals, paired differences."""

import numpy as np
import pandas as pd

from .errors import InputError
from .statistics import gap_closed, mean_interval, paired_difference


def comparison_table(
    cells: pd.DataFrame,
    *,
    reference: str = "alone",
    metric: str = "accuracy",
    level: float = 0.95,
) -> pd.DataFrame:
    """Summarise arms over seeds, each against the reference arm, seed by seed.

    Args:
        cells: rows of arm, title, role, seed and the metric, from :func:`pkdot.sweep.run_sweep`.
        reference: the arm that differences are taken against.
        metric: a column of ``cells`` in 0..1; the table is in percent.
        level: coverage of the intervals (Student's t over seeds).

    Returns:
        One row an arm, in the order of ``cells``: arm (its title), name, role, mean, low, high, n,
        difference, difference_low, difference_high (percentage points, NaN for the reference) and
        gap_closed (share of the way from reference to teacher, NaN where there is no gap).

    Raises:
        InputError: if the reference is missing, or arms were run on different seeds.
    """
    scores = cells.pivot_table(index="seed", columns="arm", values=metric)
    if reference not in scores:
        raise InputError(
            f"The reference arm {reference!r} is not among {', '.join(map(str, scores.columns))}."
        )
    if scores.isna().to_numpy().any():
        raise InputError("Every arm must be run on the same seeds; run the missing cells.")
    told = cells.drop_duplicates("arm").set_index("arm")
    rows = []
    for name in told.index:
        own = mean_interval(scores[name] * 100, level)
        row = {"arm": told.title[name], "name": name, "role": told.role[name]}
        row |= {"mean": own.mean, "low": own.low, "high": own.high, "n": own.n}
        if name == reference:
            row |= dict.fromkeys(["difference", "difference_low", "difference_high"], np.nan)
        else:
            gain = paired_difference(scores[name] * 100, scores[reference] * 100, level)
            row |= {
                "difference": gain.mean,
                "difference_low": gain.low,
                "difference_high": gain.high,
            }
        row["gap_closed"] = np.nan
        if "teacher" in scores and name not in (reference, "teacher"):
            gap = (scores["teacher"] - scores[reference]).mean()
            if gap > 0:
                row["gap_closed"] = gap_closed(
                    scores[name], scores[reference], scores["teacher"]
                ).mean
        rows.append(row)
    return pd.DataFrame(rows)


def presentable(table: pd.DataFrame) -> pd.DataFrame:
    """The table of :func:`comparison_table` as people read it: words, and intervals in brackets."""

    def ends(low: str, high: str, form: str) -> list[str]:
        pairs = zip(table[low], table[high], strict=True)
        return ["–" if np.isnan(a) else f"[{a:{form}}, {b:{form}}]" for a, b in pairs]

    def told(column: str, form: str, factor: float = 1.0) -> list[str]:
        return ["–" if np.isnan(v) else f"{factor * v:{form}}" for v in table[column]]

    return pd.DataFrame(
        {
            "arm": table["arm"],
            "accuracy, %": told("mean", ".1f"),
            "interval": ends("low", "high", ".1f"),
            "against the student alone": told("difference", "+.1f"),
            "paired interval": ends("difference_low", "difference_high", "+.1f"),
            "gap to the teacher closed, %": told("gap_closed", ".0f", 100.0),
        }
    )
