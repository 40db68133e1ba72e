"""Gains and losses subject by subject, and by sex and age."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .statistics import NO_INTERVAL, mean_interval

SEXES = {"w": "women", "m": "men"}
"""As corpora code them, and in words."""

AGE_GROUPS = ((0, 35), (36, 50), (51, 200))
"""First and last age of each group, in years."""


def people_table(
    scores: pd.DataFrame,
    people: Mapping[str, Mapping[str, Any]],
    method: str,
    reference: str = "alone",
) -> pd.DataFrame:
    """Accuracy of each subject with and without a method, beside sex and age.

    Args:
        scores: from :func:`pkdot.analysis.arm_table.group_scores`, in 0..1.
        people: subject -> ``sex`` (``w`` or ``m``) and ``age`` in years.
        method: column of ``scores``.
        reference: column that differences are taken against.

    Returns:
        One row a subject, the largest gain first: subject, sex, age, reference and method
        (percent), difference (points).

    Raises:
        InputError: for an arm that was not run, or a subject that ``people`` lacks.
    """
    for name in (method, reference):
        if name not in scores:
            raise InputError(f"There is no arm {name!r} among {', '.join(map(str, scores))}.")
    if unknown := sorted(set(scores.index) - set(people)):
        raise InputError(f"Sex and age of {unknown[0]!r} are not known ({len(unknown)} such).")
    table = pd.DataFrame(
        {
            "subject": scores.index,
            "sex": [people[name]["sex"] for name in scores.index],
            "age": [int(people[name]["age"]) for name in scores.index],
            "reference": 100 * scores[reference].to_numpy(),
            "method": 100 * scores[method].to_numpy(),
        }
    )
    table["difference"] = table["method"] - table["reference"]
    return table.sort_values("difference", ascending=False, kind="stable").reset_index(drop=True)


def groups_table(table: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """The difference by sex and by age group, with intervals over the subjects of each group.

    Groups are small and several: a group that stands out is a question, not an answer.

    Args:
        table: from :func:`people_table`.
        level: coverage of the intervals (Student's t over subjects).

    Returns:
        One row a group that has subjects: group, n, difference, difference_low, difference_high
        in points; the ends are NaN for a group of one.
    """
    groups = {"all subjects": np.ones(len(table), dtype=bool)}
    groups |= {word: (table["sex"] == sex).to_numpy() for sex, word in SEXES.items()}
    groups |= {
        _ages(first, last): table["age"].between(first, last).to_numpy()
        for first, last in AGE_GROUPS
    }
    rows = []
    for name, members in groups.items():
        gains = table.loc[members, "difference"]
        if len(gains) == 0:
            continue
        found = mean_interval(gains, level) if len(gains) > 1 else NO_INTERVAL
        row = {"group": name, "n": len(gains), **found.columns("difference")}
        rows.append(row | {"difference": float(gains.mean())})
    return pd.DataFrame(rows)


def _ages(first: int, last: int) -> str:
    if last > 150:
        return f"{first} or older"
    return f"{first} to {last}" if first else f"up to {last}"
