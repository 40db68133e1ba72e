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
    resampled_mean,
)
from ..errors import InputError
from ..settings import flatten

if TYPE_CHECKING:
    import pandas as pd

    from .reader import RunRecord

LONGEST = 5000
"""Runs with more test units than this are resampled less often: 10 million draws at most."""


@dataclass(frozen=True)
class Comparison:
    """Accuracies of several runs, or forms of runs.

    Attributes:
        table: what :func:`pkdot.figures.result_dots` draws; in percent.
        over: the unit of the intervals, e.g. ``seeds``.
        reference: the arm that differences are taken against; empty where nothing is paired.
        left_out: names of runs without class probabilities on labelled test samples.
    """

    table: "pd.DataFrame"
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
class _Run:
    title: str
    form: str
    seed: int | None
    ids: Any
    units: Any
    student: Any
    teacher: Any
    by_subject: bool


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
    """Test accuracies of the students of some runs, and of the first one's teacher.

    Args:
        named: the runs, from :func:`named_runs`; the first is the reference.

    Raises:
        InputError: if none of the runs has class probabilities on labelled test samples.
        RecordError: if a table of predictions is damaged.
    """
    runs = [run for each in named if (run := _read(each))]
    left_out = tuple(each.title for each in named if each.title not in {r.title for r in runs})
    if not runs:
        raise InputError(
            "None of these runs has class probabilities on labelled test samples yet; choose runs "
            "that have finished."
        )
    forms: dict[str, list[_Run]] = {}
    for run in runs:
        forms.setdefault(run.form, []).append(run)
    seeds = [{run.seed for run in own} for own in forms.values()]
    alone = any(len(own) < 2 for own in seeds)
    repeated = any(len(s) < len(own) for s, own in zip(seeds, forms.values(), strict=True))
    made = _over_samples(runs) if alone or repeated else _over_seeds(forms)
    return Comparison(*made, left_out)


def _read(named: Named) -> _Run | None:
    table = named.record.predictions
    table = table[(table["split"] == "test") & (table["label"] >= 0)]
    table = table.drop_duplicates("sample_id")
    if not len(table):
        return None
    outputs: Outputs | None = outputs_of(table, table["sample_id"], table["label"].to_numpy())
    if outputs is None or not outputs.known.all():
        return None
    subjects = table["subject"].astype(str).to_numpy()
    ids = table["sample_id"].astype(str).to_numpy()
    by_subject = 1 < len(np.unique(subjects)) < len(ids)
    return _Run(
        named.title,
        named.form,
        named.record.seed,
        ids,
        subjects if by_subject else ids,
        outputs.correct("student").astype(float),
        outputs.correct("teacher").astype(float),
        by_subject,
    )


def _over_seeds(forms: Mapping[str, list[_Run]]) -> "tuple[pd.DataFrame, str, str]":
    def scores(own: list[_Run], who: str) -> dict[int | None, float]:
        return {run.seed: 100 * float(getattr(run, who).mean()) for run in own}

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


def _over_samples(runs: list[_Run]) -> "tuple[pd.DataFrame, str, str]":
    first = runs[0]
    paired = all(np.array_equal(run.ids, first.ids) for run in runs)
    rows = []
    sides = [(run, "student") for run in runs] + [(first, "teacher")]
    for position, (run, who) in enumerate(sides):
        values = getattr(run, who)
        resamples = max(500, min(5000, 2000 * LONGEST // max(1, len(np.unique(run.units)))))
        difference = None
        if paired and position > 0:
            change = 100 * (values - first.student)
            difference = resampled_mean(change, run.units, resamples=resamples)
        own = resampled_mean(100 * values, run.units, resamples=resamples)
        rows.append(_row(run.title, who, own, difference))
    kinds = {run.by_subject for run in runs}
    over = "test units" if len(kinds) > 1 else f"test {'subjects' if kinds.pop() else 'samples'}"
    return _table(rows, paired), over, first.title if paired else ""


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
