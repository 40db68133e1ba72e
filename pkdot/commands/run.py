"""``run``: one experiment and its record."""

import argparse
import json
from pathlib import Path

from .experiment_arguments import add_experiment_arguments, config_of

HELP = "run one experiment and keep its record"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", help="one of --methods, or several joined by '+' (pkdot)")
    parser.add_argument("--seed", type=int, help="of split, noise, weights, batches (0)")
    add_experiment_arguments(parser)
    parser.add_argument(
        "--settings", action="store_true", help="print every setting with its value, and stop"
    )
    parser.add_argument("--methods", action="store_true", help="print every method, and stop")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    if arguments.methods:
        from ..distillers import available_distillers

        methods = available_distillers()
        width = max(map(len, methods))
        for name, method in methods.items():
            print(f"{name:{width}}  {method.title}")
        return 0
    config = config_of(arguments)
    if arguments.settings:
        from ..settings import flatten

        for name, value in flatten(config.model_dump(mode="json")).items():
            print(f"{name}={json.dumps(value)}")
        return 0
    from ..experiments.experiment import run_experiment

    record = run_experiment(config, progress=not arguments.quiet, runs_dir=arguments.runs)
    score = record.task.primary
    for network in ("teacher", "student"):
        value = record.scores.get(f"{network} {score.name}")
        print(f"{network} {score.label}: {score.text(value)} on the test samples")
    print(f"The record is {record.path}.")
    return 0
