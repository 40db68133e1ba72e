"""What distillation brought a run: its student beside the same student alone, and the teacher.

The control of a run is a record of the method ``none`` whose other settings are the same, seed
included. Where two seeds or more have one, intervals are over seeds; else over the test samples of
the one pair, drawn by group where a group has several. Either way they are paired.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.statistics import (
    Interval,
    gap_closed,
    paired_difference,
    percentile_interval,
    resampled_mean,
    resampled_scores,
)
from ..errors import InputError
from ..settings import flatten
from .compare import Named, RunAnswers, read_answers

if TYPE_CHECKING:
    from .reader import RunRecord

ALONE = "none"
"""The method of a student that learns from labels alone."""
UNRELATED = {
    "method", "maps", "probe_size", "snapshot_growth", "keep_features", "device", "threads",
}  # fmt: skip
"""Settings that may differ between a run and its control: they do not change what is learnt."""

Resolver = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_Intervals = tuple[Interval | None, Interval | None, str]
"""What was gained, the share of the gap, and the unit of both."""


@dataclass(frozen=True)
class Gain:
    """Test scores of a student alone, this student and its teacher, in the metric's own unit.

    Attributes:
        alone, student, teacher: primary scores; means where there are several seeds.
        gained: by how much the student is better than the same student alone; above 0 where it is,
            whichever way the score counts. None where no pair answered the same samples.
        closed: share of the gap between the first and the last that the method closed; None where
            there is no gap to close.
        over: the unit of both intervals, e.g. ``seeds``; empty without one.
        seeds: those of the runs that have a control.
    """

    alone: float
    student: float
    teacher: float
    gained: Interval | None
    closed: Interval | None
    over: str
    seeds: tuple[int | None, ...]


def is_control(record: "RunRecord", run: "RunRecord", resolve: Resolver | None = None) -> bool:
    """Whether a record is the control of a run: the same student, data and seed, taught by nobody.

    Args:
        record: which may be the control.
        run: whose control is looked for.
        resolve: gives the settings of a record of an older kit those that came later; called only
            where two records do not say the same anyway.
    """
    return (
        record.method == ALONE
        and run.method != ALONE
        and record.status == "finished"
        and record.seed == run.seed
        and record.corpus == run.corpus
        and bool(run.config)
        and are_alike(record.config, run.config, UNRELATED, resolve)
    )


def control_config(run: "RunRecord") -> dict[str, Any]:
    """The settings with which the control of a run is trained."""
    return {**run.config, "method": ALONE, "options": {}}


def pairs_of(
    run: "RunRecord", records: Sequence["RunRecord"], resolve: Resolver | None = None
) -> list[tuple["RunRecord", "RunRecord"]]:
    """A run and its other seeds, each with its control; those without one are left out.

    Args:
        run: comes first, where it has a control.
        records: among which the others are found.
        resolve: see :func:`is_control`.
    """
    apart = (UNRELATED - {"method"}) | {"seed"}
    others = [
        record
        for record in records
        if record.status == "finished"
        and record.method == run.method
        and record.corpus == run.corpus
        and record.seed != run.seed
        and are_alike(record.config, run.config, apart, resolve, options=True)
    ]
    pairs, seeds = [], set()
    for own in (run, *others):
        control = next((record for record in records if is_control(record, own, resolve)), None)
        if control is not None and own.seed not in seeds:
            seeds.add(own.seed)
            pairs.append((own, control))
    return pairs


def gain_of(pairs: Sequence[tuple["RunRecord", "RunRecord"]]) -> Gain | None:
    """The scores of some runs and their controls, what was gained, and how much of the gap.

    Args:
        pairs: from :func:`pairs_of`.

    Returns:
        None where there is no pair with all three scores.

    Raises:
        RecordError: if a table of predictions is damaged.
    """
    found = []
    for run, control in pairs:
        name = run.task.primary.name
        three = (
            control.scores.get(f"student {name}"),
            run.scores.get(f"student {name}"),
            run.scores.get(f"teacher {name}"),
        )
        if all(score is not None and np.isfinite(score) for score in three):
            found.append((run, control, three))
    if not found:
        return None
    scores = np.array([three for *_, three in found], dtype=float)
    sign = 1.0 if found[0][0].task.primary.higher_is_better else -1.0
    alone, student, teacher = (sign * column for column in scores.T)
    intervals: _Intervals
    if len(found) > 1:
        closed = _or_none(lambda: gap_closed(student, alone, teacher))
        intervals = paired_difference(student, alone), closed, "seeds"
    else:
        run, control, _ = found[0]
        answers = [read_answers(Named(each, "", "")) for each in (run, control)]
        intervals = _over_samples(answers[0], answers[1], sign)
    means = [float(mean) for mean in scores.mean(axis=0)]
    return Gain(means[0], means[1], means[2], *intervals, tuple(run.seed for run, *_ in found))


def _over_samples(run: RunAnswers | None, control: RunAnswers | None, sign: float) -> _Intervals:
    """What one pair gained and closed, over the test samples that both answered."""
    if run is None or control is None or not np.array_equal(run.ids, control.ids):
        return None, None, ""
    number_of_units = len(np.unique(run.units))
    if number_of_units < 2:
        return None, None, ""
    over = f"test {run.over}"
    if run.outputs.task.decomposes:
        right = [
            answers.right(who)
            for answers, who in ((run, "student"), (control, "student"), (run, "teacher"))
        ]
        gained = resampled_mean(right[0] - right[1], run.units)
        _, number = np.unique(run.units, return_inverse=True)
        sums = [np.bincount(number, weights=each) for each in right]
        return gained, _or_none(lambda: gap_closed(*sums)), over

    def three(rows: Any) -> list[float]:
        asked = (control, "student"), (run, "student"), (run, "teacher")
        return [sign * answers.value(who, rows) / run.score.factor for answers, who in asked]

    alone, student, teacher = three(slice(None))
    draws = resampled_scores(three, run.units)
    differences = draws[:, 1] - draws[:, 0]
    gained = percentile_interval(student - alone, differences, number_of_units)
    if not teacher > alone:
        return gained, None, over
    gaps = draws[:, 2] - draws[:, 0]
    shares = differences[gaps > 0] / gaps[gaps > 0]
    share = (student - alone) / (teacher - alone)
    return gained, percentile_interval(share, shares, number_of_units), over


def _or_none(share: Any) -> Interval | None:
    try:
        return share()
    except InputError:  # the teacher is no better than the student alone
        return None


def are_alike(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    apart: Collection[str],
    resolve: Resolver | None = None,
    *,
    options: bool = False,
) -> bool:
    """Whether two configs have the same settings, apart from some, and from those of the method."""

    def shared(config: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value
            for name, value in flatten(config).items()
            if name not in apart and (options or name.split(".")[0] != "options")
        }

    if shared(one) == shared(other):
        return True
    return resolve is not None and shared(resolve(one)) == shared(resolve(other))
