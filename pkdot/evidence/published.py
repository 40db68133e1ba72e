"""Gains that can be drawn without training: of the evidence, of sweeps, and of the kit's report.

The one room of the evidence that the page opens. Nothing that trains is loaded here, and a damaged
file costs a sentence, never the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ..analysis.across import Ranking
from ..errors import PkdotError
from ..experiments.sweep_tables import SCORES, SweepTable, read_sweep
from ..record.location import PACKAGE, runs_directory
from .comparison import REFERENCE
from .decisions import gain_rows, method_ranking
from .score_tables import ScoreTable, method_titles, read_every_table
from .situations import SITUATIONS, Plan

KIT = PACKAGE.parent / "reports" / "benchmarks" / SCORES
"""Scores of the kit's own report, in a checkout."""
MOST_FILES = 400
"""Files of a folder that are read; the newest."""
Kind = Literal["sweeps", "evidence", "kit"]
COLUMNS = (
    "key", "corpus", "situation", "words", "drawn", "simulated", "unit", "method", "title", "n",
    "gain", "gain_low", "gain_high", "p_holm",
)  # fmt: skip


@dataclass(frozen=True)
class GainTable:
    """Scores of one problem, and the names of those that were compared on it.

    Attributes:
        key: names the table among the others of its source.
        scores: of every arm, on every unit.
        titles: arm -> what figures call it, of those that distil.
        words: the situation, in words.
        records: arm -> folders of whole records that were kept beside its cells.
    """

    key: str
    scores: ScoreTable
    titles: dict[str, str]
    words: str
    records: dict[str, tuple[Path, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class GainSource:
    """All tables of one kind.

    Attributes:
        kind: sweeps, evidence (one's own), or kit (the report that came with it).
        folders: where they were read.
        tables: those that could be.
        refused: a sentence for each file that could not.
    """

    kind: Kind
    folders: tuple[Path, ...]
    tables: tuple[GainTable, ...]
    refused: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.tables or self.refused)


def score_folders(kind: Kind, runs: Path | None = None) -> list[Path]:
    """The folders in which tables of a kind may lie; those that are there.

    Args:
        kind: of source.
        runs: folder of records, :func:`~pkdot.record.location.runs_directory` by default. Sweeps
            lie beside it, or in a folder within it that was named for them.
    """
    runs = runs_directory() if runs is None else runs
    beside = runs.parent
    if kind == "kit":
        places = [KIT]
    elif kind == "evidence":
        # In full, in its short form, of own data; and beside the report.
        places = [*sorted(beside.glob(f"evidence*/{SCORES}")), beside / "benchmarks" / SCORES]
        places = [place for place in places if place != KIT]
    else:
        places = [beside / "sweeps" / SCORES, *sorted(runs.glob(f"*/{SCORES}"))]
    return [place for place in places if place.is_dir() and not place.is_symlink()]


def read_source(kind: Kind, runs: Path | None = None) -> GainSource:
    """All tables of a kind; each file is checked before it is read.

    Args:
        kind: of source.
        runs: folder of records, as for :func:`score_folders`.
    """
    folders, refused = score_folders(kind, runs), list[str]()
    read = _of_sweeps if kind == "sweeps" else _of_evidence
    tables = [table for folder in folders for table in read(folder, refused)]
    named: dict[str, int] = {}
    unique = []
    for table in tables:
        named[table.key] = named.get(table.key, 0) + 1
        again = "" if named[table.key] == 1 else f" ({named[table.key]})"
        unique.append(
            GainTable(table.key + again, table.scores, table.titles, table.words, table.records)
        )
    return GainSource(kind, tuple(folders), tuple(unique), tuple(refused))


def state_of(kind: Kind, runs: Path | None = None) -> tuple[tuple[str, int, int], ...]:
    """What changes when a table of a kind is written: names, sizes and times of all files."""
    found = []
    for folder in score_folders(kind, runs):
        for file in _files(folder, "json" if kind == "sweeps" else "csv"):
            stat = file.lstat()
            found.append((str(file), stat.st_size, stat.st_mtime_ns))
    return tuple(found)


def _files(folder: Path, suffix: str) -> list[Path]:
    try:
        times = {path: path.lstat().st_mtime_ns for path in folder.glob(f"*.{suffix}")}
    except OSError:  # a sweep that writes at this moment; the next look has it
        return []
    newest = sorted(times, key=lambda path: -times[path])[:MOST_FILES]
    return sorted(newest)


def _of_evidence(folder: Path, refused: list[str]) -> Iterator[GainTable]:
    scores = read_every_table(folder, refused)
    titles = method_titles(scores)
    for table in scores:
        words = SITUATIONS.get(table.plan.situation, table.plan.situation)
        own = {name: title for name, title in titles.items() if name in table.scores}
        yield GainTable(f"{table.plan.name} {table.drawn}", table, own, words)


def _of_sweeps(folder: Path, refused: list[str]) -> Iterator[GainTable]:
    for file in _files(folder, "json"):
        try:
            found = read_sweep(file)
        except PkdotError as error:
            refused.append(str(error))
            continue
        for number, table in enumerate(found):
            yield _of_sweep(table, file, file.stem if len(found) == 1 else f"{file.stem} {number}")


def _of_sweep(table: SweepTable, file: Path, key: str) -> GainTable:
    task = table.learnt
    sign = 1.0 if task.primary.higher_is_better else -1.0
    index = pd.Index(table.units, name="seed" if table.unit == "seeds" else "group")
    scores = pd.DataFrame(
        {name: [np.nan if v is None else v for v in own] for name, own in table.scores.items()},
        index,
        dtype=float,
    )
    # Points are hundredths of a score, so that those that are no shares have a common axis, too.
    plan = Plan(table.corpus, table.place or "its settings", table.corpus, {}, task)
    known = ScoreTable(plan, 100 * sign * scores, table.simulated, drawn=file.stem)
    titles = {
        arm.name: arm.title for arm in table.arms if arm.role == "student" and arm.name != REFERENCE
    }
    beside = file.parent.parent / "records"
    records = {arm: tuple(beside / name for name in names) for arm, names in table.records.items()}
    return GainTable(key, known, titles, plan.situation, records)


def gain_table(source: GainSource) -> pd.DataFrame:
    """Every method's gain over the student alone, on every problem of a source.

    Returns:
        One row a problem and method: those of :data:`COLUMNS`, gains in points with their 95 %
        interval (Student's t, paired by unit), ``n`` units; ``p_holm`` over the methods of the
        problem.
    """
    parts = []
    for table in source.tables:
        rows = gain_rows([table.scores], list(table.titles))
        if len(rows):
            facts = {"key": table.key, "words": table.words, "drawn": table.scores.drawn}
            parts.append(rows.assign(title=rows["method"].map(table.titles), **facts))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def unit_gains(table: GainTable, method: str) -> pd.DataFrame:
    """One method against the student alone, unit by unit.

    Returns:
        One row a unit, the largest gain first: unit, alone, method (scores in points), gain.
    """
    alone, own = table.scores.scores[REFERENCE], table.scores.scores[method]
    found = pd.DataFrame(
        {"unit": alone.index.astype(str), "alone": alone.to_numpy(), "method": own.to_numpy()}
    )
    found["gain"] = found["method"] - found["alone"]
    return found.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def rank_methods(
    tables: Sequence[GainTable], methods: Sequence[str] | None = None
) -> tuple[Ranking, dict[str, str]] | None:
    """Methods by their mean rank over problems with room.

    Of several tables of a problem the one with most methods counts, then the one with most units.

    Args:
        tables: of the problems.
        methods: arms that are ranked; all that distil if left out.

    Returns:
        The ranking and arm -> title; None where fewer than three methods have scores in all of two
        problems.
    """
    titles: dict[str, str] = {}
    for table in tables:
        titles |= {name: title for name, title in table.titles.items() if name not in titles}
    several = {title for title in titles.values() if list(titles.values()).count(title) > 1}
    titles = {n: f"{title} ({n})" if title in several else title for n, title in titles.items()}
    wanted = [name for name in titles if methods is None or name in methods]
    fullest: dict[str, GainTable] = {}
    for table in tables:
        name, size = table.scores.plan.name, _size(table, wanted)
        if name not in fullest or size >= _size(fullest[name], wanted):
            fullest[name] = table
    ranked = method_ranking([table.scores for table in fullest.values()], wanted)
    return None if ranked is None else (ranked, titles)


def _size(table: GainTable, methods: Sequence[str]) -> tuple[int, int]:
    return len(table.scores.methods(methods)), len(table.scores.scores)
