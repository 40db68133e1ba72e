"""Who gains and who loses: results subject by subject, and by sex and age."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .statistics import mean_interval

AGE_GROUPS = ((0, 35), (36, 50), (51, 200))
"""First and last age of each group; in BioVid they begin at 18 and end at 65."""


def people_table(
    scores: pd.DataFrame,
    people: Mapping[str, Mapping[str, Any]],
    method: str,
    reference: str = "alone",
) -> pd.DataFrame:
    """One row a subject: accuracy with and without a method, and who that is.

    Args:
        scores: from :func:`pkdot.analysis.arm_table.subject_scores`, in 0..1.
        people: subject -> ``sex`` (``w`` or ``m``) and ``age`` in years.
        method: column of ``scores``.
        reference: column that differences are taken against.

    Returns:
        Columns subject, sex, age, reference and method (percent), difference (points); those who
        gain most come first.

    Raises:
        InputError: for an arm that was not run, or a subject that ``people`` does not know.
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
        One row a group that has subjects: group, n, difference, low, high in points; the ends are
        NaN for a group of one.
    """
    groups = {"everyone": np.ones(len(table), dtype=bool)}
    for sex, name in (("w", "women"), ("m", "men")):
        groups[name] = (table["sex"] == sex).to_numpy()
    for first, last in AGE_GROUPS:
        name = (
            f"{first} or older"
            if last > 150
            else f"{first} to {last}"
            if first
            else f"up to {last}"
        )
        groups[name] = table["age"].between(first, last).to_numpy()
    rows = []
    for name, members in groups.items():
        own = table.loc[members, "difference"]
        if len(own) == 0:
            continue
        found = mean_interval(own, level) if len(own) > 1 else None
        rows.append(
            {
                "group": name,
                "n": len(own),
                "difference": float(own.mean()),
                "low": found.low if found else np.nan,
                "high": found.high if found else np.nan,
            }
        )
    return pd.DataFrame(rows)
