"""A whole run record beside a cell, for those who want to look into it."""

from pathlib import Path
from time import perf_counter
from typing import Any

from ..atomic_files import write_json
from ..errors import ConfigError
from ..keyed_cache import KeyedCache
from ..record import open_record
from .cells import Arm, cell_key, pair_of, read_cell
from .config import ExperimentConfig
from .experiment import run_experiment
from .teacher_cache import stage_facts


def records_cache(folder: Path) -> KeyedCache[dict[str, Any]]:
    """Which record belongs to which cell, by :func:`pkdot.experiments.cells.cell_key`."""
    return KeyedCache(folder / "records" / "of_cells", ".json", _read, write_json)


def _read(file: Path) -> dict[str, Any]:
    found = read_cell(file)
    if open_record(Path(found["record"])).status != "finished":
        raise ValueError("no whole record")
    return found


def keep_record(base: ExperimentConfig, arm: Arm, folder: Path) -> dict[str, Any]:
    """Run the experiment of a student's cell with its record; its scores are those of the cell.

    Args:
        base: config of the data set and seed.
        arm: a student.
        folder: of cells; records lie in ``records`` below it.

    Returns:
        ``record`` (the folder) and ``elapsed`` (seconds).

    Raises:
        ConfigError: if the arm's teacher is not the one that its student's settings describe, so
            that one experiment cannot hold both.
    """
    return records_cache(folder).find_or_compute(
        cell_key(base, arm), lambda: _recorded(base, arm, folder)
    )


def _recorded(base: ExperimentConfig, arm: Arm, folder: Path) -> dict[str, Any]:
    pair = pair_of(base, arm)
    teacher, student = pair.teacher, pair.student
    if not student.student_is_alone and stage_facts(teacher) != stage_facts(student):
        raise ConfigError(
            f"Arm {arm.name!r} changes settings that its shared teacher was trained without, so "
            f"that no record of one experiment has its numbers; leave records out."
        )
    began = perf_counter()
    record = run_experiment(student, runs_dir=folder / "records", progress=False)
    return {"record": str(record.path), "elapsed": round(perf_counter() - began, 3)}
