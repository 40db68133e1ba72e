"""``example``: make the small example record again."""

import argparse
from pathlib import Path

HELP = "make the small example record again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, nargs="?", help="reports/example of the checkout")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..experiments.example import make_example

    path = make_example(arguments.folder, progress=not arguments.quiet)
    print(f"The example record is {path}.")
    return 0
