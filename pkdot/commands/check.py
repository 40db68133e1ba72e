"""``check``: read a corpus once and say what is missing or damaged."""

import argparse
from pathlib import Path

HELP = "read a corpus once and say what is missing or damaged"
OPEN = ("fsdd", "ravdess", "cremad")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["biovid", *OPEN])
    parser.add_argument("root", type=Path, help="the database's folder")
    parser.add_argument("--part", choices=["A", "B"], default="A", help="part of BioVid (A)")
    parser.add_argument(
        "--signals", choices=["filtered", "raw"], default="filtered", help="of BioVid (filtered)"
    )
    parser.add_argument("--strict", action="store_true", help="any damage is a failure")
    parser.add_argument("--jobs", type=int, default=-1, help="workers (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    if arguments.corpus in OPEN:
        return _check_open(arguments)
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


def _check_open(arguments: argparse.Namespace) -> int:
    from ..data.open import require_libraries

    require_libraries()
    from ..data.open.check import check

    report = check(
        arguments.corpus,
        arguments.root,
        strict=arguments.strict,
        jobs=arguments.jobs,
        progress=not arguments.quiet,
    )
    print(report.render())
    return report.exit_status
