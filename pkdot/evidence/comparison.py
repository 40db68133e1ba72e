"""Chosen settings on seeds of their own: paired differences, corrected for their number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..analysis.arm_table import subject_scores
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
from .regimes import Regime

REFERENCE = "alone"
START = "tnet"
ALONE = (REFERENCE, "alone:smoothing")
CEILINGS = ("ceiling", "posterior")


def unit_scores(cells: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Accuracy in percent of each arm on each unit.

    Args:
        cells: from :func:`pkdot.experiments.sweep.run_grid`.
        unit: ``seeds``: mean over folds; ``subjects``: each test subject's over all seeds.

    Returns:
        One row a unit, one column an arm; arms with a failed cell are left out.

    Raises:
        InputError: if subjects are asked for and the cells do not know them.
    """
    if "failed" in cells:
        lost = set(cells.loc[cells["failed"].notna(), "arm"])
        cells = cells[~cells["arm"].isin(lost)]
    if unit == "seeds":
        return 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy", sort=False)
    return 100 * subject_scores(cells)


def compare(cells: pd.DataFrame, regime: Regime, methods: Sequence[str]) -> pd.DataFrame:
    """Every arm against the student alone.

    Args:
        cells: of one regime, from :func:`~pkdot.experiments.sweep.run_grid`, arm ``alone`` too.
        regime: says what a unit is.
        methods: arms that Holm's correction counts: those whose gain is in question.

    Returns:
        One row an arm: name, title, role, n, mean, low, high (percent, t interval over units);
        difference, difference_low, difference_high (points, paired, to the student alone);
        from_start (points, to the student with T-Net that is not distilled) with from_start_low
        and from_start_high; p and p_holm (two-sided t test of the difference); resolvable (points
        that this many units would have resolved with a probability of 80 %); seconds a student.

    Raises:
        InputError: if the student alone is missing, or there are fewer than two units.
    """
    scores = unit_scores(cells, regime.unit)
    if REFERENCE not in scores:
        raise InputError("There is no student alone among these cells to compare with.")
    told = cells.drop_duplicates("arm").set_index("arm")
    seconds = cells.groupby("arm")["seconds"].mean() if "seconds" in cells else {}
    rows = []
    for name in scores:
        own = mean_interval(scores[name])
        row = {
            "name": name,
            "title": told.title[name],
            "role": told.role[name],
            "n": own.n,
            "mean": own.mean,
            "low": own.low,
            "high": own.high,
            "seconds": seconds.get(name, np.nan),
        }
        if name != REFERENCE:
            gain = paired_difference(scores[name], scores[REFERENCE])
            row |= {
                "difference": gain.mean,
                "difference_low": gain.low,
                "difference_high": gain.high,
                "p": paired_p_value(scores[name], scores[REFERENCE]),
                "resolvable": resolvable_effect(scores[name], scores[REFERENCE]),
            }
        if START in scores and name not in (REFERENCE, START):
            step = paired_difference(scores[name], scores[START])
            row |= {
                "from_start": step.mean,
                "from_start_low": step.low,
                "from_start_high": step.high,
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    counted = table["name"].isin(methods)
    table["p_holm"] = np.nan
    if counted.any():
        table.loc[counted, "p_holm"] = holm(table.loc[counted, "p"])
    return table


def verdict(row: pd.Series) -> str:
    """What a row's corrected test supports, in words."""
    if not np.isfinite(row["p_holm"]):
        return ""
    if row["p_holm"] < 0.05:
        return "resolved above zero" if row["difference"] > 0 else "resolved below zero"
    return "not resolved"


def head_to_head(
    cells: pd.DataFrame, regime: Regime, ones: Sequence[str], others: Sequence[str]
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


MARGIN = 1.0
"""Points that a method may lose and still count as no worse."""


def against_rivals(
    cells: pd.DataFrame, regime: Regime, one: str, others: Sequence[str]
) -> pd.DataFrame:
    """One arm against each of some others.

    Args:
        cells: of one regime, from :func:`pkdot.experiments.sweep.run_grid`.
        regime: says what a unit is.
        one: arm that is put forward; chosen without these cells.
        others: its rivals; those without cells are left out.

    Returns:
        One row a rival, the closest first: name, title, difference with difference_low and
        difference_high (points, paired, one less rival), p_holm, and ``told``: better or worse
        (by the corrected test), no worse (the interval lies above −1), or not resolved.
    """
    scores = unit_scores(cells, regime.unit)
    titles = cells.drop_duplicates("arm").set_index("arm")["title"]
    rows = []
    for name in others:
        if name == one or name not in scores:
            continue
        gap = paired_difference(scores[one], scores[name])
        row = {"name": name, "title": titles[name], "difference": gap.mean}
        row |= {"difference_low": gap.low, "difference_high": gap.high}
        rows.append(row | {"p": paired_p_value(scores[one], scores[name])})
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table["p_holm"] = holm(table["p"])
    sure = table["p_holm"] < 0.05
    table["told"] = np.select(
        [
            sure & (table["difference"] > 0),
            sure & (table["difference"] < 0),
            table["difference_low"] > -MARGIN,
        ],
        ["better", "worse", "no worse"],
        "not resolved",
    )
    return table.sort_values("difference", kind="stable", ignore_index=True)


@dataclass(frozen=True)
class Room:
    """What the best ceiling gains over the best student alone.

    Attributes:
        gain: points, paired.
        of: title of that ceiling.
        over: title of that student alone.
    """

    gain: Interval
    of: str
    over: str

    def __bool__(self) -> bool:
        """Whether there is room: the interval lies above zero."""
        return self.gain.low > 0


def room_to_help(cells: pd.DataFrame, regime: Regime) -> Room:
    """The best ceiling against the best student alone, label smoothing included.

    Raises:
        InputError: if the cells hold no ceiling or no student alone.
    """
    scores = unit_scores(cells, regime.unit)
    titles = cells.drop_duplicates("arm").set_index("arm")["title"]
    sides = []
    for names in (CEILINGS, ALONE):
        found = [name for name in names if name in scores]
        if not found:
            raise InputError("These cells have no ceiling, or no student alone; run both with it.")
        sides.append(str(scores[found].mean().idxmax()))
    best, over = sides
    gain = paired_difference(scores[best], scores[over])
    return Room(gain, str(titles[best]), str(titles[over]))


def control_name(contender: str, control: str) -> str:
    """Name of the arm of a contender under a control."""
    return f"{contender}|{control}"


def privileged_shares(
    regime: Regime, cells: pd.DataFrame, controls: pd.DataFrame, found: pd.DataFrame
) -> dict[str, Interval]:
    """Share of each gain that goes when the teacher is not privileged, as a share of the gain.

    Args:
        regime: says what a unit is.
        cells: of the comparison.
        controls: of the controls; only ``no_privileged`` is read.
        found: from :func:`compare`; a gain whose interval reaches zero has no share.

    Returns:
        Contender -> bootstrapped ratio of means.
    """
    if controls.empty:
        return {}
    scores, without = unit_scores(cells, regime.unit), unit_scores(controls, regime.unit)
    shares = {}
    for _, row in found.iterrows():
        other = control_name(row["name"], "no_privileged")
        if other in without and row["difference_low"] > 0:
            shares[row["name"]] = share_explained(
                scores[row["name"]], scores[REFERENCE], without[other]
            )
    return shares
