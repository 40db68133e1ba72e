"""Chosen settings on seeds of their own: paired differences, corrected for their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..analysis.arm_table import group_scores, task_of
from ..analysis.statistics import (
    Interval,
    holm,
    mean_interval,
    paired_difference,
    paired_p_value,
    resolvable_effect,
    share_explained,
)
from ..errors import InputError

if TYPE_CHECKING:  # a regime loads what trains
    from .regimes import Regime

REFERENCE = "alone"
"""The arm that all gains are over."""

START = "tnet"
"""The student that takes over the teacher's encoder and T-Net and is not distilled."""

ALONE = (REFERENCE, "alone:smoothing")
PAIRED = "paired"
"""Soft labels of the teacher as it is, had all pairs been there and right."""

CEILINGS = ("ceiling", "posterior", PAIRED)

SIGNIFICANCE = 0.05
"""A corrected p-value below it counts as resolved."""

MARGIN = 1.0
"""Points that a method may lose and still count as no worse."""


@dataclass(frozen=True)
class Room:
    """What the best ceiling gains over the best student alone; true where there is room.

    Attributes:
        gain: points, paired.
        ceiling: title of that ceiling.
        over: title of that student alone.
    """

    gain: Interval
    ceiling: str
    over: str

    def __bool__(self) -> bool:
        """Whether there is room: the interval lies above zero."""
        return self.gain.low > 0


def control_name(contender: str, control: str) -> str:
    """Name of the arm of a contender under a control."""
    return f"{contender}|{control}"


def unit_scores(cells: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Primary score of each arm on each unit in hundredths: percent of right answers for classes.

    Args:
        cells: from :func:`pkdot.experiments.sweep.run_grid`.
        unit: ``seeds``: mean over folds; else each test group's over all seeds.

    Returns:
        One row a unit, one column an arm; arms with a failed cell are left out.

    Raises:
        InputError: if groups are asked for and the cells do not know them.
    """
    if "failed" in cells:
        failed = set(cells.loc[cells["failed"].notna(), "arm"])
        cells = cells[~cells["arm"].isin(failed)]
    score = task_of(cells).primary
    if unit == "seeds":
        values = cells.pivot_table(index="seed", columns="arm", values=score.name, sort=False)
        return 100.0 * values
    return 100.0 * group_scores(cells)


def paired_columns(one: pd.Series, other: pd.Series, name: str) -> dict[str, float]:
    """A paired comparison as columns of a table.

    Args:
        one: (n,) scores of an arm, in hundredths.
        other: (n,) scores of the arm that it is compared with, on the same units.
        name: of the first column.

    Returns:
        ``name``, with ``name_low`` and ``name_high``: mean of one less other, in points, and its
        interval; ``p`` of the paired t test; ``resolvable``: points that as many units would have
        resolved with a probability of 80 %.

    Raises:
        InputError: if there are fewer than two units.
    """
    return {
        **paired_difference(one, other).columns(name),
        "p": paired_p_value(one, other),
        "resolvable": resolvable_effect(one, other),
    }


def compare(cells: pd.DataFrame, regime: "Regime", methods: Sequence[str]) -> pd.DataFrame:
    """Every arm against the student alone.

    Args:
        cells: of one regime, from :func:`~pkdot.experiments.sweep.run_grid`, arm ``alone`` too.
        regime: says what a unit is.
        methods: arms that Holm's correction counts: those whose gain is in question.

    Returns:
        One row an arm: name, title, role, n, mean, low, high (percent, t interval over units),
        seconds a student; the columns of :func:`paired_columns` named ``difference`` (to the
        student alone); from_start, from_start_low, from_start_high (points, paired, to the student
        with T-Net that is not distilled); p_holm, NaN for arms that are no methods.

    Raises:
        InputError: if the student alone is missing, or there are fewer than two units.
    """
    scores = unit_scores(cells, regime.unit)
    if REFERENCE not in scores:
        raise InputError("There is no student alone among these cells to compare with.")
    arms = cells.drop_duplicates("arm").set_index("arm")
    seconds = cells.groupby("arm")["seconds"].mean() if "seconds" in cells else {}
    rows = []
    for name in scores:
        own = mean_interval(scores[name])
        row = {
            "name": name,
            "title": arms.title[name],
            "role": arms.role[name],
            "n": own.n,
            **own.columns(),
            "seconds": seconds.get(name, np.nan),
        }
        if name != REFERENCE:
            row |= paired_columns(scores[name], scores[REFERENCE], "difference")
        if START in scores and name not in (REFERENCE, START):
            row |= paired_difference(scores[name], scores[START]).columns("from_start")
        rows.append(row)
    table = pd.DataFrame(rows)
    counted = table["name"].isin(methods)
    table["p_holm"] = np.nan
    if counted.any():
        table.loc[counted, "p_holm"] = holm(table.loc[counted, "p"])
    return table


def verdict(row: pd.Series) -> str:
    """What the corrected test of a row of :func:`compare` supports, in words; empty without one."""
    if not np.isfinite(row["p_holm"]):
        return ""
    if row["p_holm"] < SIGNIFICANCE:
        return "resolved above zero" if row["difference"] > 0 else "resolved below zero"
    return "not resolved"


def head_to_head(
    cells: pd.DataFrame, regime: "Regime", ones: Sequence[str], others: Sequence[str]
) -> tuple[str, str, Interval] | None:
    """The best of some arms against the best of others, paired; the same cells pick both.

    Returns:
        Name of the one, name of the other, points between them; None where a side is empty.

    Raises:
        InputError: if there are fewer than two units.
    """
    scores = unit_scores(cells, regime.unit)
    means = scores.mean()
    sides = [means[[name for name in side if name in means]] for side in (ones, others)]
    if sides[0].empty or sides[1].empty:
        return None
    one, other = (str(side.idxmax()) for side in sides)
    return one, other, paired_difference(scores[one], scores[other])


def against_rivals(
    cells: pd.DataFrame, regime: "Regime", one: str, others: Sequence[str]
) -> pd.DataFrame:
    """One arm against each of some others.

    Args:
        cells: of one regime, from :func:`pkdot.experiments.sweep.run_grid`.
        regime: says what a unit is.
        one: arm that is put forward; chosen without these cells.
        others: its rivals; those without cells are left out.

    Returns:
        One row a rival, the closest first: name, title; the columns of :func:`paired_columns`
        named ``difference`` (one less rival); p_holm; and verdict: better or worse (by the
        corrected test), no worse (the interval lies above −:data:`MARGIN`), or not resolved.

    Raises:
        InputError: if there are fewer than two units.
    """
    scores = unit_scores(cells, regime.unit)
    titles = cells.drop_duplicates("arm").set_index("arm")["title"]
    table = pd.DataFrame(
        {
            "name": name,
            "title": titles[name],
            **paired_columns(scores[one], scores[name], "difference"),
        }
        for name in others
        if name != one and name in scores
    )
    if table.empty:
        return table
    table["p_holm"] = holm(table["p"])
    resolved = table["p_holm"] < SIGNIFICANCE
    table["verdict"] = np.select(
        [
            resolved & (table["difference"] > 0),
            resolved & (table["difference"] < 0),
            table["difference_low"] > -MARGIN,
        ],
        ["better", "worse", "no worse"],
        "not resolved",
    )
    return table.sort_values("difference", kind="stable", ignore_index=True)


def room_to_help(cells: pd.DataFrame, regime: "Regime") -> Room:
    """The best ceiling against the best student alone, label smoothing included.

    Raises:
        InputError: if the cells hold no ceiling or no student alone.
    """
    scores = unit_scores(cells, regime.unit)
    titles = cells.drop_duplicates("arm").set_index("arm")["title"]
    best = []
    for names in (CEILINGS, ALONE):
        found = [name for name in names if name in scores]
        if not found:
            raise InputError("These cells have no ceiling, or no student alone; run both with it.")
        best.append(str(scores[found].mean().idxmax()))
    ceiling, alone = best
    gain = paired_difference(scores[ceiling], scores[alone])
    return Room(gain, str(titles[ceiling]), str(titles[alone]))


def privileged_shares(
    regime: "Regime", cells: pd.DataFrame, controls: pd.DataFrame, table: pd.DataFrame
) -> dict[str, Interval]:
    """Share of each gain that goes when the teacher is not privileged.

    Args:
        regime: says what a unit is.
        cells: of the comparison.
        controls: of the controls; only ``no_privileged`` is read.
        table: from :func:`compare`; a gain whose interval reaches zero has no share.

    Returns:
        Contender -> bootstrapped ratio of means, 1 for the whole gain.
    """
    if controls.empty:
        return {}
    scores, without = unit_scores(cells, regime.unit), unit_scores(controls, regime.unit)
    shares = {}
    for _, row in table.iterrows():
        name = row["name"]
        other = control_name(name, "no_privileged")
        if other in without and row["difference_low"] > 0:
            shares[name] = share_explained(scores[name], scores[REFERENCE], without[other])
    return shares
