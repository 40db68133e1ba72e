"""What one run of the evidence covers: regimes, contenders, seeds, where it is kept."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import ConfigError
from ..experiments.baselines import BASELINES, TITLES
from ..experiments.cells import Arm, cell_file, read_cell
from ..experiments.config import ExperimentConfig
from ..experiments.sweep import run_grid
from .contenders import Contender
from .regimes import Regime
from .studies import Study


@dataclass(frozen=True)
class Plan:
    """A run of the evidence.

    Attributes:
        regimes: on what.
        contenders: who; each has the same number of settings to try.
        folder: of cells, teachers and choices; a run that was killed goes on from there.
        chosen: a folder of choices made earlier, to be read in place of tuning.
        tuning_seeds: settings are chosen on these.
        seeds: chosen settings are compared on these.
        control_seeds: those of them on which the controls are run; all if None.
        settings: how many of its settings a contender tries.
        jobs, engine, progress: as for :func:`pkdot.experiments.sweep.run_grid`.
        quick: whether this is the short form, which the report then says.
        controlled: contenders that undergo every control.
        study_seeds, study_regimes, studies: of the mechanism.
    """

    regimes: Sequence[Regime]
    contenders: Sequence[Contender]
    folder: Path
    chosen: Path | None = None
    tuning_seeds: tuple[int, ...] = (0, 1, 2, 3)
    seeds: tuple[int, ...] = tuple(range(100, 120))
    control_seeds: tuple[int, ...] | None = None
    settings: int = 6
    jobs: int = 1
    engine: str = "processes"
    progress: bool = True
    quick: bool = False
    controlled: tuple[str, ...] = ("kd", "pkdot", "rows")
    study_seeds: tuple[int, ...] = tuple(range(10))
    study_regimes: tuple[str, ...] = ("few",)
    studies: Sequence[Study] = ()

    def __post_init__(self) -> None:
        strange = sorted(set(self.controls_on) - set(self.seeds))
        if strange:
            raise ConfigError(
                f"Seed {strange[0]} would serve controls alone; they are held against the "
                "comparison on the same seeds."
            )
        both = sorted(set(self.tuning_seeds) & set(self.seeds))
        if both:
            raise ConfigError(
                f"Seed {both[0]} would serve tuning and comparison both; a setting must be "
                "compared on seeds that did not choose it."
            )

    @property
    def controls_on(self) -> tuple[int, ...]:
        """Seeds of the controls."""
        return self.seeds if self.control_seeds is None else self.control_seeds

    @property
    def methods(self) -> list[str]:
        """Names of the contenders that distil."""
        return [c.name for c in self.contenders if c.kind == "method"]

    def contenders_of(self, regime: Regime) -> list[Contender]:
        """Those that the regime's data can have."""
        return [c for c in self.contenders if regime.simulated or not c.needs_latent]

    @property
    def choices_folder(self) -> Path:
        return self.chosen or self.folder / "choices"

    @property
    def cells_folder(self) -> Path:
        return self.folder / "cells"

    def run(
        self, bases: Sequence[ExperimentConfig], arms: Sequence[Arm], label: str
    ) -> pd.DataFrame:
        """Compute the cells that are not there yet, each once though several arms share it.

        A cell that the kit refuses is told on stderr and does not stop the others.

        Returns:
            One row a cell of the different arms, as :func:`~pkdot.experiments.sweep.run_grid`
            gives it.
        """
        different = {cell_file(self.cells_folder, bases[0], arm): arm for arm in arms}
        cells = run_grid(
            bases,
            list(different.values()),
            jobs=self.jobs,
            engine=self.engine,
            folder=self.cells_folder,
            progress=self.progress,
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
        """
        drawn = [getattr(base.data, "simulated_seed", None) for base in bases]
        several = len(set(drawn)) > 1
        rows = []
        for arm in arms:
            own = [read_cell(cell_file(self.cells_folder, base, arm)) for base in bases]
            cells = [cell for cell in own if cell is not None]
            for cell, seed in zip(own, drawn, strict=True):
                if several and cell is not None and "by_subject" in cell:
                    named = {f"{seed}/{name}": n for name, n in cell["by_subject"].items()}
                    cell["by_subject"] = named
            if len(cells) < len(bases):
                continue
            told = {"arm": arm.name, "title": arm.title, "role": arm.role}
            rows += [{**told, "replicate": i, **cell} for i, cell in enumerate(cells)]
        return pd.DataFrame(rows)


def plain_arms(regime: Regime) -> list[Arm]:
    """Plain classifiers on the student's input, and the teacher."""
    names = [n for n in BASELINES if n != "self_training" or regime.unlabelled]
    return [
        *(Arm(name, TITLES[name], role="baseline") for name in names),
        Arm("teacher", "teacher (sees everything)", role="teacher"),
    ]
