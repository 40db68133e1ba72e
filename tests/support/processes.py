"""Real processes of the command line: started, watched, ended, with all that they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def descendants(process: int) -> list[psutil.Process]:
    """All that a process has started, and these in turn."""
    try:
        return psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def all_gone(processes: list[psutil.Process], seconds: float = 30.0) -> bool:
    """Whether processes end by themselves in time; a buried or unburied corpse has ended."""
    return not [p for p in psutil.wait_procs(processes, timeout=seconds)[1] if _lives(p)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(true: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait for something.

    Raises:
        AssertionError: if it does not come.
    """
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "nothing came of it in time"
        time.sleep(0.02)


@contextmanager
def started(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """``python`` with words, in a process group of its own; nothing of it stays."""
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment}, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        left = descendants(process.pid)
        process.kill()
        process.communicate()
        for child in left:
            if _lives(child):
                child.send_signal(signal.SIGKILL)


def half_files(folder: Path) -> list[Path]:
    """Files that a writer began and neither finished nor removed."""
    return [file for file in folder.rglob("*") if file.name.endswith(".part")]
