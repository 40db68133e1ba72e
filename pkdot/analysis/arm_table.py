"""The table of a sweep: means, intervals and paired differences of its arms."""

from typing import Literal

import numpy as np
import pandas as pd

from ..errors import InputError
from .statistics import (
    NO_INTERVAL,
    gap_closed,
    interval_columns,
    mean_interval,
    paired_difference,
)


def comparison_table(
    cells: pd.DataFrame,
    *,
    reference: str = "alone",
    metric: str = "accuracy",
    unit: Literal["seed", "subject"] = "seed",
    level: float = 0.95,
) -> pd.DataFrame:
    """Summarise arms over units, each against the reference arm, unit by unit.

    Args:
        cells: rows of arm, title, role, seed and the metric, one a cell of a sweep.
        reference: the arm that differences are taken against.
        metric: a column of ``cells`` in 0..1; the table is in percent.
        unit: what intervals are over: seeds, or the test subjects, each with its accuracy over
            all seeds (:func:`subject_scores`); ``metric`` is then not read.
        level: coverage of the intervals (Student's t over units).

    Returns:
        One row an arm, in the order of ``cells``: arm (its title), name, role, mean, low, high, n,
        difference, difference_low, difference_high (percentage points, NaN for the reference) and
        gap_closed, gap_closed_low, gap_closed_high (share of the way from reference to teacher,
        bootstrapped, NaN where there is no gap).

    Raises:
        InputError: if the reference is missing, arms were run on different seeds, or the cells
            know no subjects though these are the unit.
    """
    if unit == "subject":
        scores = subject_scores(cells)
    else:
        scores = cells.pivot_table(index="seed", columns="arm", values=metric)
    if reference not in scores:
        raise InputError(
            f"The reference arm {reference!r} is not among {', '.join(map(str, scores.columns))}."
        )
    if scores.isna().to_numpy().any():
        raise InputError(f"Every arm must be run on the same {unit}s; run the missing cells.")
    arms = cells.drop_duplicates("arm").set_index("arm")
    has_gap = "teacher" in scores and (scores["teacher"] - scores[reference]).mean() > 0
    rows = []
    for name in arms.index:
        own = mean_interval(scores[name] * 100, level)
        gain = gap = NO_INTERVAL
        if name != reference:
            gain = paired_difference(scores[name] * 100, scores[reference] * 100, level)
        if has_gap and name not in (reference, "teacher"):
            gap = gap_closed(scores[name], scores[reference], scores["teacher"], level=level)
        rows.append(
            {
                "arm": arms.title[name],
                "name": name,
                "role": arms.role[name],
                **own.columns(),
                "n": own.n,
                **gain.columns("difference"),
                **gap.columns("gap_closed"),
            }
        )
    return pd.DataFrame(rows)


def verdict(table: pd.DataFrame, name: str, reference: str = "the student alone") -> str:
    """One sentence on an arm: its paired difference, the interval, and what these support.

    Args:
        table: from :func:`comparison_table`.
        name: of the arm.
        reference: what the table's differences are taken against, in words.
    """
    row = table.set_index("name").loc[name]
    if row.difference_low > 0:
        finding = "a gain"
    elif row.difference_high < 0:
        finding = "a loss"
    else:
        finding = "not resolved"
    ends = f"[{row.difference_low:+.1f}, {row.difference_high:+.1f}]"
    return f"{row.arm}: {row.difference:+.1f} points against {reference} {ends}, {finding}."


def subject_scores(cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of every test subject under every arm, over all its windows in all seeds and folds.

    Args:
        cells: from :func:`pkdot.experiments.sweep.run_sweep` on a corpus that knows subjects.

    Returns:
        Index subject (sorted), one column an arm, accuracy in 0..1; NaN where a subject was not
        tested under an arm.

    Raises:
        InputError: if a cell has no ``by_subject``.
    """
    if "by_subject" not in cells or cells["by_subject"].isna().any():
        raise InputError(
            "These cells do not know test subjects; intervals over subjects need a corpus that has "
            "several samples a subject."
        )
    counts = pd.DataFrame(
        [
            (row.arm, subject, right, size)
            for row in cells.itertuples()
            for subject, (right, size) in row.by_subject.items()
        ],
        columns=["arm", "subject", "right", "size"],
    )
    sums = counts.pivot_table(index="subject", columns="arm", aggfunc="sum")
    return sums["right"] / sums["size"]


def presentable(table: pd.DataFrame) -> pd.DataFrame:
    """The table of :func:`comparison_table` in words, its intervals in brackets, for display."""

    def number(column: str, form: str, factor: float = 1.0) -> list[str]:
        return ["–" if np.isnan(v) else f"{factor * v:{form}}" for v in table[column]]

    def ends(name: str, form: str) -> list[str]:
        _, low, high = interval_columns(name)
        pairs = zip(table[low], table[high], strict=True)
        return ["–" if np.isnan(a) else f"[{a:{form}}, {b:{form}}]" for a, b in pairs]

    return pd.DataFrame(
        {
            "arm": table["arm"],
            "accuracy, %": number("mean", ".1f"),
            "interval": ends("mean", ".1f"),
            "against the student alone": number("difference", "+.1f"),
            "paired interval": ends("difference", "+.1f"),
            "gap to the teacher closed, %": number("gap_closed", ".0f", 100.0),
        }
    )
