"""``check``: read a corpus once and say what is missing or damaged."""

import argparse
import json
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .experiment_arguments import add_own_arguments, own_changes, setting

HELP = "read a corpus once and say what is missing or damaged"

_TAKES = {
    "biovid": ("part", "signals", "strict", "jobs"),
    "affwild2": ("json", "jobs"),
    "fsdd": ("strict", "jobs"),
    "ravdess": ("strict", "jobs"),
    "cremad": ("strict", "jobs"),
    "own": ("json", "own"),
}
"""Corpus -> arguments that are for it, beside its path and --quiet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=list(_TAKES))
    parser.add_argument(
        "root", type=Path, metavar="PATH", help="the database's folder, or own data in any form"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=None,
        help="print the report as JSON (affwild2, own)",
    )
    parser.add_argument("--jobs", type=int, help="worker processes (all cores; not own data)")
    parser.add_argument(
        "--strict",
        action="store_true",
        default=None,
        help="damage is a failure (not affwild2, own)",
    )
    own = parser.add_argument_group("own data")
    add_own_arguments(own)
    own.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting of own data by its dotted name, as for `run`, e.g. "
        "data.media.sound_seconds=3; may be repeated",
    )
    biovid = parser.add_argument_group("biovid")
    biovid.add_argument("--part", choices=["A", "B"], help="part of BioVid (A)")
    biovid.add_argument("--signals", choices=["filtered", "raw"], help="(filtered)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    names = ("json", "jobs", "part", "signals", "strict")
    given = {name: getattr(arguments, name) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    own = own_changes(arguments) | dict(arguments.set)
    _refuse_strangers(arguments.corpus, given, bool(own))
    if arguments.corpus == "own":
        return _own(arguments, own)
    if arguments.corpus == "affwild2":
        return _affwild2(arguments, given)
    if arguments.corpus in ("fsdd", "ravdess", "cremad"):
        return _open(arguments, given)
    return _biovid(arguments, given)


def _refuse_strangers(corpus: str, given: dict[str, Any], own: bool) -> None:
    """Raise :class:`ConfigError` for an argument that is for another corpus."""
    for name in [*given, *(["own"] if own else [])]:
        if name not in _TAKES[corpus]:
            others = " or ".join(f"`check {other}`" for other, of in _TAKES.items() if name in of)
            what = "The arguments of own data are" if name == "own" else f"--{name} is"
            raise ConfigError(f"{what} for {others}, not for `check {corpus}`.")


def _biovid(arguments: argparse.Namespace, given: dict[str, Any]) -> int:
    from ..data.biovid import require_libraries

    require_libraries()
    from ..data.biovid.check import check

    report = check(arguments.root, **given, progress=not arguments.quiet)
    print(report.render())
    return report.exit_status


def _affwild2(arguments: argparse.Namespace, given: dict[str, Any]) -> int:
    from ..data.affwild2 import require_libraries

    require_libraries()
    from ..data.affwild2.check import check

    as_json = given.pop("json", False)
    report = check(arguments.root, **given, progress=not (arguments.quiet or as_json))
    text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False)
    print(text if as_json else report.render())
    return report.exit_status


def _own(arguments: argparse.Namespace, own: dict[str, Any]) -> int:
    from ..data.own import OwnSettings
    from ..data.own.check import check
    from ..data.own.check_text import render

    settings = OwnSettings(**_nested({**own, "data.path": arguments.root}))
    report = check(settings, progress=not (arguments.quiet or arguments.json))
    print(json.dumps(report.as_json(), indent=1) if arguments.json else render(report))
    return report.exit_status


def _nested(changes: dict[str, Any]) -> dict[str, Any]:
    """Settings of own data by their own names, from dotted ones with or without ``data.``.

    Raises:
        ConfigError: for a name below one that holds a value.
    """
    values: dict[str, Any] = {}
    for path, value in changes.items():
        *folders, name = path.removeprefix("data.").split(".")
        place = values
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise ConfigError(f"There is no setting {path!r} of own data.")
        place[name] = value
    return values


def _open(arguments: argparse.Namespace, given: dict[str, Any]) -> int:
    from ..data.open import require_libraries

    require_libraries()
    from ..data.open.check import check

    report = check(arguments.corpus, arguments.root, **given, progress=not arguments.quiet)
    print(report.render())
    return report.exit_status
