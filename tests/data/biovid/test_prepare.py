"""The cache: never stale, resumes after a kill, shared by processes, bounded in memory."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.data.biovid import cachekey, prepare
from pkdot.data.biovid.index import BioVidIndex, read_index
from pkdot.data.biovid.settings import DEFAULT_OPTIONS, SignalOptions, VideoOptions
from pkdot.data.biovid.signals import read_trace
from pkdot.data.biovid.video import read_clip
from tests.support import biovid_files as files
from tests.support.fault_matrix import fault_row

WINDOWS = files.SUBJECTS * 2 * files.WINDOWS
SMALL = VideoOptions(frames=4, size=32)
CENTRE = VideoOptions(frames=4, size=32, face=False)
EDA = DEFAULT_OPTIONS["eda"]

# A run in another process; it notes each window that it reads, and reads slowly enough to be met.
RUN = """
import sys, time
from pathlib import Path
from pkdot.data.biovid import prepare
from pkdot.data.biovid.index import read_index
from pkdot.data.biovid.settings import VideoOptions
root, cache, log, pause = sys.argv[1:]
read = prepare.read_window
def slow_read(index, row, *rest):
    with open(log, "a") as file:
        file.write(index.table.iloc[row]["sample"] + "\\n")
    time.sleep(float(pause))
    return read(index, row, *rest)
prepare.read_window = slow_read
prepare.prepare(read_index(root), "video", VideoOptions(frames=4, size=32),
                cache=Path(cache), progress=False)
"""


def start(root: Path, cache: Path, log: Path, pause: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, str(root), str(cache), str(log), str(pause)]
    here = Path(__file__).resolve().parents[3]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(here)}, cwd=here)


def video(index: BioVidIndex, cache: Path, **more: object) -> prepare.Prepared:
    return prepare.prepare(index, "video", SMALL, cache=cache, progress=False, **more)  # type: ignore[arg-type]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Samples that were read from their files, in order."""
    seen: list[str] = []
    read = prepare.read_window

    def counting(index: BioVidIndex, row: int, *rest: object) -> object:
        seen.append(index.table.iloc[row]["sample"])
        return read(index, row, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(prepare, "read_window", counting)
    return seen


@pytest.mark.slow
def test_rows_are_what_reading_gives_and_are_mapped(biovid_root: Path, tmp_path: Path) -> None:
    index = read_index(biovid_root)
    clips = video(index, tmp_path)
    traces = prepare.prepare(index, "eda", EDA, (2.0, 5.0), cache=tmp_path, progress=False)
    assert isinstance(clips.data, np.memmap)
    assert not clips.data.flags.writeable
    assert clips.data.shape == (WINDOWS, 4, 32, 32, 3)
    assert traces.data.shape == (WINDOWS, 96)
    assert clips.usable.all()
    for row in (0, 7, WINDOWS - 1):
        entry = index.table.iloc[row]
        np.testing.assert_array_equal(
            clips.data[row], read_clip(index.root / entry.video, SMALL, 0.0, 5.5).pictures
        )
        np.testing.assert_array_equal(
            traces.data[row], read_trace(index.root / entry.signals, "eda", EDA, 2.0, 5.0).samples
        )
    assert set(traces.facts.rate) == {512.0}
    assert set(clips.facts.face_found) == {1.0}


@pytest.mark.slow
def test_the_second_time_nothing_is_read(
    biovid_root: Path, tmp_path: Path, reads: list[str]
) -> None:
    index = read_index(biovid_root)
    first = video(index, tmp_path)
    assert sorted(reads) == sorted(index.table["sample"])
    reads.clear()
    second = video(index, tmp_path)
    assert reads == []
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(first.data, second.data)
    pd.testing.assert_frame_equal(first.facts, second.facts)


@pytest.mark.slow
def test_damage_in_the_cache_costs_a_chunk(
    biovid_root: Path, tmp_path: Path, reads: list[str]
) -> None:
    index = read_index(biovid_root)
    first = video(index, tmp_path).data.copy()
    (values,) = tmp_path.rglob("values.npy")
    notes = sorted(tmp_path.rglob("notes/*.json"))
    with fault_row("a flipped bit", "prepared windows and their notes") as row:
        for file in (values, notes[0]):
            content = bytearray(file.read_bytes())
            content[len(content) // 3] ^= 1
            file.write_bytes(content)
            reads.clear()
            again = video(index, tmp_path)
            row.count(len(reads) == WINDOWS // 2 and np.array_equal(again.data, first))
    for note in notes:  # as an older kit wrote them, without a digest
        note.write_text(json.dumps(prepare.read_note(note)[0]))
    reads.clear()
    assert video(index, tmp_path).usable.all()
    assert reads == []


@pytest.mark.slow
def test_classes_are_prepared_as_they_are_needed(
    biovid_root: Path, tmp_path: Path, reads: list[str]
) -> None:
    index = read_index(biovid_root)
    half = video(index, tmp_path, classes=(0,))
    assert half.usable.sum() == WINDOWS // 2
    assert all("-BL1-" in name for name in reads)
    reads.clear()
    assert video(index, tmp_path).usable.all()
    assert len(reads) == WINDOWS // 2
    assert all("-PA4-" in name for name in reads)


def test_nothing_is_stale(
    biovid_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file content, time, option, window, modality or version: another cache."""
    root = files.copy(biovid_root, tmp_path / "c")

    def key(
        modality: str = "eda", options: object = EDA, window: tuple[float, float] = (0.0, 5.5)
    ) -> str:
        return cachekey.cache_key(read_index(root), modality, options, window)  # type: ignore[arg-type]

    keys = [key(), key(options=SignalOptions(filter="lowpass")), key(window=(0.0, 5.0)),
            key("ecg"), key("video", SMALL), key("video", CENTRE)]  # fmt: skip
    assert key() == keys[0]
    path = files.signal_file(root)
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    keys.append(key())
    path.rename(path.with_suffix(".away"))
    keys.append(key())
    monkeypatch.setattr(cachekey, "_version", lambda library: "other")
    keys.append(key())
    assert len(set(keys)) == len(keys)


def test_a_changed_file_gives_changed_rows(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    before = prepare.prepare(read_index(root), "eda", EDA, cache=tmp_path, progress=False)
    path = files.signal_file(root)
    table = files.read_table(path)
    files.write_table(path, table.assign(gsr=table.gsr + 1))
    after = prepare.prepare(read_index(root), "eda", EDA, cache=tmp_path, progress=False)
    changed = np.flatnonzero(np.abs(after.data - before.data).max(axis=1) > 0.5)
    assert [f"{read_index(root).table['sample'][row]}_bio.csv" for row in changed] == [path.name]


@pytest.mark.slow
def test_damaged_windows_are_listed_and_stay_out(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    files.truncate(files.video_file(root, 2), 0.5)
    files.video_file(root, 5).unlink()
    index = read_index(root)
    for _ in range(2):  # fresh, and from the cache
        clips = video(index, tmp_path / "cache")
        assert {d.file for d in clips.damages} == set(index.table.video[~clips.usable])
        assert len(clips.damages) == 2
        assert "missing" in {d.kind for d in clips.damages}
        assert not clips.data[~clips.usable].any()
        assert clips.facts.rate.isna().sum() == 2


@pytest.mark.slow
def test_an_interrupted_run_is_resumed(
    biovid_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    index = read_index(biovid_root)
    counting = prepare.read_window

    def interrupted(*arguments: object) -> object:
        if len(reads) == 15:
            raise KeyboardInterrupt
        return counting(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "read_window", interrupted)
        with pytest.raises(KeyboardInterrupt):
            video(index, tmp_path)
    reads.clear()
    resumed = video(index, tmp_path)
    assert len(reads) == WINDOWS // 2  # one chunk of two was done: each class is one here
    assert resumed.usable.all()
    assert all(row.any() for row in resumed.data)


@pytest.mark.slow
def test_a_killed_run_is_resumed(biovid_root: Path, tmp_path: Path, reads: list[str]) -> None:
    log = tmp_path / "log"
    run = start(biovid_root, tmp_path / "cache", log, pause=0.05)
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("notes/*.json")) or len(log.read_text().split()) < 15:
        assert run.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    done = sum(len(prepare.read_note(n)[0]) for n in tmp_path.rglob("notes/*.json"))
    assert done == WINDOWS // 2  # one chunk of two: each class is one here
    index = read_index(biovid_root)
    resumed = video(index, tmp_path / "cache")
    assert len(reads) == WINDOWS - done
    whole = video(index, tmp_path / "another")
    np.testing.assert_array_equal(resumed.data, whole.data)
    assert resumed.usable.all()


@pytest.mark.slow
def test_two_processes_share_the_work(biovid_root: Path, tmp_path: Path) -> None:
    logs = [tmp_path / "one", tmp_path / "two"]
    runs = [start(biovid_root, tmp_path / "cache", log, pause=0.1) for log in logs]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    index = read_index(biovid_root)
    seen = [log.read_text().split() if log.exists() else [] for log in logs]
    assert sorted(seen[0] + seen[1]) == sorted(index.table["sample"])  # each window once
    together = video(index, tmp_path / "cache")
    alone = video(index, tmp_path / "another")
    np.testing.assert_array_equal(together.data, alone.data)


@pytest.mark.slow
def test_processes_of_one_run_give_the_same(biovid_root: Path, tmp_path: Path) -> None:
    index = read_index(biovid_root)
    two = video(index, tmp_path / "two", jobs=2)
    one = video(index, tmp_path / "one")
    np.testing.assert_array_equal(one.data, two.data)
    pd.testing.assert_frame_equal(one.facts, two.facts)


def test_rows_are_not_gathered_in_memory(
    biovid_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = read_index(biovid_root)
    table = pd.concat([index.table] * 4).sort_values("class_id", ignore_index=True)
    many = BioVidIndex(index.root, index.layout, table, index.simulated)
    options = VideoOptions()
    row = (options.frames, options.size, options.size, 3)

    def read(*_: object) -> tuple[np.ndarray, dict[str, object]]:
        return np.ones(row, dtype=np.uint8), {"rate": 25.0, "face_found": True}

    monkeypatch.setattr(prepare, "read_window", read)
    tracemalloc.start()
    try:
        prepared = prepare.prepare(many, "video", options, cache=tmp_path, progress=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert prepared.usable.all()
    assert prepared.data.nbytes > 36e6
    assert np.prod(row) < peak < 6e6


@pytest.mark.full
@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(biovid_root: Path, tmp_path: Path) -> None:
    """Eight times the windows, 72 MB of rows: the peak of memory hardly moves."""
    index = read_index(biovid_root)
    options = VideoOptions()
    prepare.prepare(index, "video", options, cache=tmp_path, progress=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table = pd.concat([index.table] * 8).sort_values("class_id", ignore_index=True)
    many = BioVidIndex(index.root, index.layout, table, index.simulated)
    prepared = prepare.prepare(many, "video", options, cache=tmp_path, progress=False)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert prepared.data.nbytes > 70e6
    assert (after - before) * 1024 < 25e6
