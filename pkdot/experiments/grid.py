"""A grid file of experiments put to work: what it will take, its cells, one table at the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..analysis.arm_table import task_of
from ..data import load_corpus
from ..errors import ConfigError
from .cell_records import keep_record, records_cache
from .cells import cell_cache, cell_key, check_arm, run_cell
from .grid_engine import Engine, Estimate, bytes_below, compute, mean
from .grid_file import GridSettings, arms_of, base_of, bases_of, places_of
from .grid_tables import summary_of, with_places
from .sweep import pinned_bases, run_grid


class ExperimentGrid:
    """Arms on bases.

    Args:
        settings: of the file.
        changes: dotted settings on top of its base.
        progress: whether to draw bars while data are read.

    Raises:
        ConfigError: if they make no grid.
    """

    def __init__(
        self, settings: GridSettings, changes: Mapping[str, Any], progress: bool = True
    ) -> None:
        base = base_of(settings, changes)
        self.places = list(places_of(settings))
        self.bases = pinned_bases(bases_of(base, self.places), progress)
        corpus = load_corpus(self.bases[0].data, self.bases[0].seed, progress=progress)
        self.arms = arms_of(settings, base, corpus.task)
        for arm in self.arms:
            for place_base in self.bases:
                check_arm(place_base, arm)
        self.axes, self.records = list(settings.axes), settings.records
        self.keys = {
            (a, r): cell_key(base, arm)
            for a, arm in enumerate(self.arms)
            for r, base in enumerate(self.bases)
        }
        for axis, values in settings.axes.items():
            if len(values) > 1 and not any(self._varies(a, axis) for a in range(len(self.arms))):
                listed = ", ".join(arm.name for arm in self.arms)
                raise ConfigError(
                    f"The axis {axis!r} changes none of the arms {listed}; leave it out, or add "
                    f"an arm that it belongs to."
                )

    def _varies(self, arm: int, axis: str) -> bool:
        """Whether an arm's cells depend on an axis."""
        keys: dict[str, set[str]] = {}
        for replicate, place in enumerate(self.places):
            others = {**place.point, axis: None, "seed": place.seed, "fold": place.fold}
            keys.setdefault(repr(others), set()).add(self.keys[arm, replicate])
        return any(len(own) > 1 for own in keys.values())

    def _finished(self, folder: Path) -> dict[str, dict[str, Any]]:
        cells = cell_cache(folder)
        return {k: c for k in set(self.keys.values()) if (c := cells.find(k)) is not None}

    def estimate(self, engine: Engine) -> Estimate:
        """Cells, hours and disk that are left; without any finished cell, one is computed now."""
        found = self._finished(engine.folder)
        wanted = {key: place for place, key in self.keys.items()}
        left = {key: place for key, place in wanted.items() if key not in found}
        basis = f"from {len(found):,} finished cells of this grid"
        if not found:
            arm, replicate = max(left.values(), key=lambda p: self.arms[p[0]].role == "student")
            base = self.bases[replicate]
            cell = run_cell(base, self.arms[arm], engine.folder, progress=engine.progress)
            found = {self.keys[arm, replicate]: cell}
            left.pop(self.keys[arm, replicate])
            basis = (
                f"from one cell that was computed for it and is kept ({self.arms[arm].title}, "
                f"seed {base.seed}: {cell['elapsed']:.1f} s)"
            )
        took: dict[int, list[float]] = {}
        for (arm, _), key in self.keys.items():
            if key in found and "elapsed" in found[key]:
                took.setdefault(arm, []).append(found[key]["elapsed"])
        everything = [seconds for own in took.values() for seconds in own] or [0.0]
        seconds = sum(mean(took.get(arm, everything)) for arm, _ in left.values())
        files = list(engine.folder.glob("*.json"))
        size = bytes_below(engine.folder / "teachers") + sum(file.stat().st_size for file in files)
        megabytes = size / max(1, len(files)) * len(left) / 2**20
        workers = engine.workers
        if self.records:
            kept = records_cache(engine.folder)
            students = {k for (a, _), k in self.keys.items() if self.arms[a].role == "student"}
            there = [r for k in students if (r := kept.find(k)) is not None]
            missing = len(students) - len(there)
            if there:
                seconds += missing * mean([record["elapsed"] for record in there])
                each = bytes_below(engine.folder / "records") / len(there)
                megabytes += missing * each / 2**20
            else:
                basis += f"; the {missing:,} records take as long again, and disk beyond this"
        return Estimate(
            len(wanted), len(wanted) - len(left), seconds / workers, megabytes, basis, workers
        )

    def run(self, engine: Engine, label: str) -> pd.DataFrame:
        """Compute what is missing.

        Returns:
            One row a cell: arm, title, role, the axes, ``fold`` where there are folds, seed, and
            what :func:`pkdot.experiments.cells.run_cell` gives; ``record`` where records are kept,
            and ``failed`` (a sentence) where a cell could not be had.
        """
        cells = run_grid(
            self.bases, self.arms, jobs=engine.jobs, engine=engine.name, folder=engine.folder,
            progress=engine.progress, label=label, tolerant=True, at_once=engine.at_once,
        )  # fmt: skip
        if self.records:
            kept = self._keep_records(engine, label)
            names = {arm.name: number for number, arm in enumerate(self.arms)}
            keys = [
                self.keys[names[arm], replicate]
                for arm, replicate in zip(cells["arm"], cells["replicate"], strict=True)
            ]
            cells["record"] = [kept.get(key, "") for key in keys]
        return with_places(cells, self.places)

    def _keep_records(self, engine: Engine, label: str) -> dict[str, str]:
        """A whole record of every student, by the key of its cell."""
        wanted = {
            key: (self.bases[r], self.arms[a], engine.folder)
            for (a, r), key in self.keys.items()
            if self.arms[a].role == "student"
        }
        found = compute(
            keep_record, wanted, records_cache(engine.folder), engine, f"{label} records"
        )
        return {key: one.get("record", "") for key, one in found.items()}

    def summary(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Mean and 95 % interval of the primary score over seeds and folds, an arm a row.

        Args:
            cells: from :meth:`run`. Of an axis that an arm does not depend on, its row says "any".
        """
        score, own = task_of(cells).primary, cells.astype(dict.fromkeys(self.axes, object))
        keys = [self.keys[a, r] for a in range(len(self.arms)) for r in range(len(self.bases))]
        for number, arm in enumerate(self.arms):
            for axis in self.axes:
                if not self._varies(number, axis):
                    own.loc[own["arm"] == arm.name, axis] = "any"
        own = own[~own.assign(key=keys).duplicated(["arm", "key"])]
        return summary_of(own, ["title", *self.axes], score.name, score.factor)
