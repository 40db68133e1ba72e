"""kill −9 at random moments: what stands on disk opens, and what was logged before is there."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pkdot.record import Recorder, list_records, open_record
from tests.support.fault_matrix import fault_row, times

WRITER = """
import sys, numpy as np
from pathlib import Path
from pkdot.record import Recorder
from pkdot.keyed_cache import KeyedCache
from pkdot.atomic_files import write_json
import json
folder = Path(sys.argv[1])
cells = KeyedCache(folder / "cells", ".json", lambda p: json.loads(p.read_text()), write_json)
z = np.random.default_rng(0).normal(size=(40, 6))
recorder = Recorder("killed", runs_dir=folder / "runs", run_id="killed")
recorder.log_embeddings(0, teacher=z, student=z)
print("go", flush=True)
for epoch in range(1, 100_000):
    recorder.log_metrics("student", epoch, "train", {"loss": 1.0 / epoch})
    recorder.flush()
    recorder.log_embeddings(epoch, teacher=z, student=z * epoch)
    cells.keep(f"cell{epoch % 5}", {"epoch": epoch, "filling": "x" * 2000})
"""


def is_whole(folder: Path) -> bool:
    """Whether a record opens, holds every epoch whole, and its writer's death is known."""
    record = open_record(folder / "runs" / "killed")
    epochs = record.epochs
    pairs = [record.embeddings(epoch) for epoch in epochs]
    right = epochs == list(range(len(epochs))) and all(
        abs(pair.student - max(epoch, 1) * pair.teacher).max() < 1e-3 * max(epoch, 1)
        for epoch, pair in zip(epochs, pairs, strict=True)
    )
    logged = record.metrics["epoch"].tolist()
    rows = logged == list(range(1, len(logged) + 1)) and len(logged) >= len(epochs) - 1
    health = record.status == "stopped" and record.changed_files() == []
    (summary,) = list_records(folder / "runs")
    cells = [json.loads(file.read_text()) for file in (folder / "cells").glob("*.json")]
    return (
        right
        and rows
        and health
        and summary.status == "stopped"
        and all(len(cell["filling"]) == 2000 for cell in cells)
    )


@pytest.mark.parametrize("tries", [1, pytest.param(times(5, 20), marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_a_record_that_opens(tmp_path: Path, tries: int) -> None:
    moments = random.Random(tries)
    with fault_row("kill −9", "a run record and cells, at random moments") as row:
        for number in range(tries):
            folder = tmp_path / str(number)
            writer = subprocess.Popen(
                [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
            )
            assert writer.stdout is not None
            assert writer.stdout.readline() == "go\n"
            time.sleep(moments.uniform(0.05, 1.0))
            writer.send_signal(signal.SIGKILL)
            writer.wait(timeout=30)
            row.count(is_whole(folder))
            again = Recorder("killed", runs_dir=folder / "runs", run_id="killed", resume=True)
            again.finish(maps=())
            left = [file for file in folder.rglob("*.part") if "runs" in file.parts]
            row.count(open_record(again.path).status == "finished" and not left)


READER = """
import json, sys
from pathlib import Path
from pkdot.errors import PkdotError
from pkdot.record import open_record
path, failures, reads = Path(sys.argv[1]), 0, 0
print("go", flush=True)
while reads < int(sys.argv[2]):
    reads += 1
    try:
        record = open_record(path)
        record.metrics
        if record.epochs:
            record.embeddings(record.epochs[-1])
    except PkdotError as error:
        print(error, file=sys.stderr)
        failures += 1
print(failures)
"""


@pytest.mark.slow
@pytest.mark.full
def test_a_thousand_reads_while_a_record_is_written(tmp_path: Path) -> None:
    reads = 1000
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "go\n"
        path = tmp_path / "runs" / "killed"
        done = subprocess.run(
            [sys.executable, "-c", READER, str(path), str(reads)],
            capture_output=True, text=True, check=True, timeout=900,
        )  # fmt: skip
    finally:
        writer.kill()
        writer.wait()
    failures = int(done.stdout.split()[-1])
    with fault_row("reads during writing", "a run record") as row:
        row.tries, row.survived = reads, reads - failures


def test_the_lock_of_a_dead_writer_is_no_lock(tmp_path: Path) -> None:
    with fault_row("stale lock", "a run record") as row:
        recorder = Recorder("stale", runs_dir=tmp_path, run_id="stale")
        recorder._folder._lock.release()
        (recorder.path / ".lock").write_text("1 on another machine")
        row.count(open_record(recorder.path).status == "stopped")
        Recorder("stale", runs_dir=tmp_path, run_id="stale", resume=True).finish()
        row.count(open_record(recorder.path).status == "finished")
