"""Several run records side by side: their final scores with intervals, and what tells them apart.

The unit of an interval is what the runs allow: where each form of the experiment was run with two
seeds or more, seeds (Student's t); else the test samples of each run, drawn by subject where a
subject has several (percentile bootstrap). Differences are paired wherever the units are the same.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.predictions import Outputs, outputs_of
from ..analysis.statistics import (
    NO_INTERVAL,
    Interval,
    mean_interval,
    paired_difference,
    percentile_interval,
    resampled_mean,
    resampled_scores,
)
from ..errors import InputError
from ..settings import flatten
from ..tasks import Score
from .target_columns import targets_of

if TYPE_CHECKING:
    import pandas as pd

    from .reader import RunRecord

LONGEST = 5000
"""Runs with more test units than this are resampled less often: 10 million draws at most."""


@dataclass(frozen=True)
class Comparison:
    """Primary scores of several runs, or forms of runs.

    Attributes:
        table: what :func:`pkdot.figures.result_dots` draws; as people read the score.
        score: what is compared.
        over: the unit of the intervals, e.g. ``seeds``.
        reference: the arm that differences are taken against; empty where nothing is paired.
        left_out: names of runs without answers on test samples with a target, or of another task.
    """

    table: "pd.DataFrame"
    score: Score
    over: str
    reference: str
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A record with words that tell it from the others it is compared with.

    Attributes:
        record: the record.
        form: corpus, method, and the settings that tell forms apart; the same for all seeds.
        title: the form, and the seed.
    """

    record: "RunRecord"
    form: str
    title: str


@dataclass(frozen=True)
class RunAnswers:
    """What both networks of one run answered on its n test samples with a target.

    Attributes:
        title: of the run.
        form: of all its seeds.
        seed: of the run.
        ids: (n,) names of the samples.
        units: (n,) what intervals draw: the samples' groups where there are several in one.
        outputs: of both networks, (n, W) each.
        over: the units in words.
    """

    title: str
    form: str
    seed: int | None
    ids: Any
    units: Any
    outputs: Outputs
    over: str

    @property
    def score(self) -> Score:
        return self.outputs.task.primary

    def value(self, who: str, rows: Any = slice(None)) -> float:
        """The primary score of some test samples, as people read it."""
        task, recorded = self.outputs.task, self.outputs.of(who)
        tally = task.tally(recorded[rows], self.outputs.targets[rows])
        return self.score.factor * task.tallied([tally])

    def right(self, who: str) -> Any:
        """1 minus the error of each test sample, (n,)."""
        return 1.0 - self.outputs.errors(who)


def named_runs(records: Sequence["RunRecord"]) -> list[Named]:
    """Give each record a title that none of the others has."""
    settings = [_form(record) for record in records]
    forms = []
    for record, own in zip(records, settings, strict=True):
        base = (record.corpus or record.name, record.method)
        rivals = [
            other
            for rival, other in zip(records, settings, strict=True)
            if (rival.corpus or rival.name, rival.method) == base
        ]
        apart = [n for n in own if any(other.get(n) != own[n] for other in rivals)]
        differing = [f"{name.rsplit('.', 1)[-1]} {own[name]}" for name in apart[:2]]
        differing += [f"{len(apart) - 2} more settings"] if len(apart) > 2 else []
        forms.append(" · ".join([word for word in base if word] + differing))
    titles = [
        form if record.seed is None else f"{form} · seed {record.seed}"
        for form, record in zip(forms, records, strict=True)
    ]
    unique = [
        f"{title} · {record.run_id}" if titles.count(title) > 1 else title
        for title, record in zip(titles, records, strict=True)
    ]
    return [Named(*each) for each in zip(records, forms, unique, strict=True)]


def settings_that_differ(runs: Sequence[Named]) -> "pd.DataFrame":
    """Settings that are not the same in all records: one row a setting, one column a record."""
    import pandas as pd

    flat = {run.title: _words(run.record.config) for run in runs}
    names = sorted({name for settings in flat.values() for name in settings})
    rows = {
        name: {title: settings.get(name, "–") for title, settings in flat.items()}
        for name in names
        if len({settings.get(name) for settings in flat.values()}) > 1
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(flat), dtype=object)


def compare_runs(named: Sequence[Named]) -> Comparison:
    """Test scores of the students of some runs, and of the first one's teacher.

    Args:
        named: the runs, from :func:`named_runs`; the first is the reference.

    Raises:
        InputError: if none of the runs has answers on test samples with a target.
        RecordError: if a table of predictions is damaged.
    """
    runs = [run for each in named if (run := read_answers(each))]
    runs = [run for run in runs if run.score == runs[0].score]
    left_out = tuple(each.title for each in named if each.title not in {r.title for r in runs})
    if not runs:
        raise InputError(
            "None of these runs has answers on test samples with a target yet; choose runs that "
            "have finished."
        )
    forms: dict[str, list[RunAnswers]] = {}
    for run in runs:
        forms.setdefault(run.form, []).append(run)
    seeds = [{run.seed for run in own} for own in forms.values()]
    alone = any(len(own) < 2 for own in seeds)
    repeated = any(len(s) < len(own) for s, own in zip(seeds, forms.values(), strict=True))
    made = _over_samples(runs) if alone or repeated else _over_seeds(forms)
    table, over, reference = made
    return Comparison(table, runs[0].score, over, reference, left_out)


def read_answers(named: Named) -> RunAnswers | None:
    """The answers of one run on test samples; None where nobody kept any.

    Raises:
        RecordError: if the table of predictions is damaged.
    """
    record = named.record
    table = record.predictions
    table = table[table["split"] == "test"].drop_duplicates("sample_id")
    targets = targets_of(table)
    if not record.task.has_target(targets).any():
        return None
    found = outputs_of(table, table["sample_id"], targets, record.task)
    if found is None:
        return None
    kept = found.known & record.task.has_target(targets)
    groups = table["subject"].astype(str).to_numpy()[kept]
    ids = table["sample_id"].astype(str).to_numpy()[kept]
    if not len(ids):
        return None
    grouped = 1 < len(np.unique(groups)) < len(ids)
    return RunAnswers(
        named.title,
        named.form,
        record.seed,
        ids,
        groups if grouped else ids,
        found.take(kept),
        f"{record.unit}s" if grouped else "samples",
    )


def _over_seeds(forms: Mapping[str, list[RunAnswers]]) -> "tuple[pd.DataFrame, str, str]":
    def scores(own: list[RunAnswers], who: str) -> dict[int | None, float]:
        return {run.seed: run.value(who) for run in own}

    reference, firsts = next(iter(forms.items()))
    first = scores(firsts, "student")
    paired = all(set(scores(own, "student")) == set(first) for own in forms.values())
    order = sorted(first, key=str)
    rows = []
    sides = [(form, own, "student") for form, own in forms.items()]
    sides.append((reference, firsts, "teacher"))
    for position, (form, own, who) in enumerate(sides):
        found = scores(own, who)
        difference = None
        if paired and position > 0:
            difference = paired_difference([found[s] for s in order], [first[s] for s in order])
        rows.append(_row(form, who, mean_interval(list(found.values())), difference))
    return _table(rows, paired), "seeds", reference if paired else ""


def _over_samples(runs: list[RunAnswers]) -> "tuple[pd.DataFrame, str, str]":
    first = runs[0]
    paired = all(np.array_equal(run.ids, first.ids) for run in runs)
    rows = []
    sides = [(run, "student") for run in runs] + [(first, "teacher")]
    for position, (run, who) in enumerate(sides):
        against = first if paired and position > 0 else None
        compare = _of_means if run.outputs.task.decomposes else _of_draws
        rows.append(_row(run.title, who, *compare(run, who, against)))
    kinds = {run.over for run in runs}
    over = "test units" if len(kinds) > 1 else f"test {kinds.pop()}"
    return _table(rows, paired), over, first.title if paired else ""


Intervals = tuple[Interval, Interval | None]
"""Of a score, and of its difference from the first student's where there is one."""


def _of_means(run: RunAnswers, who: str, against: RunAnswers | None) -> Intervals:
    """Where the score is a mean over samples."""
    values, factor = run.right(who), run.score.factor
    resamples = max(500, min(5000, 2000 * LONGEST // max(1, len(np.unique(run.units)))))
    difference = None
    if against is not None:
        change = factor * (values - against.right("student"))
        difference = resampled_mean(change, run.units, resamples=resamples)
    return resampled_mean(factor * values, run.units, resamples=resamples), difference


def _of_draws(run: RunAnswers, who: str, against: RunAnswers | None) -> Intervals:
    """Where the score of some samples is no mean: it is computed anew on every draw."""

    def scores(rows: Any) -> list[float]:
        first = [] if against is None else [against.value("student", rows)]
        return [run.value(who, rows), *first]

    draws, n = resampled_scores(scores, run.units), len(np.unique(run.units))
    value = run.value(who)
    own = percentile_interval(value, draws[:, 0], n)
    if against is None:
        return own, None
    change = value - against.value("student")
    return own, percentile_interval(change, draws[:, 0] - draws[:, 1], n)


def _row(title: str, who: str, own: Interval, difference: Interval | None) -> dict[str, Any]:
    return {
        "arm": title if who == "student" else f"its teacher ({title})",
        "role": who,
        **own.columns(),
        "n": own.n,
        **(difference or NO_INTERVAL).columns("difference"),
    }


def _table(rows: Sequence[dict[str, Any]], paired: bool) -> "pd.DataFrame":
    import pandas as pd

    table = pd.DataFrame(rows)
    return table if paired else table.drop(columns=[c for c in table if "difference" in c])


def _form(record: "RunRecord") -> dict[str, str]:
    """All settings but the seed."""
    return {name: value for name, value in _words(record.config).items() if name != "seed"}


def _words(config: Mapping[str, Any]) -> dict[str, str]:
    """Settings by their dotted names, each as text."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in flatten(config).items()
    }
