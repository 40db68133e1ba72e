"""Arguments that describe an experiment: shared by ``run`` and ``sweep``."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from ..experiments.config import ExperimentConfig


def setting(text: str) -> tuple[str, Any]:
    """``name=value`` as the name and the value, read as JSON where it is JSON."""
    path, separator, value = text.partition("=")
    if not separator or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is no setting; write name=value.")
    try:
        return path, json.loads(value)
    except json.JSONDecodeError:
        return path, value
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


def add_experiment_arguments(parser: argparse.ArgumentParser) -> None:
    """Where a config starts from, and what is changed in it."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as JSON")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="the experiment of the paper on BioVid: released, paper or default; its data are "
        "simulated unless --set data.root=FOLDER names the database",
    )
    parser.add_argument(
        "--profile",
        default="quick",
        help="of a preset: quick (a laptop) or full (R3D-18, a GPU); (quick)",
    )
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting by its dotted name, e.g. network.dropout=0.2; may be repeated",
    )


def config_of(arguments: argparse.Namespace) -> "ExperimentConfig":
    """The config that the arguments describe.

    Raises:
        ConfigError: for a file that cannot be read, or settings that make no experiment.
    """
    from ..experiments.config import ExperimentConfig

    base = ExperimentConfig()
    if arguments.preset:
        if arguments.config:
            raise ConfigError("--preset and --config both say where to start; give one of them.")
        base = ExperimentConfig.preset(arguments.preset, profile=arguments.profile)
    if arguments.config:
        try:
            content = json.loads(arguments.config.read_text())
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigError(f"{arguments.config} cannot be read as JSON: {error}.") from None
        if not isinstance(content, dict):
            raise ConfigError(f"{arguments.config} must hold one JSON object of settings.")
        base = ExperimentConfig(**content)
    changes = {"method": arguments.method, "seed": getattr(arguments, "seed", None)}
    changes = {name: value for name, value in changes.items() if value is not None}
    return base.changed({**changes, **dict(arguments.set)})
