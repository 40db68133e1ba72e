"""``sweep``: arms over seeds and folds, or the grid of a file; here or on a cluster."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..atomic_files import write_text, written_aside
from ..errors import ConfigError
from .experiment_arguments import add_experiment_arguments, config_of, positive

if TYPE_CHECKING:
    import pandas as pd

HELP = "compare baselines, student, methods and teacher over seeds, or run the grid of a file"
SEEDS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "grid",
        nargs="?",
        type=Path,
        metavar="GRID.yaml",
        help="what is varied: base, arms, axes, seeds, folds, records or a notebook; see "
        "docs/sweeps_on_a_cluster.md",
    )
    parser.add_argument("--method", help="the method of interest (pkdot)")
    parser.add_argument("--seeds", type=positive, help=f"how many seeds ({SEEDS})")
    parser.add_argument("--first-seed", type=int, help="the first of them (0)")
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        metavar="N",
        help="test folds, e.g. 0 1 2 3 4 (the config's)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="worker processes; with --engine dask://…, workers to expect (1)",
    )
    parser.add_argument("--engine", default="processes", help="processes, or dask://host:port")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where finished cells are kept and found again (sweeps, beside the runs)",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write every cell here")
    of_a_grid = parser.add_argument_group("of a grid file")
    of_a_grid.add_argument(
        "--dry-run",
        action="store_true",
        help="say how many cells, hours and megabytes, and stop; where no cell is finished, one "
        "is computed for it and kept",
    )
    of_a_grid.add_argument(
        "--records", action="store_true", help="also keep a whole run record of each student"
    )
    parser.add_argument(
        "--one-by-one",
        action="store_true",
        help="train no students together: slower, and the same bits whatever else is computed",
    )
    add_experiment_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    if arguments.csv and not arguments.csv.parent.is_dir():
        raise ConfigError(f"There is no folder {arguments.csv.parent} to write the CSV into.")
    if arguments.grid is not None:
        return _run_grid(arguments)
    for name in ("dry_run", "records"):
        if getattr(arguments, name):
            raise ConfigError(f"--{name.replace('_', '-')} belongs to a grid file; name one.")
    return _run_standard(arguments)


def _run_standard(arguments: argparse.Namespace) -> int:
    from ..analysis.arm_table import comparison_table, presentable
    from ..data import load_corpus
    from ..experiments.sweep import run_sweep, standard_arms, unimodal_arms
    from ..experiments.sweep_tables import sweep_label, sweep_tables, write_sweep
    from ..record.location import runs_directory

    config = config_of(arguments)
    first = arguments.first_seed or 0
    seeds = range(first, first + (arguments.seeds or SEEDS))
    corpus = load_corpus(config.data, config.seed, progress=not arguments.quiet)
    cells = run_sweep(
        config,
        [*unimodal_arms(corpus), *standard_arms(config.method, config.options, corpus.task)],
        seeds,
        folds=arguments.folds,
        jobs=arguments.jobs,
        engine=arguments.engine,
        folder=arguments.folder,
        progress=not arguments.quiet,
        at_once=1 if arguments.one_by_one else None,
    )
    if arguments.csv:
        write_text(arguments.csv, cells.drop(columns="task").to_csv(index=False))
    write_sweep(
        arguments.folder or runs_directory().parent / "sweeps",
        sweep_label(config),
        sweep_tables(cells, corpus=corpus.name, simulated=corpus.simulated),
    )
    score = corpus.task.primary
    unit: Literal["seed", "group"] = "group" if "by_group" in cells else "seed"
    if unit == "seed" and len(seeds) == 1:
        print(cells[["title", score.name]].to_string(index=False))
        print("One seed has no interval; give --seeds 2 or more.")
        return 0
    table = comparison_table(cells, unit=unit)
    print(presentable(table, score).to_string(index=False, na_rep="–"))
    over = "seed" if unit == "seed" else corpus.unit
    print(f"Over {table['n'].iloc[0]} {over}s; intervals are of 95 %.")
    return 0


def _run_grid(arguments: argparse.Namespace) -> int:
    from ..experiments.grid import ExperimentGrid
    from ..experiments.grid_engine import Engine
    from ..experiments.grid_file import read_grid
    from ..experiments.grid_tables import plain_columns
    from ..experiments.notebook_grid import NotebookGrid
    from ..experiments.sweep_tables import sweep_tables, write_sweep
    from ..record.location import runs_directory
    from .experiment_arguments import data_changes

    for name in ("method", "seeds", "first_seed", "folds", "config", "preset"):
        if getattr(arguments, name) is not None:
            raise ConfigError(
                f"--{name.replace('_', '-')} stands in the grid file; write it into "
                f"{arguments.grid}."
            )
    settings = read_grid(arguments.grid)
    changes = {**data_changes(arguments), **dict(arguments.set)}
    folder = arguments.folder or runs_directory().parent / "sweeps"
    engine = Engine(
        arguments.engine, arguments.jobs, folder.absolute(), not arguments.quiet,
        at_once=1 if arguments.one_by_one else None,
    )  # fmt: skip
    grid: ExperimentGrid | NotebookGrid
    if settings.notebook is not None:
        if changes or arguments.records:
            raise ConfigError(
                "A notebook has parameters, no settings, and keeps its records itself; leave "
                "--set, --data and --records out."
            )
        grid = NotebookGrid(settings, arguments.grid)
    else:
        if arguments.records:
            settings = settings.model_copy(update={"records": True})
        grid = ExperimentGrid(settings, changes, engine.progress)
    if arguments.dry_run:
        print(grid.estimate(engine).sentences())
        return 0
    label = arguments.grid.stem
    cells = grid.run(engine, label)
    table = plain_columns(cells)
    place = engine.folder / f"{label}.parquet"
    with written_aside(place) as aside:
        table.to_parquet(aside, index=False)
    if arguments.csv:
        write_text(arguments.csv, table.to_csv(index=False))
    if isinstance(grid, ExperimentGrid):
        data = grid.bases[0].data
        own = sweep_tables(cells, corpus=data.name, simulated=data.is_simulated, axes=grid.axes)
        write_sweep(engine.folder, label, own)
    print(_presented(grid.summary(cells)))
    print(f"Every cell is a row of {place}; it reads in pandas.")
    return _report_failures(cells)


def _presented(table: "pd.DataFrame") -> str:
    return table.to_string(index=False, na_rep="–", float_format=lambda value: f"{value:.4g}")


def _report_failures(cells: "pd.DataFrame") -> int:
    """1 where cells could not be had, with one sentence for all and the first one's reason."""
    if "failed" not in cells or cells["failed"].isna().all():
        return 0
    import sys

    reasons = cells["failed"].dropna()
    print(
        f"pkdot: {len(reasons)} of {len(cells)} cells failed; the table's column 'failed' says "
        f"why, and the same command tries them again. The first: {reasons.iloc[0]}",
        file=sys.stderr,
    )
    return 1
