"""``check``: read a corpus once and say what is missing or damaged."""

import argparse
from pathlib import Path

HELP = "read a corpus once and say what is missing or damaged"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["biovid"])
    parser.add_argument("root", type=Path, help="the database's folder")
    parser.add_argument("--part", choices=["A", "B"], default="A", help="part of BioVid (A)")
    parser.add_argument("--signals", choices=["filtered", "raw"], default="filtered")
    parser.add_argument("--strict", action="store_true", help="any damage is a failure")
    parser.add_argument("--jobs", type=int, default=-1, help="worker processes (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.biovid.check import check

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
