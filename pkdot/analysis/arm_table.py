"""The table of a sweep: means, intervals and paired differences of its arms."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from ..errors import InputError
from ..tasks import Classification, Score, Tally, Task, read_task
from ..tasks.classification import ACCURACY
from .statistics import (
    NO_INTERVAL,
    Interval,
    gap_closed,
    interval_columns,
    mean_interval,
    paired_difference,
    percentile_interval,
    resampled_scores,
)


def task_of(cells: pd.DataFrame) -> Task:
    """The task of the cells of a sweep; classes where they do not say."""
    known = list(cells["task"].dropna()) if "task" in cells else []
    return read_task(known[0]) if known else Classification()


def comparison_table(
    cells: pd.DataFrame,
    *,
    reference: str = "alone",
    unit: Literal["seed", "group"] = "seed",
    level: float = 0.95,
) -> pd.DataFrame:
    """Summarise arms over units by the task's primary score, each against the reference arm.

    Args:
        cells: rows of arm, title, role, seed and the score, one a cell of a sweep.
        reference: the arm that differences are taken against.
        unit: what intervals are over: seeds, or the test groups over all seeds and folds. Where
            the score is a mean over samples (accuracy), each group has its own
            (:func:`group_scores`) and intervals are Student's t; else whole groups are drawn, and
            the score is computed anew from all samples of each draw.
        level: coverage of the intervals.

    Returns:
        One row an arm, in the order of ``cells``: arm (its title), name, role, mean, low, high, n,
        difference, difference_low, difference_high (NaN for the reference), as people read the
        score; and gap_closed, gap_closed_low, gap_closed_high (share of the way from reference to
        teacher, bootstrapped, NaN where there is no gap).

    Raises:
        InputError: if the reference is missing, arms were run on different seeds, or the cells
            know no groups though these are the unit.
    """
    task = task_of(cells)
    drawn = unit == "group" and not task.decomposes
    if unit == "group":
        scores = group_scores(cells)
    else:
        scores = cells.pivot_table(index="seed", columns="arm", values=task.primary.name)
    if reference not in scores:
        raise InputError(
            f"The reference arm {reference!r} is not among {', '.join(map(str, scores.columns))}."
        )
    if scores.isna().to_numpy().any() and not drawn:
        raise InputError(f"Every arm must be run on the same {unit}s; run the missing cells.")
    arms = cells.drop_duplicates("arm").set_index("arm")
    intervals = _of_draws(cells, task, level) if drawn else _of_units(scores, task, level)
    rows = []
    for name in arms.index:
        own, gain, gap = intervals(name, reference)
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


Intervals = Callable[[str, str], tuple[Interval, Interval, Interval]]
"""(arm, reference) -> its score, its gain, the gap closed."""


def _of_units(scores: pd.DataFrame, task: Task, level: float) -> Intervals:
    """Where every unit has a score of its own."""
    factor = task.primary.factor

    def intervals(name: str, reference: str) -> tuple[Interval, Interval, Interval]:
        own = mean_interval(scores[name] * factor, level)
        gain = gap = NO_INTERVAL
        if name != reference:
            gain = paired_difference(scores[name] * factor, scores[reference] * factor, level)
        has_gap = "teacher" in scores and (scores["teacher"] - scores[reference]).mean() > 0
        if has_gap and name not in (reference, "teacher"):
            gap = gap_closed(scores[name], scores[reference], scores["teacher"], level=level)
        return own, gain, gap

    return intervals


def _of_draws(cells: pd.DataFrame, task: Task, level: float) -> Intervals:
    """Where the score is computed from the samples of all groups of a draw."""
    tallies = _tallies(cells)
    arms = list(tallies)
    groups = sorted(set.intersection(*(set(own) for own in tallies.values())))
    if any(set(own) != set(groups) for own in tallies.values()):
        raise InputError("Every arm must be run on the same groups; run the missing cells.")

    def scores(rows: Sequence[int]) -> list[float]:
        return [
            task.primary.factor
            * task.tallied([tally for i in rows for tally in tallies[arm][groups[i]]])
            for arm in arms
        ]

    whole = dict(zip(arms, scores(range(len(groups))), strict=True))
    draws = resampled_scores(lambda rows: scores(rows.tolist()), groups)
    of = {arm: draws[:, i] for i, arm in enumerate(arms)}

    def intervals(name: str, reference: str) -> tuple[Interval, Interval, Interval]:
        def interval(value: float, drawn: np.ndarray) -> Interval:
            return percentile_interval(value, drawn, len(groups), level)

        own = interval(whole[name], of[name])
        if name == reference:
            return own, NO_INTERVAL, NO_INTERVAL
        gain = interval(whole[name] - whole[reference], of[name] - of[reference])
        room = whole.get("teacher", -np.inf) - whole[reference]
        if name == "teacher" or room <= 0:
            return own, gain, NO_INTERVAL
        rooms = of["teacher"] - of[reference]
        shares = np.where(rooms > 0, (of[name] - of[reference]) / np.maximum(rooms, 1e-12), np.nan)
        return own, gain, interval(gain.mean / room, shares)

    return intervals


def verdict(
    table: pd.DataFrame,
    name: str,
    reference: str = "the student alone",
    score: Score = ACCURACY,
) -> str:
    """One sentence on an arm: its paired difference, the interval, and what these support.

    Args:
        table: from :func:`comparison_table`.
        name: of the arm.
        reference: what the table's differences are taken against, in words.
        score: primary score of the task.
    """
    row = table.set_index("name").loc[name]
    sign = 1 if score.higher_is_better else -1
    low, high = sorted((sign * row.difference_low, sign * row.difference_high))
    if low > 0:
        finding = "a gain"
    elif high < 0:
        finding = "a loss"
    else:
        finding = "not resolved"
    form = "+" + score.form
    ends = f"[{row.difference_low:{form}}, {row.difference_high:{form}}]"
    unit = score.difference_unit
    return f"{row.arm}: {row.difference:{form}} {unit} against {reference} {ends}, {finding}."


def group_scores(cells: pd.DataFrame) -> pd.DataFrame:
    """Primary score of every test group under every arm, over all its samples and all cells.

    Args:
        cells: from :func:`pkdot.experiments.sweep.run_sweep` on a corpus whose groups have several
            samples.

    Returns:
        Index group (sorted), one column an arm; NaN where a group was not tested under an arm, or
        has no score of its own.

    Raises:
        InputError: if a cell has no ``by_group``.
    """
    task = task_of(cells)
    scores = {
        arm: {group: task.tallied(found) for group, found in groups.items()}
        for arm, groups in _tallies(cells).items()
    }
    table = pd.DataFrame(scores).sort_index().rename_axis("group")
    return table[sorted(table)].rename_axis("arm", axis=1)


def on_common_groups(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Cells with the test groups that every arm could answer, and the names of the other groups.

    A teacher has no answer where a privileged modality is missing; nobody can be compared with it
    there.

    Args:
        cells: from :func:`pkdot.experiments.sweep.run_sweep`, as for :func:`group_scores`.

    Raises:
        InputError: if a cell has no ``by_group``, or no group is common to all arms.
    """
    tested = [set(groups) for groups in _tallies(cells).values()]
    common, all_groups = set.intersection(*tested), set.union(*tested)
    if not common:
        raise InputError("No test group was answered under every arm; is a modality missing?")
    kept = [{g: t for g, t in own.items() if g in common} for own in cells["by_group"]]
    return cells.assign(by_group=kept), sorted(all_groups - common)


def _tallies(cells: pd.DataFrame) -> dict[str, dict[str, list[Tally]]]:
    """Arm -> group -> tallies of all cells."""
    if "by_group" not in cells or cells["by_group"].isna().any():
        raise InputError(
            "These cells do not know test groups; intervals over groups need a corpus that has "
            "several samples a group."
        )
    found: dict[str, dict[str, list[Tally]]] = {}
    for row in cells.itertuples():
        own = found.setdefault(str(row.arm), {})
        for group, tally in row.by_group.items():
            own.setdefault(str(group), []).append(tally)
    return found


def presentable(table: pd.DataFrame, score: Score = ACCURACY) -> pd.DataFrame:
    """The table of :func:`comparison_table` in words, its intervals in brackets, for display.

    Args:
        table: of arms.
        score: primary score of the task.
    """
    form = score.form

    def number(column: str, form: str, factor: float = 1.0) -> list[str]:
        return ["–" if np.isnan(v) else f"{factor * v:{form}}" for v in table[column]]

    def ends(name: str, form: str) -> list[str]:
        _, low, high = interval_columns(name)
        pairs = zip(table[low], table[high], strict=True)
        return ["–" if np.isnan(a) else f"[{a:{form}}, {b:{form}}]" for a, b in pairs]

    return pd.DataFrame(
        {
            "arm": table["arm"],
            score.axis: number("mean", form),
            "interval": ends("mean", form),
            "against the student alone": number("difference", f"+{form}"),
            "paired interval": ends("difference", f"+{form}"),
            "gap to the teacher closed, %": number("gap_closed", ".0f", 100.0),
        }
    )
