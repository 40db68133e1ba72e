"""Train a run in the background: one child process at a time, which ends with the server.

The child is the command line that anybody could type; its progress is read from the record that
it writes, like that of any other run.
"""

import atexit
import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from os import environ, pathsep
from pathlib import Path
from typing import IO, Any

import streamlit as st

import pkdot
from pkdot.errors import PkdotError
from pkdot.record import open_record, runs_directory

STAGES = ("teacher", "tnet", "student")
WORDS = {
    "teacher": "the teacher learns",
    "tnet": "the T-Net learns",
    "student": "the student learns",
}
METHODS = {
    "kd+pkdot": "soft labels and PKDOT",
    "pkdot": "PKDOT",
    "kd": "soft labels",
    "none": "the student alone",
}
LABELS = (50, 100, 200, 400)


@dataclass(frozen=True)
class Progress:
    """How far the run is.

    Attributes:
        share: from 0 to 1; a stage that stops early jumps to its end.
        words: what it does.
        run: the record's key once there is one.
    """

    share: float
    words: str
    run: str | None


@dataclass
class BackgroundRun:
    """The server's one run in training; all visitors share it.

    Attributes:
        process: the child.
        errors: what it says that went wrong.
        before: records that were there when it began.
        given: a file of settings, which goes when the run has ended.
    """

    process: subprocess.Popen[bytes] | None = None
    errors: IO[bytes] | None = None
    before: set[str] = field(default_factory=set)
    given: Path | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, method: str, seed: int, n_labelled: int) -> None:
        """Begin a digits run, unless one is training."""
        maps = '["pca", "umap"]' if find_spec("umap") else '["pca"]'
        self._begin(
            ["--method", method, "--seed", str(seed), "--set", f"data.n_labelled={n_labelled}",
             "--set", f"maps={maps}"]
        )  # fmt: skip

    def start_config(self, config: Mapping[str, Any]) -> None:
        """Begin a run with all of its settings given, unless one is training."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(dict(config), file)
        self._begin(["--config", file.name], given=Path(file.name))

    def _begin(self, arguments: Sequence[str], given: Path | None = None) -> None:
        with self.lock:
            if self.is_training:
                return
            self.given = given
            runs = runs_directory()
            self.before = _folders(runs)
            self.errors = tempfile.TemporaryFile()  # noqa: SIM115  read when the child has ended
            home = str(Path(pkdot.__file__).parents[1])
            other_paths = environ.get("PYTHONPATH")
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pkdot", "run", "--quiet", *arguments, "--runs", str(runs)],
                env={**environ, "PYTHONPATH": pathsep.join(filter(None, (home, other_paths)))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.errors,
                start_new_session=True,  # Ctrl-C in the server's terminal is for the server
            )  # fmt: skip

    @property
    def is_training(self) -> bool:
        """Whether a run is training."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Interrupt the run, as Ctrl-C would: its record then says that it was stopped."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def outcome(self) -> tuple[str | None, str] | None:
        """Once, when the run has ended: the record's key, and what went wrong (empty: nothing)."""
        with self.lock:
            if self.process is None or self.is_training:
                return None
            status, self.process = self.process.returncode, None
            if self.given is not None:
                self.given.unlink(missing_ok=True)
            lines = self._error_lines()
        return self._new_record(), "" if status == 0 else (
            lines[-1] if lines else f"status {status}"
        )

    def progress(self) -> Progress:
        """How far the run is, from what its record holds."""
        run = self._new_record()
        if run is None:
            return Progress(0.0, "starting", None)
        try:
            record = open_record(runs_directory() / run)
            metrics = record.metrics
        except PkdotError:  # not whole yet
            return Progress(0.02, "starting", None)
        stages = [stage for stage in STAGES if (metrics["stage"] == stage).any()]
        if not stages:
            return Progress(0.02, "reading the data", run)
        if (metrics["split"] == "test").any():
            return Progress(0.97, "maps are drawn", run)
        stage = stages[-1]
        epoch = int(metrics.loc[metrics["stage"] == stage, "epoch"].max())
        most = int(record.config["training"]["epochs"])
        done = STAGES.index(stage) + min(1.0, (epoch + 1) / (most + 1))
        return Progress(done / len(STAGES), f"{WORDS[stage]}, epoch {epoch} of at most {most}", run)

    def _new_record(self) -> str | None:
        new = _folders(runs_directory()) - self.before
        return max(new) if new else None

    def _error_lines(self) -> list[str]:
        if self.errors is None:
            return []
        self.errors.seek(0)
        text = self.errors.read().decode("utf-8", "replace")
        self.errors.close()
        self.errors = None
        lines = [line.removeprefix("pkdot: ").strip() for line in text.splitlines()]
        return [line for line in lines if line]


def _folders(runs: Path) -> set[str]:
    try:
        return {folder.name for folder in runs.iterdir() if (folder / "run.json").is_file()}
    except OSError:
        return set()


@st.cache_resource
def shared_run() -> BackgroundRun:
    """The one background run of this server; its child ends with the server."""
    run = BackgroundRun()
    atexit.register(run.stop)
    return run
