"""Command line: ``python -m pkdot run | sweep | evidence | …``; ``--help`` lists all commands.

Exit status: 0 done, 1 failed, 2 misuse (with one sentence), 130 interrupted, 141 the reader of its
output left.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from ._version import __version__
from .commands import COMMANDS
from .errors import ConfigError, PkdotError


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="python -m pkdot",
        description="Structural knowledge distillation with entropic optimal transport.",
        epilog="Notebooks: papermill notebooks/run_digits.ipynb OUT.ipynb. Page: pkdot app.",
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(title="commands", dest="command", required=True)
    for name in COMMANDS:
        command = import_module(f"pkdot.commands.{name}")
        own = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = parser().parse_args(arguments)
    try:
        status: int = given.run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read along, such as head, has seen enough; nor may the last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ConfigError as error:
        print(f"pkdot: {error}", file=sys.stderr)
        return 2
    except PkdotError as error:
        print(f"pkdot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "pkdot: interrupted; what was finished is kept. A sweep or a simulation goes on from "
            "there when you type the same again; python -m pkdot runs lists the records.",
            file=sys.stderr,
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
