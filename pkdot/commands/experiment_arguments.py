"""Arguments that describe an experiment: shared by ``run``, ``sweep`` and others."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..experiments.config import ExperimentConfig


class _NamedTwice(ValueError):
    """An object of JSON that gives one name two values, of which json would keep the last."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NamedTwice(f"{twice!r} stands in one object twice; keep one of them")
    return found


def setting(text: str) -> tuple[str, Any]:
    """``name=value`` as the name and the value, read as JSON where it is JSON."""
    path, separator, value = text.partition("=")
    if not separator or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is no setting; write name=value.")
    try:
        return path, json.loads(value, object_pairs_hook=_once)
    except json.JSONDecodeError:
        return path, value
    except _NamedTwice as error:
        raise argparse.ArgumentTypeError(f"in the value of {path}, {error}.") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, a nest of thousands
        raise argparse.ArgumentTypeError(
            f"the value of {path} is longer or nests deeper than any setting; give a shorter one."
        ) from None


def positive(text: str) -> int:
    """A whole number of 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few; give 1 or more")
    return number


OWN = {
    "prevalent": "modalities that exist at test time, e.g. video or face,voice",
    "privileged": "modalities that only the teacher sees",
    "target": "column of what is learnt, or several with commas (target)",
    "task": "classification, ordinal, regression or multilabel (told by the targets)",
    "group": "column of what must not stand on both sides of a split (group)",
}
"""Arguments of own data that name settings of theirs, with their help."""


def add_own_arguments(parser: argparse._ActionsContainer) -> None:
    """What is known of own data; see :class:`pkdot.data.own.OwnSettings`."""
    for name, text in OWN.items():
        parser.add_argument(f"--{name}", metavar="NAME", help=text)
    parser.add_argument(
        "--drop-missing",
        action="store_true",
        default=None,
        help="leave damaged and incomplete samples out instead of stopping",
    )


def own_changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that :func:`add_own_arguments` was given, by their dotted names."""
    names = (*OWN, "drop_missing")
    given = {f"data.{name}": getattr(arguments, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Data in place of the corpus that the settings name."""
    own = parser.add_argument_group("own data")
    own.add_argument(
        "--data",
        metavar="PATH",
        help="a table (.csv, .parquet), an .npz file or a folder, see `check own PATH`; or "
        "the name of bundled data: digits, diabetes, breast_cancer, handwriting, numerals, vowels",
    )
    add_own_arguments(own)


def data_changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that :func:`add_data_arguments` was given, by their dotted names.

    Raises:
        ConfigError: for own data's arguments where no own data are named.
    """
    changes = own_changes(arguments)
    if arguments.data is not None:
        from ..data import named

        return {f"data.{name}": value for name, value in named(arguments.data).items()} | changes
    config, settings = getattr(arguments, "config", None), getattr(arguments, "set", [])
    if changes and not (config or dict(settings).get("data.name") == "own"):
        raise ConfigError(
            f"--{next(iter(changes)).removeprefix('data.').replace('_', '-')} describes own data; "
            f"name them by --data PATH."
        )
    return changes


def add_experiment_arguments(parser: argparse.ArgumentParser) -> None:
    """Where a config starts from, and what is changed in it."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as JSON")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="the experiment of the paper on BioVid: released, paper or default; with --set "
        "data.name=affwild2 that on Aff-Wild2: paper or default; its data are simulated unless "
        "--set data.root=FOLDER names the database",
    )
    parser.add_argument(
        "--profile",
        default="quick",
        help="of a preset: quick (a laptop) or full (large backbones, a GPU); (quick)",
    )
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting by its dotted name, e.g. network.dropout=0.2; may be repeated",
    )
    add_data_arguments(parser)


def config_of(arguments: argparse.Namespace) -> "ExperimentConfig":
    """The config that the arguments describe.

    Raises:
        ConfigError: for a file that cannot be read, or settings that make no experiment.
    """
    from ..experiments.config import ExperimentConfig

    changes = {"method": arguments.method, "seed": getattr(arguments, "seed", None)}
    changes = {name: value for name, value in changes.items() if value is not None}
    changes |= {**data_changes(arguments), **dict(arguments.set)}
    base = ExperimentConfig()
    if arguments.preset:
        if arguments.config:
            raise ConfigError("--preset and --config both say where to start; give one of them.")
        return ExperimentConfig.preset(arguments.preset, changes, profile=arguments.profile)
    if arguments.config:
        try:
            text = arguments.config.read_text(encoding="utf-8")
            content = json.loads(text, object_pairs_hook=_once)
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigError(f"{arguments.config} cannot be read as JSON: {error}.") from None
        if not isinstance(content, dict):
            raise ConfigError(f"{arguments.config} must hold one JSON object of settings.")
        base = ExperimentConfig(**content)
    return base.changed(changes)
