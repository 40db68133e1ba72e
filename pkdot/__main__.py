"""Command line: ``python -m pkdot run | sweep | evidence | …``; ``--help`` lists all commands.

Exit status: 0 done, 1 failed, 2 misuse (with one sentence), 130 interrupted, 141 the reader of its
output left. Each command imports what it needs when it is called: ``--help`` needs no torch.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ._version import __version__
from .errors import ConfigError, PkdotError
from .evidence.cli import add_arguments as add_evidence_arguments


def _setting(text: str) -> tuple[str, Any]:
    path, separator, value = text.partition("=")
    if not separator or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is no setting; write name=value.")
    try:
        return path, json.loads(value)
    except json.JSONDecodeError:
        return path, value


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few; give 1 or more")
    return number


def _config(arguments: argparse.Namespace) -> Any:
    from .experiments.config import ExperimentConfig

    base = ExperimentConfig()
    if arguments.preset:
        if arguments.config:
            raise ConfigError("--preset and --config both say where to start; give one of them.")
        base = ExperimentConfig.preset(arguments.preset, profile=arguments.profile)
    if arguments.config:
        try:
            read = json.loads(arguments.config.read_text())
            if not isinstance(read, dict):
                raise ConfigError(f"{arguments.config} must hold one JSON object of settings.")
            base = ExperimentConfig(**read)
        except (OSError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"{arguments.config} cannot be read as JSON: {error}.") from None
    changes = {"method": arguments.method, "seed": getattr(arguments, "seed", None)}
    changes = {name: value for name, value in changes.items() if value is not None}
    return base.changed({**changes, **dict(arguments.set)})


def _run(arguments: argparse.Namespace) -> int:
    if arguments.methods:
        from .distillers import available_distillers

        methods = available_distillers()
        wide = max(map(len, methods))
        for name, kind in methods.items():
            print(f"{name:{wide}}  {kind.title}")
        return 0
    config = _config(arguments)
    if arguments.settings:
        from .settings import flatten

        for name, value in flatten(config.model_dump(mode="json")).items():
            print(f"{name}={json.dumps(value)}")
        return 0
    from .experiments.experiment import run_experiment

    record = run_experiment(config, progress=not arguments.quiet, runs_dir=arguments.runs)
    for name in ("teacher accuracy", "student accuracy"):
        print(f"{name}: {100 * record.scores[name]:.1f} % of the test samples")
    print(f"The record is {record.path}.")
    return 0


def _sweep(arguments: argparse.Namespace) -> int:
    from .analysis.arm_table import comparison_table, presentable
    from .experiments.sweep import run_sweep, standard_arms, unimodal_arms

    config = _config(arguments)
    if arguments.csv and not arguments.csv.parent.is_dir():
        raise ConfigError(f"There is no folder {arguments.csv.parent} to write the CSV into.")
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    cells = run_sweep(
        config,
        [*unimodal_arms(config), *standard_arms(config.method, config.options)],
        seeds,
        folds=arguments.folds,
        jobs=arguments.jobs,
        engine=arguments.engine,
        folder=arguments.folder,
        progress=not arguments.quiet,
    )
    if arguments.csv:
        cells.to_csv(arguments.csv, index=False)
    unit: Literal["seed", "subject"] = "subject" if "by_subject" in cells else "seed"
    if unit == "seed" and len(seeds) == 1:
        print(cells[["title", "accuracy"]].to_string(index=False))
        print("One seed has no interval; give --seeds 2 or more.")
        return 0
    table = comparison_table(cells, unit=unit)
    print(presentable(table).to_string(index=False, na_rep="–"))
    print(f"Over {table['n'].iloc[0]} {unit}s, in percent; intervals are of 95 %.")
    return 0


def _runs(arguments: argparse.Namespace) -> int:
    from .record.listing import list_records
    from .record.location import runs_directory

    folder = arguments.runs or runs_directory()
    if arguments.runs and not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}.")
    summaries = list_records(folder)
    if not summaries:
        print(f"There are no records in {folder}; make one with: python -m pkdot run")
        return 0
    wide = max(len(s.run_id) for s in summaries)
    for s in summaries:
        score = s.scores.get("student accuracy")
        done = s.status == "finished" and score is not None
        told = f"student {100 * score:.1f} %" if done and score is not None else s.sentence
        print(f"{s.run_id:{wide}}  {s.status:8}  {told}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from .data.biovid import require_libraries

    require_libraries()
    from .data.biovid.check import check

    report = check(
        arguments.root,
        arguments.part,
        arguments.signals,
        strict=arguments.strict,
        jobs=arguments.jobs,
        progress=not arguments.quiet,
    )
    print(report.render())
    return report.exit_status


def _simulate(arguments: argparse.Namespace) -> int:
    from .data.biovid import require_libraries

    require_libraries()
    from .data.simulate.biovid import simulate

    path = simulate(
        arguments.dest,
        subjects=arguments.subjects,
        classes=arguments.classes,
        windows=arguments.windows,
        seed=arguments.seed,
        jobs=arguments.jobs,
        progress=not arguments.quiet,
    )
    print(f"The simulated corpus is {path}; read it with: python -m pkdot check biovid {path}")
    return 0


def _example(arguments: argparse.Namespace) -> int:
    from .experiments.example import make_example

    path = make_example(arguments.folder, progress=not arguments.quiet)
    print(f"The example record is {path}.")
    return 0


def _evidence(arguments: argparse.Namespace) -> int:
    from .evidence.cli import run

    return run(arguments)


def _bench(arguments: argparse.Namespace) -> int:
    from .benchmarks.transport import main as transport

    given = ["--seconds", str(arguments.seconds)]
    given += ["--quick"] if arguments.quick else []
    given += ["--report", str(arguments.report)] if arguments.report else []
    return transport(given)


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="python -m pkdot",
        description="Structural knowledge distillation with entropic optimal transport.",
        epilog="Notebooks: papermill notebooks/run_digits.ipynb OUT.ipynb. Page: make app.",
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(title="commands", dest="command", required=True)

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    def experiment(made: argparse.ArgumentParser) -> None:
        made.add_argument("--config", type=Path, metavar="FILE", help="settings as JSON")
        made.add_argument(
            "--preset",
            metavar="NAME",
            help="the experiment of the paper on BioVid: released, paper or default; its data are "
            "simulated unless --set data.root=FOLDER names the database",
        )
        made.add_argument(
            "--profile",
            default="quick",
            help="of a preset: quick (a laptop) or full (R3D-18, a GPU); (quick)",
        )
        made.add_argument(
            "--set",
            type=_setting,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="change one setting by its dotted name, e.g. network.dropout=0.2; may be repeated",
        )

    run = command("run", _run, "run one experiment and keep its record")
    run.add_argument("--method", help="one of --methods, or several joined by '+' (pkdot)")
    run.add_argument("--seed", type=int, help="of split, noise, weights, batches (0)")
    experiment(run)
    run.add_argument(
        "--settings", action="store_true", help="print every setting with its value, and stop"
    )
    run.add_argument("--methods", action="store_true", help="print every method, and stop")
    run.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")

    sweep = command("sweep", _sweep, "compare baselines, student, methods and teacher over seeds")
    sweep.add_argument("--method", help="the method of interest (pkdot)")
    sweep.add_argument("--seeds", type=_positive, default=5, help="how many seeds (5)")
    sweep.add_argument("--first-seed", type=int, default=0, help="the first of them (0)")
    sweep.add_argument(
        "--folds",
        type=int,
        nargs="+",
        metavar="N",
        help="test folds, e.g. 0 1 2 3 4 (the config's)",
    )
    sweep.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    sweep.add_argument("--engine", default="processes", help="processes, or dask://host:port")
    sweep.add_argument(
        "--folder",
        type=Path,
        help="where finished cells are kept and found again (sweeps, beside the runs)",
    )
    sweep.add_argument("--csv", type=Path, metavar="FILE", help="also write every cell here")
    experiment(sweep)

    runs = command("runs", _runs, "list run records")
    runs.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")

    example = command("example", _example, "make the small example record again")
    example.add_argument("folder", type=Path, nargs="?", help="reports/example of the checkout")

    check = command("check", _check, "read a corpus once and say what is missing or damaged")
    check.add_argument("corpus", choices=["biovid"])
    check.add_argument("root", type=Path, help="the database's folder")
    check.add_argument("--part", choices=["A", "B"], default="A", help="part of BioVid (A)")
    check.add_argument("--signals", choices=["filtered", "raw"], default="filtered")
    check.add_argument("--strict", action="store_true", help="any damage is a failure")

    simulate = command("simulate", _simulate, "write a simulated corpus in a database's own files")
    simulate.add_argument("corpus", choices=["biovid"])
    simulate.add_argument("dest", type=Path, help="folder to write to; an interrupted one goes on")
    simulate.add_argument("--subjects", type=int, default=20, help="simulated people (20)")
    simulate.add_argument("--classes", nargs="+", default=["BL1", "PA4"], help="(BL1 PA4)")
    simulate.add_argument("--windows", type=int, default=10, help="of each class and person (10)")
    simulate.add_argument("--seed", type=int, default=0, help="of everything drawn (0)")
    for made in (check, simulate):
        made.add_argument("--jobs", type=int, default=-1, help="worker processes (all cores)")

    bench = command("bench", _bench, "measure transport beside its peers, write the report")
    bench.add_argument("--quick", action="store_true", help="two sizes only, under a minute")
    bench.add_argument("--seconds", type=float, default=1.0, help="per comparison (1)")
    bench.add_argument("--report", type=Path, metavar="FILE", help="where to write it")

    evidence = command("evidence", _evidence, "compare every method fairly, write the report")
    add_evidence_arguments(evidence)

    for made in (run, sweep, example, check, simulate, evidence):
        made.add_argument("--quiet", action="store_true", help="no progress bars")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = parser().parse_args(arguments)
    try:
        status = given.run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read along, such as head, has seen enough; nor may the last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ConfigError as error:
        print(f"pkdot: {error}", file=sys.stderr)
        return 2
    except PkdotError as error:
        print(f"pkdot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "pkdot: interrupted; what was finished is kept. A sweep or a simulation goes on from "
            "there when you type the same again; python -m pkdot runs lists the records.",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
