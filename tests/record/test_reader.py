"""Reading records: what stands in them, and a sentence for every kind of damage."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pkdot.errors import RecordError
from pkdot.record import list_records, open_record, runs_directory
from tests.support.example_records import (
    BEST,
    CLASSES,
    EPOCHS,
    N,
    forget_digests,
    structured_arrays,
    student_at,
    write_record,
)


def change_manifest(record: Path, **fields: Any) -> None:
    file = record / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_a_record_gives_back_what_was_logged(finished_record: Path) -> None:
    record = open_record(finished_record)
    arrays = structured_arrays()
    assert (record.status, record.corpus, record.method, record.seed) == (
        "finished",
        "patterns",
        "pkdot",
        0,
    )
    assert record.class_names == CLASSES
    assert record.best_epoch == BEST
    assert record.config["k"] == 10
    assert record.epochs == record.batch_epochs == list(EPOCHS)
    for epoch in EPOCHS:
        pair = record.embeddings(epoch)
        np.testing.assert_allclose(pair.teacher, arrays["teacher"], rtol=1e-6)
        np.testing.assert_allclose(pair.student, student_at(arrays, epoch), rtol=1e-6, atol=1e-6)
    batch = record.batch(5)
    assert list(batch.sample_ids[:2]) == ["sample-000", "sample-001"]
    assert list(batch.targets[:5]) == [0, -1, -1, -1, 4]
    assert batch.teacher.shape == batch.student.shape == (40, 12)
    features = record.features()
    assert features is not None
    np.testing.assert_allclose(features.real, arrays["real"], rtol=1e-6)
    assert record.media()["teacher sees"].shape == (N, 8, 8)
    assert record.media()["student sees"].shape == (N, 4, 4)
    assert record.scores == {"student accuracy": 0.71}
    assert record.missing_files() == []


def test_tables_have_the_pinned_columns(finished_record: Path) -> None:
    record = open_record(finished_record)
    assert list(record.metrics.columns) == ["stage", "epoch", "split", "name", "value"]
    assert list(record.probe.columns) == ["sample_id", "subject", "label", "media"]
    assert list(record.predictions.columns[:4]) == ["sample_id", "subject", "split", "label"]
    maps = record.maps()
    assert list(maps.columns) == ["projection", "epoch", "network", "sample_id", "x", "y"]
    assert len(maps) == len(EPOCHS) * 2 * N
    assert (record.metrics.query("split == 'test'")["value"] == 0.71).all()


def test_a_record_opens_elsewhere_and_by_its_run_json(record_copy: Path, tmp_path: Path) -> None:
    moved = tmp_path / "a place with spaces" / "other name"
    moved.parent.mkdir()
    shutil.move(record_copy, moved)
    record = open_record(moved / "run.json")
    assert record.status == "finished"
    assert len(record.metrics) > 0


@pytest.mark.slow
def test_reading_needs_no_torch(finished_record: Path) -> None:
    program = (
        "import sys, pkdot.record.reader as r\n"
        "heavy = {'torch', 'sklearn', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "record = r.open_record(sys.argv[1]); record.metrics; record.embeddings(0); record.maps()\n"
        "assert not {'torch', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(finished_record)], check=True, timeout=60)


def test_what_is_not_there_is_told(tmp_path: Path, finished_record: Path) -> None:
    with pytest.raises(RecordError, match="There is no run record at"):
        open_record(tmp_path / "nowhere")
    with pytest.raises(RecordError, match="the home folder in it is unknown"):
        open_record("~nobody-of-this-name/x")
    with pytest.raises(RecordError, match=r"has no run\.json"):
        open_record(tmp_path)
    record = open_record(finished_record)
    with pytest.raises(RecordError, match=r"epoch 3.*0, 2, 5, 9"):
        record.embeddings(3)
    with pytest.raises(RecordError, match=r"'best'.*none"):
        record.checkpoint("best")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"schema_version": 2}, "newer kit .schema 2; this one reads up to 1.; update pkdot"),
        ({"schema_version": 0}, "older kit .schema 0."),
        ({"schema_version": "1"}, "states no schema version"),
        ({"status": "dancing"}, "'status'.*dancing"),
        ({"class_names": "abc"}, "no valid 'class_names'"),
        ({"class_names": [1]}, "class_names"),
        ({"config": None}, "no valid 'config'"),
        ({"files": []}, "no valid 'files'"),
        ({"scores": {"student accuracy": "high"}}, "scores.student accuracy"),
        ({"scores": {"student accuracy": None}}, "scores.student accuracy"),
        ({"scores": {"student accuracy": [1]}}, "scores.student accuracy"),
    ],
)
def test_a_strange_run_json_is_told(record_copy: Path, fields: dict, sentence: str) -> None:
    change_manifest(record_copy, **fields)
    with pytest.raises(RecordError, match=sentence):
        open_record(record_copy)
    (summary,) = list_records(record_copy.parent)
    assert summary.status == "damaged"
    assert summary.sentence


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"[1]"])
def test_a_run_json_of_rubbish_is_told(record_copy: Path, content: bytes) -> None:
    (record_copy / "run.json").write_bytes(content)
    with pytest.raises(RecordError, match="damaged"):
        open_record(record_copy)


READERS = {
    "metrics.parquet": lambda r: r.metrics,
    "predictions.parquet": lambda r: r.predictions,
    "probe.parquet": lambda r: r.probe,
    "maps/pca.parquet": lambda r: r.maps(),
    "features.safetensors": lambda r: r.features(),
    "media/images.safetensors": lambda r: r.media(),
    "embeddings/epoch_0000.safetensors": lambda r: r.embeddings(2),  # which refers to epoch 0
    "batches/epoch_0002.safetensors": lambda r: r.batch(2),
}


@pytest.mark.parametrize("how", ["gone", "cut short", "rubbish", "pickled"])
@pytest.mark.parametrize("name", READERS)
def test_each_damaged_file_is_told(record_copy: Path, name: str, how: str) -> None:
    file = record_copy / name
    if how == "gone":
        file.unlink()
    elif how == "cut short":
        file.write_bytes(file.read_bytes()[:-7])
    elif how == "rubbish":
        file.write_bytes(b"\x00" * 64)
    else:
        file.write_bytes(pickle.dumps({"teacher": 1}))
    record = open_record(record_copy)
    with pytest.raises(RecordError):
        READERS[name](record)
    (summary,) = list_records(record_copy.parent)
    assert summary.status == "damaged"
    assert name in summary.sentence


def test_a_table_without_its_columns_is_told(record_copy: Path) -> None:
    forget_digests(record_copy)
    pd.DataFrame({"stage": ["student"]}).to_parquet(record_copy / "metrics.parquet")
    with pytest.raises(RecordError, match="lacks the column 'epoch'"):
        _ = open_record(record_copy).metrics


def test_a_list_of_records_survives_a_damaged_one(tmp_path: Path) -> None:
    write_record(tmp_path, run_id="good")
    running = write_record(tmp_path, run_id="live", finish=False)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").write_text("not a record")
    (tmp_path / ".hidden").mkdir()
    assert {s.path.name: s.status for s in list_records(tmp_path)} == {
        "good": "finished",
        "live": "running",
        "empty": "damaged",
    }
    with pytest.raises(ValueError, match="too hot"), running:
        raise ValueError("too hot")
    by_name = {summary.path.name: summary for summary in list_records(tmp_path)}
    assert by_name["live"].status == "failed"
    assert by_name["live"].sentence == "This run failed: ValueError: too hot"
    assert list_records(tmp_path / "nowhere") == []


def test_a_record_says_running_only_while_its_writer_lives(tmp_path: Path) -> None:
    recorder = write_record(tmp_path, finish=False)
    assert open_record(recorder.path).status == "running"
    copy = Path(shutil.copytree(recorder.path, tmp_path / "copied elsewhere"))
    assert open_record(copy).status == "stopped"
    assert len(open_record(copy).metrics) > 0
    recorder.finish()
    assert open_record(recorder.path).status == "finished"


def test_the_runs_directory_follows_variable_checkout_and_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PKDOT_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert runs_directory() == tmp_path / "pkdot-runs"
    checkout = tmp_path / "a checkout"
    (checkout / "pkdot").mkdir(parents=True)
    (checkout / "pkdot" / "_version.py").touch()
    (checkout / "pyproject.toml").touch()
    (checkout / "notebooks" / "lessons").mkdir(parents=True)
    monkeypatch.chdir(checkout / "notebooks" / "lessons")
    assert runs_directory() == checkout / "reports" / "runs"
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "elsewhere"))
    assert runs_directory() == tmp_path / "elsewhere"
