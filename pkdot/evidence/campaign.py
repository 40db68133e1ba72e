"""What one run of the evidence covers: regimes, contenders, seeds, where it is kept."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..errors import ConfigError
from ..experiments.cells import Arm, cell_cache, cell_key
from ..experiments.config import ExperimentConfig
from ..experiments.sweep import run_grid
from .comparison import PAIRED, START
from .contenders import Contender
from .grids import GridName
from .regimes import LOCKED_SEEDS, Regime
from .studies import Study


@dataclass(frozen=True)
class Seeds:
    """Which seeds serve what.

    Attributes:
        tuning: settings are chosen on these.
        comparison: chosen settings are compared on these.
        controls: those of the comparison on which the controls are run; all of them if None.
        studies: of the mechanism.
    """

    tuning: tuple[int, ...] = (0, 1, 2, 3)
    comparison: tuple[int, ...] = LOCKED_SEEDS
    controls: tuple[int, ...] | None = None
    studies: tuple[int, ...] = tuple(range(10))

    def __post_init__(self) -> None:
        if unpaired := sorted(set(self.for_controls) - set(self.comparison)):
            raise ConfigError(
                f"Seed {unpaired[0]} would serve controls alone; they are held against the "
                "comparison on the same seeds."
            )
        if both := sorted(set(self.tuning) & set(self.comparison)):
            raise ConfigError(
                f"Seed {both[0]} would serve tuning and comparison both; a setting must be "
                "compared on seeds that did not choose it."
            )

    @property
    def for_controls(self) -> tuple[int, ...]:
        """Seeds on which the controls are run."""
        return self.comparison if self.controls is None else self.controls


@dataclass(frozen=True)
class Workers:
    """How cells are computed, as :func:`pkdot.experiments.sweep.run_grid` takes it.

    Attributes:
        jobs: worker processes.
        engine: ``processes``, or ``dask://host:port`` of a scheduler.
        progress: whether to draw progress bars.
    """

    jobs: int = 1
    engine: str = "processes"
    progress: bool = True


@dataclass(frozen=True)
class Campaign:
    """A run of the evidence.

    Attributes:
        regimes: on what.
        contenders: who; each has the same number of settings to try.
        folder: of cells, teachers and choices; a run that was killed goes on from there.
        chosen: a folder of choices made earlier, to be read in place of tuning.
        seeds: which seeds serve what.
        settings: how many of its settings a contender tries.
        grid: which grid the contenders' settings are from.
        controlled: names of the contenders that undergo every control.
        studies: of the mechanism.
        study_regimes: names of the regimes that the studies are run on.
        workers: how cells are computed.
        quick: whether this is the short form, which the report then says.
    """

    regimes: Sequence[Regime]
    contenders: Sequence[Contender]
    folder: Path
    chosen: Path | None = None
    seeds: Seeds = field(default_factory=Seeds)
    settings: int = 6
    grid: GridName = "own"
    controlled: tuple[str, ...] = ("kd", "pkdot", "rows")
    studies: Sequence[Study] = ()
    study_regimes: tuple[str, ...] = ("few",)
    workers: Workers = field(default_factory=Workers)
    quick: bool = False

    @property
    def methods(self) -> list[str]:
        """Names of the contenders that distil."""
        return [c.name for c in self.contenders if c.kind == "method"]

    @property
    def people(self) -> tuple[int, ...]:
        """Seeds of the simulated people that were asked for; empty for those of the regimes."""
        return next((regime.people for regime in self.regimes if regime.people), ())

    def contenders_of(self, regime: Regime) -> list[Contender]:
        """Those that the regime's data and task can have.

        Ceilings learn from right pairs, whatever the regime does to them. No student takes over a
        T-Net from a teacher that never saw both modalities of a sample.
        """
        found = [
            contender
            for contender in self.contenders
            if contender.suits(regime.task) and (regime.simulated or not contender.needs_latent)
        ]
        if not regime.is_doubtful:
            return [contender for contender in found if contender.name != PAIRED]
        return [
            contender.with_right_pairs() if contender.kind == "ceiling" else contender
            for contender in found
            if not (regime.is_unpaired and contender.name == START)
        ]

    def studies_of(self, regime: Regime) -> Sequence[Study]:
        """The studies that are run on a regime."""
        return self.studies if regime.name in self.study_regimes else ()

    @property
    def choices_folder(self) -> Path:
        """Where chosen settings are kept."""
        return self.chosen or self.folder / "choices"

    @property
    def cells_folder(self) -> Path:
        """Where finished cells and teachers are kept."""
        return self.folder / "cells"

    def run(
        self, bases: Sequence[ExperimentConfig], arms: Sequence[Arm], label: str
    ) -> pd.DataFrame:
        """Compute the cells that are not there yet, each once though several arms share it.

        A cell that the kit refuses is reported on stderr and does not stop the others.

        Returns:
            One row a cell of the different arms, as :func:`~pkdot.experiments.sweep.run_grid`
            gives it.
        """
        different = {cell_key(bases[0], arm): arm for arm in arms}
        cells = run_grid(
            bases,
            list(different.values()),
            jobs=self.workers.jobs,
            engine=self.workers.engine,
            folder=self.cells_folder,
            progress=self.workers.progress,
            label=label,
            tolerant=True,
        )
        if "failed" in cells:
            for row in cells[cells["failed"].notna()].itertuples():
                print(f"{label}: {row.title}, seed {row.seed}: {row.failed}", file=sys.stderr)
        return cells

    def read(self, bases: Sequence[ExperimentConfig], arms: Sequence[Arm]) -> pd.DataFrame:
        """The finished cells of those arms that have all of theirs; nothing is computed.

        Where the bases draw several populations of simulated people, a subject's name begins with
        the seed of its own, as every population counts its subjects from one.

        Returns:
            One row a cell: arm, title, role, replicate (place in ``bases``), and what
            :func:`pkdot.experiments.cells.run_cell` gives.
        """
        populations = [getattr(base.data, "simulated_seed", None) for base in bases]
        several = len(set(populations)) > 1
        finished = cell_cache(self.cells_folder)
        rows = []
        for arm in arms:
            found = [finished.find(cell_key(base, arm)) for base in bases]
            cells = [cell for cell in found if cell is not None]
            if len(cells) < len(bases):
                continue
            for replicate, (cell, seed) in enumerate(zip(cells, populations, strict=True)):
                if several and "by_group" in cell:
                    tallies = cell["by_group"].items()
                    cell["by_group"] = {f"{seed}/{name}": tally for name, tally in tallies}
                row = {"arm": arm.name, "title": arm.title, "role": arm.role}
                rows.append({**row, "replicate": replicate, **cell})
        return pd.DataFrame(rows)


def plain_arms(regime: Regime) -> list[Arm]:
    """Plain models on the student's input, and the teacher."""
    plain = regime.task.plain
    names = [n for n in plain.models if n not in plain.semi_supervised or regime.unlabelled]
    return [
        *(Arm(name, plain.titles[name], role="baseline") for name in names),
        Arm("teacher", "teacher (sees everything)", role="teacher"),
    ]
