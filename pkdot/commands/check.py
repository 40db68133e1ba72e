"""``check``: read a corpus once and say what is missing or damaged."""

import argparse
import json
from pathlib import Path

HELP = "read a corpus once and say what is missing or damaged"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["biovid", "affwild2"])
    parser.add_argument("root", type=Path, help="the database's folder")
    parser.add_argument("--part", choices=["A", "B"], default="A", help="part of BioVid (A)")
    parser.add_argument(
        "--signals", choices=["filtered", "raw"], default="filtered", help="of BioVid (filtered)"
    )
    parser.add_argument("--strict", action="store_true", help="BioVid: any damage is a failure")
    parser.add_argument("--json", action="store_true", help="Aff-Wild2: the report as JSON")
    parser.add_argument("--jobs", type=int, default=-1, help="worker processes (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    return _affwild2(arguments) if arguments.corpus == "affwild2" else _biovid(arguments)


def _biovid(arguments: argparse.Namespace) -> int:
    from ..data.biovid import require_libraries
    from ..errors import ConfigError

    if arguments.json:
        raise ConfigError("--json belongs to affwild2; the report on BioVid is text only.")
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


def _affwild2(arguments: argparse.Namespace) -> int:
    from ..data.affwild2 import require_libraries

    require_libraries()
    from ..data.affwild2.check import check

    report = check(arguments.root, jobs=arguments.jobs, progress=not arguments.quiet)
    text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
    print(text if arguments.json else report.render())
    return report.exit_status
