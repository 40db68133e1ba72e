"""The frame that all benchmarks share: options, one thread, a page, an exit status."""

import argparse
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ..atomic_files import write_text
from ..errors import ConfigError, PkdotError


def benchmark_parser(name: str, text: str | None, report: Path) -> argparse.ArgumentParser:
    """A parser with the option that each benchmark has: ``--report``.

    Args:
        name: of the module in this folder.
        text: its docstring; the first line describes it.
        report: where the page goes by default.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m pkdot.benchmarks.{name}", description=(text or "").partition("\n")[0]
    )
    parser.add_argument("--report", type=Path, default=report, help=f"where to write ({report})")
    return parser


def publish(measure: Callable[[], str], report: Path) -> int:
    """Measure on one thread, then write the page and print it.

    Args:
        measure: gives the page as Markdown.
        report: where to write it.

    Returns:
        The exit status: 0, 1 where the measurement failed or 2 where it was misused, each with
        one sentence.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        page = measure()
    except PkdotError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    finally:
        torch.set_num_threads(threads)
    write_text(report, page)
    print(f"{page}\nWritten to {report}.")
    return 0


def machine_facts(*packages: str) -> str:
    """One sentence: device, threads, the versions of Python and of some packages, the date."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else _processor()
    return (
        f"{device}, {torch.get_num_threads()} thread, Python {platform.python_version()}, "
        f"{', '.join(map(_with_version, packages))}, {time.strftime('%Y-%m-%d')}."
    )


def _with_version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} absent"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
