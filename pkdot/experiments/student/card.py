"""The model card of a trained student: what it reads and says, how well, and what it is not for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..._version import __version__
from ...analysis.statistics import percentile_interval, resampled_scores
from ...record import RunRecord
from ...record.target_columns import targets_of
from ...tasks import Task

Array = np.ndarray[Any, np.dtype[Any]]


def model_card(record: RunRecord) -> str:
    """Markdown, one page: data, sensors, scores with intervals, limits.

    Args:
        record: finished.
    """
    data = record.facts.get("data", {})
    simulated = "yes: a simulator made the data" if record.simulated else "no"
    restricted = "; pictures of it must not be passed on" if data.get("restricted") else ""
    sizes = ", ".join(
        f"{data[part]:,} {part}"
        for part in ("labelled", "unlabelled", "validation", "test")
        if part in data
    )
    version = record.facts.get("versions", {}).get("pkdot", __version__)
    lines = [
        f"# Model card of {record.run_id}",
        "",
        f"A student that pkdot {version} trained with the method `{record.method}` (seed "
        f"{record.seed}).",
        "",
        "## What it reads and says",
        "",
        *_reads(record),
        f"- Privileged, in training only: {_names(data.get('privileged', ()))}.",
        f"- Task: {record.task.kind}; it answers {_names(record.task.names)}.",
        "",
        "## Data",
        "",
        f"- Corpus: {record.corpus}; simulated: {simulated}.",
        f"- Samples: {sizes or 'not known'}.",
        f"- Licence of the data: not known to the kit{restricted}; ask who gave them to you.",
        "",
        "## Scores on the test samples",
        "",
        *_scores(record),
        "",
        "## Limits",
        "",
        "- Not for clinical use, and for no decision about a person: it is a study's result.",
        "- Scores hold for recordings like those of the test samples; other sensors, rooms and "
        "people were not tried.",
        *[f"- {note}" for note in record.facts.get("notes", ())],
        *_group_note(record),
    ]
    return "\n".join(lines) + "\n"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(map(str, names[:12]))
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "none"


def _reads(record: RunRecord) -> list[str]:
    modalities = record.facts.get("student", {}).get("modalities", {})
    shape = "frame" if record.facts.get("student", {}).get("is_sequence") else "sample"
    return [
        f"- Reads `{name}`: {facts['kind']}, {' × '.join(map(str, facts['shape']))} a {shape}."
        for name, facts in modalities.items()
    ]


def _group_note(record: RunRecord) -> list[str]:
    modalities = record.facts.get("student", {}).get("modalities", {})
    by_group = [
        n for n, m in modalities.items() if (m["backbone"] or {}).get("overall") is not None
    ]
    if not by_group:
        return []
    return [
        f"- Features of {_names(by_group)} are taken relative to all recordings of the same "
        f"{record.unit}: give these together."
    ]


def _scores(record: RunRecord) -> list[str]:
    """A table: the primary score of both networks with its interval, and the student's others."""
    task, table = record.task, record.predictions
    test = table[table["split"] == "test"]
    units = test["subject"].to_numpy().astype(str)
    if len(test) == 0:
        return ["None are in the record."]
    by_unit = 1 < len(np.unique(units)) < len(units)
    drawn = units if by_unit else np.arange(len(test)).astype(str)
    targets = targets_of(test)
    rows = [f"| network | {task.primary.label} | 95 % interval |", "|---|---|---|"]
    for who in ("student", "teacher"):
        columns = [f"{who}_{j}" for j in range(task.output_width)]
        recorded = test[columns].to_numpy(dtype=float)
        rows.append(f"| {who} | {_interval_cells(task, recorded, targets, drawn)} |")
    other = {
        name.removeprefix("student "): value
        for name, value in record.scores.items()
        if name.startswith("student ") and name != f"student {task.primary.name}"
    }
    shown = ", ".join(f"{name} {value:.3f}" for name, value in other.items())
    what = f"{len(np.unique(drawn)):,} {record.unit}s" if by_unit else f"{len(test):,} samples"
    rows += ["", f"Intervals: bootstrap over {what}. Further scores of the student: {shown}."]
    return rows


def _interval_cells(task: Task, recorded: Array, targets: Array, units: Array) -> str:
    known = np.isfinite(recorded).all(axis=1) & task.has_target(targets)
    if not known.any():
        return "– | –"
    recorded, targets, units = recorded[known], targets[known], units[known]
    tallies = {
        name: task.tally(recorded[own], targets[own])
        for name in np.unique(units)
        for own in [np.flatnonzero(units == name)]
    }
    names = list(tallies)
    value = task.tallied(list(tallies.values()))
    if len(names) < 2:
        return f"{task.primary.text(value)} | –"
    draws = resampled_scores(
        lambda rows: [task.tallied([tallies[names[i]] for i in rows])], np.arange(len(names))
    )
    found = percentile_interval(value, draws[:, 0], len(names))
    ends = f"{task.primary.text(found.low)} to {task.primary.text(found.high)}"
    return f"{task.primary.text(value)} | {ends}"


def card_path(out: Path) -> Path:
    """Where the model card of a file lies: beside it."""
    return out.with_name(f"{out.stem}.card.md")
