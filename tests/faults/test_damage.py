"""A changed byte, a missing end, a missing file: named, and it costs that file only."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pkdot.atomic_files import write_json
from pkdot.data.features import kept_features
from pkdot.digests import read_digests
from pkdot.errors import RecordError
from pkdot.experiments.cells import cell_cache
from pkdot.keyed_cache import digests_file
from pkdot.record import RunRecord, list_records, open_record
from tests.support.example_records import BEST, EPOCHS, write_record
from tests.support.fault_matrix import fault_row, times

PARTS: dict[str, Callable[[RunRecord], object]] = {
    "metrics.parquet": lambda r: r.metrics,
    "predictions.parquet": lambda r: r.predictions,
    "probe.parquet": lambda r: r.probe,
    "maps/pca.parquet": lambda r: r.maps(),
    "features.safetensors": lambda r: r.features(),
    "media/images.safetensors": lambda r: r.media(),
    "checkpoints/best.safetensors": lambda r: r.checkpoint("best"),
    **{f"embeddings/epoch_{e:04d}.safetensors": lambda r, e=e: r.embeddings(e) for e in EPOCHS},
    **{f"batches/epoch_{e:04d}.safetensors": lambda r, e=e: r.batch(e) for e in EPOCHS},
}
SHARED = "embeddings/epoch_0000.safetensors"
"""Holds the teacher of all epochs, which are lost with it."""


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place % len(content)] ^= 1 << (place % 8)
    file.write_bytes(content)


def cut(file: Path, place: int) -> None:
    file.write_bytes(file.read_bytes()[: place % file.stat().st_size])


def remove(file: Path, place: int) -> None:
    file.unlink()


FAULTS = {"a flipped bit": flip, "cut short": cut, "removed": remove}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished record with a file of every kind."""
    recorder = write_record(tmp_path_factory.mktemp("whole"), run_id="whole", finish=False)
    recorder.log_checkpoint("best", {"w": np.arange(9.0)})
    recorder.finish(best_epoch=BEST)
    return recorder.path


def unreadable(path: Path) -> tuple[set[str], str]:
    """Parts of a record that cannot be read, and the sentences."""
    record, lost, sentences = open_record(path), set(), ""
    for name, read in PARTS.items():
        try:
            read(record)
        except RecordError as error:
            lost.add(name)
            sentences += f"{error}\n"
    return lost, sentences


def survives(whole: Path, folder: Path, name: str, fault: str, place: int) -> bool:
    """Whether a fault in a file is found and named, and all other files can be read."""
    copy = Path(shutil.copytree(whole, folder / "copy"))
    try:
        FAULTS[fault](copy / name, place)
        lost, sentences = unreadable(copy)
        shared = {part for part in PARTS if part.startswith("embeddings")}
        other = shared if name == SHARED else set()
        named = name in sentences
        if fault == "removed":  # an epoch or a checkpoint is known by its file
            named |= "of epoch" in sentences or "no checkpoint 'best'" in sentences
        listed = list_records(folder)[0].status == "damaged" or fault == "a flipped bit"
        listed |= name.startswith("checkpoints")  # may be deleted to save space
        found = name in open_record(copy).changed_files() or fault == "removed"
        return lost <= {name, *other} and name in lost and named and listed and found
    finally:
        shutil.rmtree(copy)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_file_costs_that_file_only(whole: Path, tmp_path: Path, fault: str) -> None:
    rng = np.random.default_rng(0)
    with fault_row(fault, "each file of a record") as row:
        for name in PARTS:
            row.count(survives(whole, tmp_path, name, fault, int(rng.integers(2**31))))


@pytest.mark.slow
def test_any_bit_of_any_file_is_noticed(whole: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with fault_row("a flipped bit", "random places of a record's files") as row:
        for _ in range(times(5, 20)):
            for name in PARTS:
                place = int(rng.integers(2**31))
                row.count(survives(whole, tmp_path, name, "a flipped bit", place))


@pytest.mark.parametrize("step", [41, pytest.param(times(7, 1), marks=pytest.mark.slow)])
def test_any_bit_of_run_json_is_noticed(whole: Path, tmp_path: Path, step: int) -> None:
    """What opens in spite of it must say the same: only the marks of the last line may differ."""
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    file = copy / "run.json"
    content = file.read_bytes()
    before = open_record(copy)._manifest
    with fault_row("a flipped bit", "bytes of run.json") as row:
        for place in range(0, len(content), step):
            file.write_bytes(content)
            flip(file, place)
            try:
                row.count(open_record(copy)._manifest == before)
            except RecordError as error:
                row.count(str(error).startswith(("The record copy ", f"{copy} is not")))
    with fault_row("cut short", "run.json") as row:
        for end in range(0, len(content) - 1, step):
            file.write_bytes(content[:end])
            with pytest.raises(RecordError):
                open_record(copy)
            row.count(True)


def test_records_without_digests_open_as_before(whole: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    known = read_digests(copy / "digests.txt")
    assert set(known) == set(PARTS)
    assert {len(digests) for digests in known.values()} == {1}
    (copy / "digests.txt").unlink()
    flip(copy / "media/images.safetensors", -1)
    assert unreadable(copy)[0] == set()
    assert open_record(copy).changed_files() == []


def test_a_running_record_is_guarded_too(tmp_path: Path) -> None:
    recorder = write_record(tmp_path, finish=False)
    flip(recorder.path / "probe.parquet", 100)
    with pytest.raises(RecordError, match=r"probe\.parquet is not what was written"):
        _ = open_record(recorder.path).probe
    assert open_record(recorder.path).changed_files() == ["probe.parquet"]
    assert len(open_record(recorder.path).metrics) > 0


def test_a_damaged_result_is_computed_again(tmp_path: Path) -> None:
    cells = cell_cache(tmp_path)
    with fault_row("a flipped bit", "each byte of a sweep's cell") as row:
        cells.keep("key", {"seed": 1, "accuracy": 0.9375})
        file = cells.file("key")
        content = file.read_bytes()
        for place in range(len(content)):
            flip(file, place)
            row.count(cell_cache(tmp_path).find("key") is None)
            file.write_bytes(content)
            assert cells.find("key") == {"seed": 1, "accuracy": 0.9375}
    write_json(tmp_path / "old.json", {"seed": 2})
    assert cells.find("old") == {"seed": 2}  # by an older kit, which kept no digest
    assert digests_file(file).is_file()


def test_damaged_features_are_computed_again(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    asked = []

    def compute():  # type: ignore[no-untyped-def]
        asked.append(1)
        return iter(np.split(values, 5))

    with fault_row("a flipped bit", "features in a cache") as row:
        for place in (0, 5, 60, 200, 999, -1):
            file = tmp_path / "key.npy"
            kept_features("key", 50, compute, tmp_path)
            asked.clear()
            flip(file, place)
            found = kept_features("key", 50, compute, tmp_path)
            row.count(bool(np.array_equal(found, values)) and len(asked) == 1)
