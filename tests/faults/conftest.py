"""Disks that are really small and really read-only, and rows for tests that are one fault each."""

import os
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fault_matrix import Row, write_row

MEGABYTE = 2**20


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count each test of a module that names its ``FAULT``: the kind, and where."""
    report = yield
    fault = getattr(getattr(item, "module", None), "FAULT", None)
    if fault and report.when == "call" and not report.skipped:
        write_row(Row(*fault, tries=1, survived=int(report.passed)))
    return report


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """A file system of ``size`` bytes in memory, at ``folder``."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"No file system can be mounted here: {done.stderr.strip() or 'not allowed'}.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    with mounted(tmp_path / "small disk", MEGABYTE) as folder:
        yield folder


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody can write, root included where root runs the tests."""
    if os.geteuid() != 0:
        folder = tmp_path / "read-only"
        folder.mkdir(mode=0o500)
        yield folder
        return
    with mounted(tmp_path / "read-only", MEGABYTE) as folder:
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder


def fill(disk: Path, leave: int = 0) -> None:
    """Fill a disk but for some bytes."""
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))
