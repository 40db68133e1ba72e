"""What a sweep came to, in one small file: a score for each arm on each unit, and who is who.

Gains over the student alone can be drawn from it again without a cell. Reading loads nothing that
trains.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ..analysis.arm_table import group_scores, task_of
from ..atomic_files import write_json
from ..errors import PkdotError, RecordError
from ..keyed_cache import short_hash
from ..record.files import file_size, read_unchecked
from ..settings import Settings
from ..tasks import Task, read_task

if TYPE_CHECKING:
    import pandas as pd

    from .config import ExperimentConfig

SCORES = "scores"
"""Folder of these files, below that of the cells."""
REFERENCE = "alone"
VERSION = 1
LARGEST, MOST_UNITS = 16 * 2**20, 20_000
FURTHEST = 1e6
"""No score lies further from zero."""


class SweepArm(Settings):
    """One arm, as :class:`pkdot.experiments.cells.Arm` names it."""

    name: str = Field(max_length=200)
    title: str = Field(max_length=200)
    role: str = Field("student", max_length=40)


class SweepTable(Settings):
    """Scores of a sweep at one combination of its axes' values."""

    corpus: str = Field(max_length=100)
    place: str = Field("", max_length=300, description="values of the axes, in words")
    simulated: bool = False
    task: dict[str, Any] = Field(default_factory=dict)
    unit: str = Field(max_length=60, description="what an interval is over, e.g. seeds")
    units: tuple[str, ...] = Field(min_length=2, max_length=MOST_UNITS)
    arms: tuple[SweepArm, ...] = Field(max_length=500)
    scores: dict[str, tuple[float | None, ...]] = Field(description="of each arm by unit; metric")
    records: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="of each arm, the folders of its whole records"
    )

    @property
    def learnt(self) -> Task:
        """The task.

        Raises:
            ConfigError: if the file describes none.
        """
        return read_task(self.task)

    def check(self) -> None:
        """Refuse a table whose parts do not fit.

        Raises:
            RecordError, ConfigError: with the first that does not.
        """
        names = [arm.name for arm in self.arms]
        self.learnt  # noqa: B018  raises for values that make no task
        if len(set(names)) < len(names) or len(set(self.units)) < len(self.units):
            raise RecordError("an arm or a unit is named twice")
        if set(self.scores) != set(names) or REFERENCE not in names:
            raise RecordError(f"its scores are not those of its arms, {REFERENCE!r} among them")
        if any(len(own) != len(self.units) for own in self.scores.values()):
            raise RecordError("an arm has not one score for each unit")
        if any(abs(v) > FURTHEST for own in self.scores.values() for v in own if v is not None):
            raise RecordError("a number in it is none that a score has")
        if None in self.scores[REFERENCE]:
            raise RecordError(f"{REFERENCE!r} lacks a score")
        if not set(self.records) <= set(names):
            raise RecordError("records are of an arm that is not there")


def sweep_tables(
    cells: "pd.DataFrame", *, corpus: str, simulated: bool, axes: Sequence[str] = ()
) -> list[SweepTable]:
    """Tables of a sweep's cells, one for each combination of its axes' values.

    Units are the test groups where every cell knows them and the primary score is a mean over
    samples; else seeds. An arm with a failed cell is left out.

    Args:
        cells: from :func:`pkdot.experiments.sweep.run_sweep` or a grid.
        corpus: its name; the axis ``data.name`` goes before it.
        simulated: whether the data are.
        axes: columns with the values of axes.

    Returns:
        Those that have a student alone and two units or more.
    """
    groups = cells.groupby(list(axes), sort=False, dropna=False) if axes else [((), cells)]
    found = []
    for values, part in groups:
        point = dict(zip(axes, values, strict=True))
        words = [f"{axis.rsplit('.', 1)[-1]} = {value}" for axis, value in point.items()]
        table = _table(part, str(point.get("data.name", corpus)), ", ".join(words), simulated)
        found += [] if table is None else [table]
    return found


def _table(cells: "pd.DataFrame", corpus: str, place: str, simulated: bool) -> SweepTable | None:
    if "failed" in cells:
        failed = set(cells.loc[cells["failed"].notna(), "arm"])
        cells = cells[~cells["arm"].isin(failed)]
    task = task_of(cells)
    score = task.primary.name
    if score not in cells or REFERENCE not in set(cells["arm"]):
        return None
    grouped = task.decomposes and "by_group" in cells and bool(cells["by_group"].notna().all())
    unit = "seeds"
    if grouped:
        table, unit = group_scores(cells), f"{cells['unit'].iloc[0]}s"
    else:
        table = cells.pivot_table(index="seed", columns="arm", values=score, sort=False)
    table = table[table[REFERENCE].notna()]
    if len(table) < 2:
        return None
    arms = cells.drop_duplicates("arm")
    records = {
        str(arm): tuple(Path(str(record)).name for record in own["record"] if record)
        for arm, own in (cells.groupby("arm") if "record" in cells else ())
    }
    return SweepTable(
        corpus=corpus,
        place=place,
        simulated=simulated,
        task=task.model_dump(mode="json"),
        unit=unit,
        units=tuple(str(name) for name in table.index),
        arms=tuple(
            SweepArm(name=row.arm, title=row.title, role=row.role) for row in arms.itertuples()
        ),
        scores={
            str(arm): tuple(float(v) if math.isfinite(v) else None for v in table[arm])
            for arm in table
        },
        records={arm: names for arm, names in records.items() if names},
    )


def sweep_label(config: "ExperimentConfig") -> str:
    """The name of a standard sweep's file: the same for all seeds of the same settings."""
    settings = config.on_record(["seed", "device", "threads"])
    return f"{config.data.name}-{config.method}-{short_hash(settings, 6)}"


def write_sweep(folder: Path, label: str, tables: Sequence[SweepTable]) -> Path | None:
    """Write the tables of one sweep below its folder of cells.

    Returns:
        The file; None where there is no table, and then nothing is written.

    Raises:
        RecordError: if the disk refuses.
    """
    if not tables:
        return None
    path = folder / SCORES / f"{label}.json"
    content = {"version": VERSION, "tables": [table.model_dump(mode="json") for table in tables]}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content)
    return path


def read_sweep(path: Path) -> list[SweepTable]:
    """The tables of one sweep; size, types and shapes are checked before anything is done with it.

    Raises:
        RecordError: in one sentence, for what is no such file.
    """
    size = file_size(path.parent, path.name)
    try:
        if not 0 <= size <= LARGEST:
            raise RecordError(
                "it is no file" if size < 0 else f"{size} bytes, of {LARGEST} at most"
            )
        content = json.loads(read_unchecked(path.parent, path.name, LARGEST).decode("utf-8"))
        if not isinstance(content, dict) or content.get("version") != VERSION:
            raise RecordError(f"it is not of version {VERSION}")
        given = content.get("tables")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise RecordError("it has no list of tables")
        tables = [SweepTable(**{str(name): value for name, value in one.items()}) for one in given]
        for table in tables:
            table.check()
    except (PkdotError, ValueError, TypeError, RecursionError) as error:
        reason = str(error).rstrip(".")[:300]
        raise RecordError(
            f"{path} is no table of a sweep ({reason}); type the sweep again to write it anew."
        ) from None
    return tables
