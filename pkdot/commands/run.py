"""``run``: one experiment and its record."""

import argparse
import json
import math
import sys
from pathlib import Path

from ..errors import ConfigError
from .experiment_arguments import add_experiment_arguments, config_of, own_changes

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
    several = parser.add_argument_group("several devices and nodes")
    several.add_argument(
        "--devices", type=int, metavar="N", help="processes on each node, a device each (1)"
    )
    several.add_argument("--nodes", type=int, metavar="M", help="machines (1)")
    several.add_argument(
        "--strategy", default="auto", help="how they train together: ddp, or auto (auto)"
    )
    again = parser.add_argument_group("after an interruption")
    again.add_argument(
        "--resume",
        metavar="RUN_ID",
        help="go on with a run that was killed or failed, from its last checkpoint; `pkdot runs` "
        "lists the names",
    )
    again.add_argument(
        "--anyway",
        action="store_true",
        help="resume though versions or processor differ; the numbers are then others",
    )
    again.add_argument(
        "--checkpoint-every",
        type=_seconds,
        default=30.0,
        metavar="SECONDS",
        help="between two checkpoints, so the most that a kill can cost; 0 after every update, "
        "never for none (30)",
    )


def _seconds(text: str) -> float:
    try:
        seconds = math.inf if text == "never" else float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, and not 'never'")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    if arguments.methods:
        from ..distillers import available_distillers

        methods = available_distillers()
        width = max(map(len, methods))
        for name, method in methods.items():
            print(f"{name:{width}}  {method.title}")
        return 0
    config = None
    if arguments.resume:
        _check_resume(arguments)
    else:
        config = config_of(arguments)
    if config is not None and arguments.settings:
        from ..settings import flatten

        for name, value in flatten(config.model_dump(mode="json")).items():
            print(f"{name}={json.dumps(value)}")
        return 0
    from ..experiments.experiment import run_experiment
    from ..experiments.ranks import Ranks, is_first_rank

    try:
        record = run_experiment(
            config,
            progress=not arguments.quiet,
            runs_dir=arguments.runs,
            resume=arguments.resume,
            anyway=arguments.anyway,
            checkpoint_every=arguments.checkpoint_every,
            ranks=Ranks.here(arguments.devices, arguments.nodes, arguments.strategy),
        )
    except KeyboardInterrupt as end:
        if not is_first_rank():
            return 130
        for note in getattr(end, "__notes__", ()):
            print(f"pkdot: {note}", file=sys.stderr)
        raise
    if not is_first_rank():
        return 0
    score = record.task.primary
    for network in ("teacher", "student"):
        value = record.scores.get(f"{network} {score.name}")
        print(f"{network} {score.label}: {score.text(value)} on the test samples")
    print(f"The record is {record.path}.")
    return 0


def _check_resume(arguments: argparse.Namespace) -> None:
    """Refuse settings beside ``--resume``: a run goes on with its own."""
    names = ("method", "seed", "config", "preset", "data", "set", "settings")
    given = [name for name in names if getattr(arguments, name)]
    given += [name.removeprefix("data.") for name in own_changes(arguments)]
    if given:
        raise ConfigError(
            f"--resume goes on with the settings of the run; leave --{given[0]} out, or leave "
            f"--resume out to begin anew."
        )
