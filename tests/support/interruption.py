"""Runs that end at a moment of our choice, and records compared byte by byte."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pkdot import ExperimentConfig, run_experiment
from pkdot.experiments.checkpoints import RunCheckpoints
from pkdot.experiments.recording import RecordKeeper
from pkdot.record.folder import RecordFolder
from tests.support.small_config import small_config

EVERYTHING = {
    "method": "pkdot+fitnets",
    "options": {
        "pkdot": {"k": 8, "policy": "random", "warm_up": 5},
        "fitnets": {"share": 1.0},
    },
    "network.tnet": "joint",
    "training.class_balanced": True,
    "training.schedule": "one_cycle",
    "control": "other_batch",
}
"""Settings under which everything that a checkpoint holds is in use."""


def every_state() -> ExperimentConfig:
    """A small experiment with draws, schedules, adapters and a warm-up in every place."""
    return small_config().changed(EVERYTHING)


MOMENTS = {
    "update": (RunCheckpoints, "due"),
    "checkpoint": (RunCheckpoints, "keep"),
    "report": (RecordKeeper, "keep"),
    "file": (RecordFolder, "write_arrays"),
    "conclusion": (RecordKeeper, "conclude"),
}
"""What a run can be ended before: a method of these is called for the n-th time."""


class Ended(BaseException):
    """What ends a run in the process of a test."""


def kill() -> None:
    """End this process as a machine that loses its power does."""
    os.kill(os.getpid(), signal.SIGKILL)


def end() -> None:
    """Leave the run."""
    raise Ended


@contextmanager
def ended_before(moment: str, number: int, how: Any = end) -> Iterator[None]:
    """Meanwhile the ``number``-th call of a moment's method ends the run."""
    owner, name = MOMENTS[moment]
    method, calls = getattr(owner, name), iter(range(1, number + 1))

    def counted(*given: Any, **named: Any) -> Any:
        if next(calls, None) == number:
            how()
        return method(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, counted)
        yield


def run(folder: Path, **given: Any) -> Path:
    """Run an experiment that keeps a checkpoint after every update; gives its record's folder."""
    every = {"checkpoint_every": 0, "progress": False, "runs_dir": folder}
    return run_experiment(**{**every, **given}).path


def contents(record: Path) -> dict[str, bytes]:
    """The bytes of every file of a record but ``run.json``, which tells of times."""
    files = [file for file in sorted(record.rglob("*")) if file.is_file()]
    return {
        file.relative_to(record).as_posix(): file.read_bytes()
        for file in files
        if file.name != "run.json"
    }


def unequal(one: Path, other: Path) -> list[str]:
    """Files that only one of two records has, or that differ."""
    a, b = contents(one), contents(other)
    return sorted(name for name in {*a, *b} if a.get(name) != b.get(name))
