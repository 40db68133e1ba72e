"""A disk that is full or read-only: the old file stays, no half one does, one sentence says so."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pkdot.atomic_files import WriterLock, write_json, write_text
from pkdot.data.features import kept_features
from pkdot.errors import RecordError
from pkdot.keyed_cache import KeyedCache
from pkdot.record import Recorder, list_records, open_record
from pkdot.training.tensor_files import read_tensors, write_tensors
from tests.faults.conftest import MEGABYTE, fill
from tests.support.example_records import write_record
from tests.support.fault_matrix import fault_row

BIG = 2 * MEGABYTE


def write_tensor_file(path: Path) -> None:
    cache = KeyedCache(
        path.parent, path.suffix, lambda file: read_tensors(file)[0],
        lambda file, tensors: write_tensors(file, tensors, {}),
    )  # fmt: skip
    cache.keep(path.stem, {"w": torch.zeros(BIG // 4)})


WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: write_text(path, "x" * BIG),
    "settings": lambda path: write_json(path, {"x": "x" * BIG}),
    "tensors in a cache": write_tensor_file,
    "features in a cache": lambda path: kept_features(
        path.stem, BIG // 40, lambda: iter([np.ones((BIG // 40, 10), np.float32)]), path.parent
    ),
}


def no_half_files(folder: Path) -> bool:
    return not [file for file in folder.rglob("*") if file.name.endswith(".part")]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_leaves_the_old_file(small_disk: Path, kind: str) -> None:
    path = small_disk / ("old.npy" if "features" in kind else "old.safetensors")
    path.write_text("the old content")
    with fault_row("disk full at write", kind) as row:
        with pytest.raises(RecordError, match=r"could not be written.*free some space"):
            WRITERS[kind](path)
        row.count(path.read_text() == "the old content" and no_half_files(small_disk))


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_late_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, call: str
) -> None:
    path = tmp_path / ("old.npy" if "features" in kind else "old.safetensors")
    path.write_text("the old content")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), refuse)
    moment = {"fsync": "fsync", "replace": "rename"}[call]
    with fault_row(f"disk full at {moment}", kind) as row:
        with pytest.raises(RecordError, match="No space left"):
            WRITERS[kind](path)
        row.count(path.read_text() == "the old content" and no_half_files(tmp_path))


@pytest.mark.slow
def test_features_that_do_not_fit_do_not_kill_the_process(small_disk: Path) -> None:
    """A store into a memory map of a full disk would end it by SIGBUS, without a word."""
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from pkdot.data.features import kept_features\n"
        "from pkdot.errors import RecordError\n"
        "chunks = lambda: (np.ones((64, 1000), np.float32) for _ in range(64))\n"
        "try:\n"
        "    kept_features('key', 4096, chunks, Path(sys.argv[1]))\n"
        "except RecordError as error:\n"
        "    print(error); sys.exit(1)\n"
    )
    with fault_row("disk full at write", "features, in a process of their own") as row:
        done = subprocess.run(
            [sys.executable, "-c", program, str(small_disk)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        told = "No space left" in done.stdout and "Traceback" not in done.stderr
        row.count(done.returncode == 1 and told and not list(small_disk.iterdir()))


def test_a_recorder_on_a_full_disk_keeps_what_it_had(small_disk: Path) -> None:
    with fault_row("disk full at write", "a run record") as row:
        recorder = write_record(small_disk, run_id="full", finish=False)
        before = open_record(recorder.path)
        logged, rows = before.epochs, len(before.predictions)
        fill(small_disk)
        z = np.random.default_rng(0).normal(size=(90, 500))
        with pytest.raises(RecordError, match="No space left"), recorder:
            recorder.log_embeddings(30, teacher=z, student=z)
        (small_disk / "ballast").unlink()
        (summary,) = list_records(small_disk)
        after = open_record(recorder.path)
        kept = after.epochs == logged and len(after.predictions) == rows
        row.count(kept and summary.status == "stopped" and no_half_files(small_disk))
        resumed = Recorder("again", runs_dir=small_disk, run_id="full", resume=True)
        resumed.log_embeddings(30, teacher=z[:, :5], student=z[:, :5])
        resumed.finish()
        row.count(open_record(recorder.path).changed_files() == [])


def test_a_lock_on_a_full_disk_still_holds(small_disk: Path) -> None:
    with fault_row("disk full at write", "the lock of a folder") as row:
        lock = WriterLock(small_disk / "lock")
        lock.release()
        fill(small_disk)
        with WriterLock(small_disk / "lock"):
            row.count(True)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_read_only_folder_is_told(read_only: Path, kind: str) -> None:
    with fault_row("read-only folder", kind) as row:
        with pytest.raises(RecordError, match="could not be written"):
            WRITERS[kind](read_only / "below" / "new.npy")
        row.count(True)


def test_locks_and_shared_results_in_a_read_only_folder_are_told(read_only: Path) -> None:
    cache = KeyedCache(read_only, ".json", lambda path: path.read_text(), write_text)
    with fault_row("read-only folder", "locks and results that processes share") as row:
        with pytest.raises(RecordError, match="could not be written"):
            WriterLock(read_only / "lock")
        row.count(True)
        with pytest.raises(RecordError, match="could not be written"):
            cache.find_or_compute("key", lambda: "value")
        row.count(True)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pkdot", *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


SMALL = ("--set", "training.epochs=1", "--set", "data.n_unlabelled=100", "--set", "maps=[]")


def one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return done.returncode == 1 and len(lines) == 1 and lines[0].startswith("pkdot: ")


@pytest.mark.slow
@pytest.mark.full
def test_commands_say_it_in_one_sentence(read_only: Path, small_disk: Path, tmp_path: Path) -> None:
    with fault_row("read-only folder", "commands") as row:
        done = command("run", "--quiet", *SMALL, "--runs", str(read_only / "runs"))
        row.count(one_sentence(done) and "PKDOT_RUNS" in done.stderr)
        done = command("notebooks", str(read_only / "books"))
        row.count(one_sentence(done))
        done = command("simulate", "biovid", str(read_only / "corpus"), "--subjects", "1")
        row.count(one_sentence(done))
    with fault_row("read-only folder", "home and caches, while runs have a place") as row:
        away = str(read_only)
        done = command(
            "run", "--quiet", *SMALL, "--runs", str(tmp_path / "runs"),
            HOME=away, XDG_CACHE_HOME=away, XDG_CONFIG_HOME=away, PKDOT_CACHE=away,
        )  # fmt: skip
        row.count(done.returncode == 0 and list_records(tmp_path / "runs")[0].status == "finished")
    fill(small_disk, leave=64 * 1024)
    with fault_row("disk full at write", "a sweep's cells") as row:
        folder = small_disk / "sweep"
        done = command("sweep", "--quiet", "--seeds", "1", *SMALL[:4], "--folder", str(folder))
        row.count(one_sentence(done) and no_half_files(small_disk))
