"""``sweep``: a method beside baselines, the student alone and the teacher, over seeds and folds."""

import argparse
from pathlib import Path
from typing import Literal

from ..atomic_files import write_text
from ..errors import ConfigError
from .experiment_arguments import add_experiment_arguments, config_of, positive

HELP = "compare baselines, student, methods and teacher over seeds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", help="the method of interest (pkdot)")
    parser.add_argument("--seeds", type=positive, default=5, help="how many seeds (5)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (0)")
    parser.add_argument(
        "--folds",
        type=int,
        nargs="+",
        metavar="N",
        help="test folds, e.g. 0 1 2 3 4 (the config's)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    parser.add_argument("--engine", default="processes", help="processes, or dask://host:port")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where finished cells are kept and found again (sweeps, beside the runs)",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write every cell here")
    add_experiment_arguments(parser)
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..analysis.arm_table import comparison_table, presentable
    from ..data import load_corpus
    from ..experiments.sweep import run_sweep, standard_arms, unimodal_arms

    config = config_of(arguments)
    if arguments.csv and not arguments.csv.parent.is_dir():
        raise ConfigError(f"There is no folder {arguments.csv.parent} to write the CSV into.")
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
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
    )
    if arguments.csv:
        write_text(arguments.csv, cells.drop(columns="task").to_csv(index=False))
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
