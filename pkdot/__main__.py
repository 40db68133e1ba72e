"""Command line: ``python -m pkdot run | sweep | evidence | …``; ``--help`` lists all commands.

Exit status: 0 done, 1 failed, 2 misuse (with one sentence), 130 interrupted, 141 the reader of its
output left, 143 told to end (SIGTERM).
"""

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from typing import Any

from ._version import __version__
from .commands import COMMANDS
from .errors import ConfigError, PkdotError, printable

_REFUSALS = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
}  # fmt: skip
"""What a disk says that is full, broken or not to be written, wherever it was met."""


class _CommandParser(argparse.ArgumentParser):
    """The grammar of a command: its options may stand before, between and after its words."""

    _intermixed = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # argparse's own way for this loses what "--" says about the words behind it.
        if self._intermixed or "--" in args:
            return super().parse_known_args(args, namespace)
        self._intermixed = True  # it calls this method for the options, then for the words
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixed = False


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="python -m pkdot",
        description="Structural knowledge distillation with entropic optimal transport.",
        epilog="Notebooks: papermill notebooks/run_digits.ipynb OUT.ipynb. Page: pkdot app.",
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(
        title="commands", dest="command", required=True, parser_class=_CommandParser
    )
    for name in COMMANDS:
        command = import_module(f"pkdot.commands.{name}")
        own = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal of another encoding shows what it can
            stream.reconfigure(errors="backslashreplace")
    try:
        with _told_to_end():
            status: int = given.run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read along, such as head, has seen enough; nor may the last flush complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ConfigError as error:
        _complain(error)
        return 2
    except PkdotError as error:
        _complain(error)
        return 1
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        place = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or type(error).__name__
        _complain(f"{place}{reason}; free some space, or choose a folder that can be written.")
        return 1
    except KeyboardInterrupt as end:
        print(
            "pkdot: interrupted; what was finished is kept. A sweep or a simulation goes on from "
            "there when you type the same again; python -m pkdot runs lists the records.",
            file=sys.stderr,
        )
        return 143 if isinstance(end, _ToldToEnd) else 130


class _ToldToEnd(KeyboardInterrupt):
    """SIGTERM: a record is marked, locks and workers are left, as after Ctrl-C."""


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Meanwhile SIGTERM interrupts, in the main thread, where alone signals can be met."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise _ToldToEnd

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _complain(problem: object) -> None:
    print(f"pkdot: {printable(problem)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
