"""``execute``: run a notebook by papermill; what was executed before stays if it fails."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..atomic_files import disk_errors, scratch_folder, written_aside
from ..errors import ConfigError
from ..worker_pool import tied_module

HELP = "run a notebook; a failure leaves the executed one of before in place"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("notebook", type=Path, help="e.g. notebooks/run_digits.ipynb")
    parser.add_argument("dest", type=Path, help="where the executed notebook goes")
    parser.add_argument(
        "-p",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the notebook; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    source, dest = arguments.notebook, arguments.dest
    if not source.is_file():
        raise ConfigError(f"There is no notebook {source}.")
    given = [word for pair in arguments.p for word in ("-p", *pair)]
    with disk_errors(dest):
        dest.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(dest.parent, ".executing-") as folder:
            executed = folder / dest.name
            failed = papermill(source, executed, given) != 0
            target = dest.with_stem(f"{dest.stem}-failed") if failed else dest
            if executed.is_file():
                with written_aside(target) as aside:
                    shutil.copyfile(executed, aside)
    if failed:
        print(
            f"pkdot: the notebook failed for the reason above; {target} shows where, and {dest} "
            f"is as it was.",
            file=sys.stderr,
        )
    return 1 if failed else 0


def papermill(source: Path, target: Path, given: Sequence[str]) -> int:
    """Execute a notebook, in a process that ends with this one; returns papermill's exit status.

    Args:
        source: the notebook.
        target: where the executed one goes, also if a cell fails.
        given: parameters as papermill takes them: ``-p``, name, value, and so on.
    """
    # Its kernel in turn watches papermill.
    command = [*tied_module("papermill"), "--kernel", "python3", "--progress-bar"]
    return subprocess.run([*command, str(source), str(target), *given], check=False).returncode
