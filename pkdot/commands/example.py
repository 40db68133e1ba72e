"""``example``: make the small example record and its control again."""

import argparse
from pathlib import Path

HELP = "make the small example record and its control again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        help="of the record (reports/example of the checkout); its control goes beside it",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..experiments.example import make_example
    from ..record.location import control_directory

    path = make_example(arguments.folder, progress=not arguments.quiet)
    print(f"The example record is {path}, and its control {control_directory(path)}.")
    return 0
