"""Embeddings for other programs: what they read is what the record holds."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.neighbors import NearestNeighbors

import pkdot
from pkdot.errors import InputError, RecordError
from pkdot.record import Probe, Recorder, RunRecord, open_record
from pkdot.record.export import export_embeddings, export_files
from tests.support.example_records import BEST, N
from tests.support.task_records import write_task_record

Z = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-1.0, 0.0]], dtype="f4")
LAST = np.array([[0.0, 2.0], [3.0, 0.1], [0.1, 1.0], [1.0, 1.0]], dtype="f4")


@pytest.fixture(scope="module")
def record(finished_record: Path) -> RunRecord:
    return open_record(finished_record)


def tables(record: RunRecord, **options: Any) -> dict[str, pa.Table]:
    files = export_files(record, "atlas", **options)
    return {name: pq.read_table(io.BytesIO(content)) for name, content in files.items()}


def test_four_samples_worked_by_hand(tmp_path: Path) -> None:
    made = pkdot.compare_embeddings(Z, LAST, ids=["a", "b", "c", "d"], runs_dir=tmp_path)
    table = tables(made, neighbours=2)["teacher.parquet"].to_pandas().set_index("id")
    order = list(table.index)
    near = {name: [order[i] for i in own["ids"]] for name, own in table["neighbors"].items()}
    assert near == {"a": ["a", "b", "c"], "b": ["b", "a", "c"], "c": ["c", "b", "a"],
                    "d": ["d", "c", "b"]}  # fmt: skip
    np.testing.assert_allclose(table.loc["a", "neighbors"]["distances"], [0, 0.2, 1], atol=1e-6)
    np.testing.assert_allclose(table.loc["d", "neighbors"]["distances"], [0, 1, 1.8], atol=1e-6)
    assert list(table.columns) == ["neighbours_kept", "projection_x", "projection_y", "neighbors"]
    assert (table["neighbours_kept"] == 1).all()  # all three others are near to both


def test_columns_have_the_names_and_types_that_embedding_atlas_reads(record: RunRecord) -> None:
    for table in tables(record).values():
        assert table.schema.metadata is None
        assert table.schema.field("projection_x").type == table.schema.field("projection_y").type
        assert table.schema.field("projection_x").type == pa.float64()
        form = table.schema.field("neighbors").type
        assert form.field("ids").type == pa.list_(pa.int32())
        assert form.field("distances").type == pa.list_(pa.float32())
        rows = table.to_pandas()["neighbors"]
        ids = np.stack([np.array(row["ids"]) for row in rows])  # as its own pagerank.py reads them
        assert ids.shape == (N, 16)
        np.testing.assert_array_equal(ids[:, 0], np.arange(N))


def test_neighbours_are_those_that_scikit_learn_finds(record: RunRecord) -> None:
    pair = record.embeddings(BEST)
    for network, z in zip(("teacher", "student"), pair, strict=True):
        rows = tables(record, neighbours=7)[f"{network}.parquet"].to_pandas()["neighbors"]
        referee = NearestNeighbors(n_neighbors=8, metric="cosine").fit(z)
        distances, ids = referee.kneighbors(z)
        np.testing.assert_array_equal(np.stack([row["ids"] for row in rows]), ids)
        found = np.stack([row["distances"] for row in rows])
        np.testing.assert_allclose(found, distances, atol=1e-6)


def test_samples_carry_what_the_record_knows_of_them(record: RunRecord) -> None:
    table = tables(record)["student.parquet"].to_pandas()
    assert list(table["id"]) == [f"sample-{i:03d}" for i in range(N)]
    assert list(table["label"][:6]) == ["zero", "one", "two", "three", "four", "zero"]
    assert list(table["student_prediction"]) == list(table["label"])
    assert set(table["split"]) == {"test"}
    assert list(table["group"][:2]) == ["person 0", "person 1"]
    assert (table["teacher_error"] == 0).all()
    maps = record.maps()
    own = maps[(maps["epoch"] == BEST) & (maps["network"] == "student")]
    np.testing.assert_array_equal(table["projection_x"], own["x"])
    np.testing.assert_array_equal(table["projection_y"], own["y"])


def test_another_epoch_has_other_embeddings(record: RunRecord) -> None:
    one, other = (export_files(record, "projector", epoch=e) for e in (0, BEST))
    assert one["teacher_tensors.tsv"] == other["teacher_tensors.tsv"]
    assert one["student_tensors.tsv"] != other["student_tensors.tsv"]


def test_values_keep_their_names_and_gaps(tmp_path: Path) -> None:
    record = write_task_record(tmp_path, "regression")
    table = tables(record)["teacher.parquet"]
    assert "label" not in table.column_names
    kept = record.probe[["target_0", "target_1"]].to_numpy()
    for j, name in enumerate(("pain", "heart rate")):
        column = table[f"target {name}"]
        assert column.null_count == np.isnan(kept[:, j]).sum() > 0
        np.testing.assert_array_equal(column.to_pandas(), kept[:, j])
        assert f"student_prediction {name}" in table.column_names


def test_the_projector_reads_the_numbers_back_exactly(record: RunRecord) -> None:
    files = {name: text.decode() for name, text in export_files(record, "projector").items()}
    for network, z in zip(("teacher", "student"), record.embeddings(BEST), strict=True):
        # as TensorBoard's own reader does
        lines = [line.rstrip("\n") for line in files[f"{network}_tensors.tsv"].splitlines()]
        found = np.array([list(map(float, line.split("\t"))) for line in lines], dtype="float32")
        np.testing.assert_array_equal(found, z)
        assert f'tensor_path: "{network}_tensors.tsv"' in files["projector_config.pbtxt"]
    table = pd.read_csv(io.StringIO(files["metadata.tsv"]), sep="\t")
    assert len(table) == N
    assert list(table["id"]) == list(record.probe["sample_id"])
    assert files["projector_config.pbtxt"].count('metadata_path: "metadata.tsv"') == 2


def test_names_with_tabs_and_escape_codes_stay_one_cell(tmp_path: Path) -> None:
    names = ["a\tb", "c\nd", "e\x1b[31mf", "<b>g</b>"]
    made = pkdot.compare_embeddings(Z, LAST, ids=names, groups=names, runs_dir=tmp_path)
    lines = export_files(made, "projector")["metadata.tsv"].decode().splitlines()
    assert len(lines) == 5
    assert {line.count("\t") for line in lines} == {2}
    assert "\x1b" not in "".join(lines)
    assert tables(made)["teacher.parquet"]["id"].to_pylist().count("e\\x1b[31mf") == 1


def test_what_cannot_be_exported_says_why(tmp_path: Path, record: RunRecord) -> None:
    with pytest.raises(InputError, match="no embeddings of epoch 7; logged: 0, 2, 5, 9"):
        export_files(record, "atlas", epoch=7)
    with pytest.raises(InputError, match="choose atlas, projector"):
        export_files(record, "excel")
    with pytest.raises(InputError, match="1 neighbour or more, not 0"):
        export_files(record, "atlas", neighbours=0)
    line = pkdot.compare_embeddings(Z[:, :1], LAST, runs_dir=tmp_path / "runs")
    with pytest.raises(InputError, match="the teacher's have one"):
        export_files(line, "projector")
    with Recorder("empty", runs_dir=tmp_path / "runs", run_id="empty"):
        pass
    with pytest.raises(RecordError, match="no embeddings yet"):
        export_files(open_record(tmp_path / "runs" / "empty"), "atlas")


def test_a_record_without_a_probe_has_numbers_for_names(tmp_path: Path) -> None:
    with Recorder("bare", runs_dir=tmp_path, run_id="bare") as recorder:
        recorder.log_embeddings(0, teacher=Z, student=LAST)
    table = tables(open_record(tmp_path / "bare"))["teacher.parquet"]
    assert table["id"].to_pylist() == ["0", "1", "2", "3"]


def test_a_folder_appears_whole_or_not_at_all(
    tmp_path: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert export_embeddings(record, "projector", out) == out
    files = export_files(record, "projector")
    assert {f.name: f.read_bytes() for f in out.iterdir()} == files
    with pytest.raises(InputError, match="is there already"):
        export_embeddings(record, "atlas", out)
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="choose another folder"):
        export_embeddings(record, "atlas", tmp_path / "file" / "x")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(RecordError, match="No space left"):
        export_embeddings(record, "atlas", tmp_path / "half")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["file", "out"]


def test_what_is_unknown_is_no_column(tmp_path: Path) -> None:
    with Recorder(
        "few", runs_dir=tmp_path, run_id="few", probe=Probe(list("abcd"), None, [-1] * 4)
    ) as recorder:
        recorder.log_embeddings(0, teacher=Z, student=LAST)
    names = tables(open_record(tmp_path / "few"))["student.parquet"].column_names
    assert names == ["id", "neighbours_kept", "projection_x", "projection_y", "neighbors"]
