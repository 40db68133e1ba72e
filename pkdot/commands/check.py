"""``check``: read a corpus once and say what is missing or damaged."""

import argparse
import json
from pathlib import Path

from ..errors import ConfigError
from .experiment_arguments import add_own_arguments, own_changes

HELP = "read a corpus once and say what is missing or damaged"

_BIOVID_ONLY = ("part", "signals", "strict", "jobs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["biovid", "own"])
    parser.add_argument(
        "root", type=Path, metavar="PATH", help="the database's folder, or own data in any form"
    )
    parser.add_argument("--json", action="store_true", help="print the report of own data as JSON")
    own = parser.add_argument_group("own data")
    add_own_arguments(own)
    biovid = parser.add_argument_group("biovid")
    biovid.add_argument("--part", choices=["A", "B"], help="part of BioVid (A)")
    biovid.add_argument("--signals", choices=["filtered", "raw"], help="(filtered)")
    biovid.add_argument("--strict", action="store_true", default=None, help="damage is a failure")
    biovid.add_argument("--jobs", type=int, help="worker processes (all cores)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    given = {name: getattr(arguments, name) for name in _BIOVID_ONLY}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments.corpus == "own":
        return _own(arguments, given)
    if arguments.json or own_changes(arguments):
        raise ConfigError("--json and the arguments of own data are for `check own`.")
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.biovid.check import check

    report = check(arguments.root, **given, progress=not arguments.quiet)
    print(report.render())
    return report.exit_status


def _own(arguments: argparse.Namespace, given: dict[str, object]) -> int:
    if given:
        raise ConfigError(f"--{next(iter(given))} is for `check biovid`.")
    from ..data.own import OwnSettings
    from ..data.own.check import check
    from ..data.own.check_text import render

    changes = {name.removeprefix("data."): v for name, v in own_changes(arguments).items()}
    settings = OwnSettings(path=arguments.root, **changes)
    report = check(settings, progress=not (arguments.quiet or arguments.json))
    print(json.dumps(report.as_json(), indent=1) if arguments.json else render(report))
    return report.exit_status
