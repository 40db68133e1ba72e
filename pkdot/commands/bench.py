"""``bench``: transport beside its peers."""

import argparse
from pathlib import Path

HELP = "measure transport beside its peers, write the report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="two sizes only, under a minute")
    parser.add_argument("--seconds", type=float, default=1.0, help="per comparison (1)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where to write it")


def run(arguments: argparse.Namespace) -> int:
    from ..benchmarks.transport import main

    given = ["--seconds", str(arguments.seconds)]
    given += ["--quick"] if arguments.quick else []
    given += ["--report", str(arguments.report)] if arguments.report else []
    return main(given)
