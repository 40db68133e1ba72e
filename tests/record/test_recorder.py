"""Writing records: everything whole or not at all, one writer at a time, killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pkdot.analysis import projection
from pkdot.errors import InputError, RecordError
from pkdot.record import Batch, Probe, Recorder, list_records, open_record
from tests.support.example_records import N, write_record

WRITER = """
import sys, numpy as np
from pkdot.record import Recorder, Batch
recorder = Recorder("killed", runs_dir=sys.argv[1], run_id="killed")
rng = np.random.default_rng(0)
ids = [str(i) for i in range(40)]
for epoch in range(100_000):
    z = rng.normal(size=(40, 16))
    recorder.log_metrics("student", epoch, "train", {"loss": 1 / (epoch + 1)})
    recorder.log_embeddings(epoch, teacher=z, student=z, batch=Batch(ids, [0] * 40, z, z))
    recorder.log_checkpoint("last", {"w": z}, {"epoch": epoch})
    if epoch == 3:
        print("going", flush=True)
"""


@pytest.mark.parametrize(
    "moment",
    [0.013, *(pytest.param(later, marks=pytest.mark.slow) for later in (0.0, 0.051, 0.12))],
)
def test_killed_at_any_moment_the_record_opens(tmp_path: Path, moment: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    assert open_record(tmp_path / "killed").status == "running"
    with pytest.raises(RecordError, match="is being written by another process"):
        Recorder("second", runs_dir=tmp_path, run_id="killed")
    with pytest.raises(RecordError, match=f"process {process.pid} on"):
        Recorder("second", runs_dir=tmp_path, run_id="killed", resume=True)
    time.sleep(moment)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
    process.stdout.close()

    record = open_record(tmp_path / "killed")
    assert record.status == "stopped"
    assert "stopped before its end" in record.sentence
    assert len(record.epochs) >= 4
    for epoch in record.epochs:
        assert record.embeddings(epoch).student.shape == (40, 16)
    for epoch in record.batch_epochs:
        assert len(record.batch(epoch).targets) == 40
    logged = record.metrics
    assert list(logged["epoch"]) == list(range(len(logged)))
    assert len(logged) >= len(record.epochs) - 1
    tensors, notes = record.checkpoint("last")
    assert tensors["w"].shape == (40, 16)
    assert notes["epoch"] >= 2
    (summary,) = list_records(tmp_path)
    assert summary.status == "stopped"

    with Recorder("killed", runs_dir=tmp_path, run_id="killed", resume=True) as again:
        again.log_metrics("student", 100_000, "train", {"loss": 0.0})
    record = open_record(tmp_path / "killed")
    assert record.status == "finished"
    assert len(record.metrics) == len(logged) + 1
    assert not list(record.path.rglob(".*")), "leftovers of the killed writer remain"


@pytest.mark.slow
def test_a_second_writer_in_the_same_process_is_refused(tmp_path: Path) -> None:
    first = write_record(tmp_path, run_id="one", finish=False)
    with pytest.raises(RecordError, match="is being written by another process"):
        Recorder("second", runs_dir=tmp_path, run_id="one")
    first.finish()
    with pytest.raises(RecordError, match="another run_id"):
        Recorder("second", runs_dir=tmp_path, run_id="one")
    with pytest.raises(RecordError, match="finished"):
        Recorder("second", runs_dir=tmp_path, run_id="one", resume=True)
    assert [f.name for f in tmp_path.iterdir()] == ["one"]


def test_run_ids_are_readable_and_unique(tmp_path: Path) -> None:
    options = {"runs_dir": tmp_path, "corpus": "digits", "method": "kd+pkdot", "seed": 7}
    recorders = [Recorder("twin", **options) for _ in range(3)]  # type: ignore[arg-type]
    names = [recorder.run_id for recorder in recorders]
    for recorder in recorders:
        recorder.finish()
    assert len(set(names)) == 3
    assert all("-digits-kd-pkdot-seed7" in name for name in names)
    assert sorted(names) == sorted(f.name for f in tmp_path.iterdir())


def test_a_failure_is_kept_and_an_interrupt_is_no_failure(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="out of memory"),
        Recorder("a", runs_dir=tmp_path, run_id="a"),
    ):
        raise RuntimeError("CUDA out of memory\n  while allocating")
    with pytest.raises(KeyboardInterrupt), Recorder("b", runs_dir=tmp_path, run_id="b"):
        raise KeyboardInterrupt
    failed, stopped = open_record(tmp_path / "a"), open_record(tmp_path / "b")
    assert failed.status == "failed"
    assert failed.sentence == ("This run failed: RuntimeError: CUDA out of memory while allocating")
    assert stopped.status == "stopped"


def test_a_closed_record_takes_nothing_more(tmp_path: Path) -> None:
    recorder = write_record(tmp_path)
    for call in (
        lambda: recorder.log_metrics("student", 0, "train", {"loss": 0.0}),
        lambda: recorder.log_embeddings(0, teacher=np.ones((N, 2)), student=np.ones((N, 2))),
        recorder.flush,
        recorder.finish,
    ):
        with pytest.raises(RecordError, match="is closed"):
            call()


def test_tensors_of_any_kind_are_kept(tmp_path: Path) -> None:
    z = torch.randn(6, 3, requires_grad=True)
    tied = torch.ones(4)
    with Recorder("torch", runs_dir=tmp_path) as recorder:
        recorder.log_embeddings(0, teacher=z.double(), student=z.to(torch.bfloat16))
        recorder.log_checkpoint("tied", {"a": tied, "b": tied, "c": z.t()})
        recorder.log_checkpoint("half", {"a": tied.to(torch.bfloat16)})
    record = open_record(recorder.path)
    np.testing.assert_allclose(record.embeddings(0).teacher, z.detach().numpy(), rtol=1e-6)
    assert record.embeddings(0).student.dtype == np.float32
    np.testing.assert_array_equal(record.checkpoint("tied")[0]["c"], z.t().detach().numpy())
    half = record.checkpoint("half")[0]["a"]
    assert (half.dtype, half.tolist()) == (np.float32, [1.0] * 4)


def test_a_teacher_that_changes_is_stored_again_and_one_that_does_not_is_not(
    tmp_path: Path,
) -> None:
    still, moved = np.ones((5, 40)), np.full((5, 40), 2.0)
    with Recorder("teacher", runs_dir=tmp_path) as recorder:
        for epoch, teacher in ((0, still), (1, still), (2, moved), (3, moved)):
            recorder.log_embeddings(epoch, teacher=teacher, student=still)
        with pytest.raises(InputError, match="epoch 1 shares"):
            recorder.log_embeddings(0, teacher=moved, student=still)
        recorder.log_embeddings(0, teacher=still, student=moved)
        recorder.log_embeddings(3, teacher=still, student=moved)
    record = open_record(recorder.path)
    files = record.path / "embeddings"
    sizes = [(files / f"epoch_000{epoch}.safetensors").stat().st_size for epoch in range(4)]
    assert sizes[1] < 0.7 * sizes[0]
    pairs = [record.embeddings(epoch) for epoch in range(4)]
    assert [pair.teacher[0, 0] for pair in pairs] == [1, 1, 2, 1]
    assert [pair.student[0, 0] for pair in pairs] == [2, 1, 1, 2]


def test_metrics_reach_the_disk_at_a_sensible_rhythm(tmp_path: Path) -> None:
    with Recorder("rhythm", runs_dir=tmp_path) as recorder:
        recorder.log_metrics("student", 0, "train", {"loss": 1.0, "accuracy": float("nan")})
        assert len(open_record(recorder.path).metrics) == 2
        before = (recorder.path / "metrics.parquet").stat().st_ino
        for step in range(200):
            recorder.log_metrics("student", step, "train", {"loss": 1.0})
        written = (recorder.path / "metrics.parquet").stat().st_ino != before
        assert not written or len(open_record(recorder.path).metrics) < 201
        recorder.flush()
        assert len(open_record(recorder.path).metrics) == 201
    record = open_record(recorder.path)
    assert record.metrics["value"].isna().sum() == 1


def test_the_same_writes_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (write_record(tmp_path / name) for name in ("a", "b"))
    for file in sorted(one.path.rglob("*.*")):
        if file.is_file() and file.name != "run.json":
            other = two.path / file.relative_to(one.path)
            assert file.read_bytes() == other.read_bytes(), file.name


PROBE = Probe(["a", "b", "c"], ["x", "x", "y"], [0, 1, 0])


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda r: r.log_embeddings(0, teacher=np.ones((2, 4)), student=np.ones((2, 4))),
         "The probe has 3 samples, but 2 rows of embeddings"),
        (lambda r: r.log_embeddings(0, teacher=np.ones((3, 4)), student=np.ones((2, 4))),
         "one row a probe sample each, not 3 and 2"),
        (lambda r: r.log_embeddings(0, teacher=np.ones(3), student=np.ones((3, 1))),
         "must be a matrix"),
        (lambda r: r.log_embeddings(0.5, teacher=np.ones((3, 1)), student=np.ones((3, 1))),
         "whole number from 0"),
        (lambda r: r.log_metrics("student", -1, "train", {"loss": 0.0}), "whole number from 0"),
        (lambda r: r.log_metrics("student", float("nan"), "train", {}), "whole number from 0"),
        (lambda r: r.log_embeddings("a", teacher=np.ones((3, 1)), student=np.ones((3, 1))),
         "whole number from 0"),
        (lambda r: r.log_embeddings(0, teacher=[["a"]] * 3, student=np.ones((3, 1))),
         "matrix of numbers"),
        (lambda r: r.log_embeddings(
            0, teacher=np.ones((3, 1)), student=np.ones((3, 1)),
            batch=Batch(["a"], [0.5], np.ones((1, 1)), np.ones((1, 1)))),
         "whole numbers, -1"),
        (lambda r: r.log_embeddings(
            0, teacher=np.ones((3, 1)), student=np.ones((3, 1)),
            batch=Batch(["a"], [2], np.ones((1, 1)), np.ones((1, 1)))),
         "from 0 to 1, one a class name"),
        (lambda r: r.log_checkpoint("x", {"w": np.ones(1), "state": {"step": 1}}), "'state' is a"),
        (lambda r: r.log_checkpoint("x", {"w": "text"}), "'w' is a str"),
        (lambda r: r.finish(facts={"seconds": 5}), "seconds must be a mapping"),
        (lambda r: r.finish(maps="uamp"), "Unknown projection 'uamp'; choose pca, umap"),
        (lambda r: r.finish(1, {"note": 1}, maps=("pca", "uamp")), "Unknown projection 'uamp'"),
        (lambda r: r.finish(maps=5), "Unknown projection 5"),
        (lambda r: r.log_features(real=np.ones((3, 2)), hallucinated=np.ones((3, 4))),
         "must have one shape"),
        (lambda r: r.log_predictions(pd.DataFrame({"sample_id": ["a"]})), "lacks subject"),
        (lambda r: r.log_checkpoint("../../etc/x", {"w": np.ones(1)}), "cannot name a checkpoint"),
        (lambda r: r.log_embeddings(
            0, teacher=np.ones((3, 1)), student=np.ones((3, 1)),
            batch=Batch(["a"], [0, 1], np.ones((2, 1)), np.ones((2, 1)))),
         "as many ids as targets"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_with_a_sentence(tmp_path: Path, attempt, sentence) -> None:
    recorder = Recorder("wrong", runs_dir=tmp_path, probe=PROBE, class_names=["no", "yes"])
    with pytest.raises(InputError, match=sentence):
        attempt(recorder)
    record = open_record(recorder.path)
    assert (record.status, record.epochs, record.best_epoch) == ("running", [], None)
    assert not record.maps().size
    recorder.finish()
    assert open_record(recorder.path).best_epoch is None
    assert "note" not in open_record(recorder.path).facts


@pytest.mark.parametrize(
    ("probe", "sentence"),
    [
        (Probe(["a", "a"], ["x", "y"], [0, 1]), "must be unique"),
        (Probe(["a", "b"], ["x"], [0, 1]), "one group, target and picture a sample"),
        (Probe(["a"], ["x"], [0], np.ones((1, 4, 4))), "must be uint8"),
        (Probe(["a"], ["x"], [0], np.ones((1, 4, 4, 2), np.uint8)), "must be uint8"),
        (Probe([], [], []), "one group, target and picture a sample"),
        (Probe(["a"], ["x"], [0.5]), "whole numbers, -1"),
        (Probe(["a"], ["x"], [float("nan")]), "whole numbers, -1"),
        (Probe(["a"], ["x"], ["0"]), "whole numbers, -1"),
        (Probe(["a"], ["x"], [-2]), "from 0, or be -1"),
    ],
)
def test_wrong_probes_are_refused_and_leave_nothing(tmp_path: Path, probe, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        Recorder("wrong", runs_dir=tmp_path, probe=probe)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("run_id", ["../out", "a/b", ".hidden", ""])
def test_a_run_id_cannot_leave_its_folder(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(InputError, match="cannot name a run"):
        Recorder("x", runs_dir=tmp_path / "runs", run_id=run_id)


def test_settings_that_json_cannot_hold(tmp_path: Path) -> None:
    config = {"k": np.int64(3), "rate": float("inf"), "where": Path("data"), "sizes": (1, 2)}
    with Recorder("plain", runs_dir=tmp_path, config=config) as recorder:
        pass
    expected = {"k": 3, "rate": "inf", "where": "data", "sizes": [1, 2]}
    assert open_record(recorder.path).config == expected
    with pytest.raises(RecordError, match=r"model holds a Linear"):
        Recorder("model", runs_dir=tmp_path, config={"model": torch.nn.Linear(1, 1)})


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="PKDOT_RUNS"):
        Recorder("x", runs_dir=tmp_path / "file")


def test_a_label_beyond_the_class_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="from 0 to 1, one a class name"):
        Recorder("x", runs_dir=tmp_path, class_names="ab", probe=Probe(["a"], ["x"], [2]))
    with Recorder("x", runs_dir=tmp_path, probe=Probe(["a"], None, [2])) as recorder:
        pass
    assert list(open_record(recorder.path).probe["subject"]) == [""]


def test_a_resumed_run_keeps_what_it_said(tmp_path: Path) -> None:
    said = {
        "corpus": "faces",
        "method": "pkdot",
        "seed": 3,
        "simulated": True,
        "class_names": ["no", "yes"],
        "config": {"k": 3},
        "probe": PROBE,
    }
    place = {"runs_dir": tmp_path, "run_id": "one", "resume": True}
    facts = {"data": {"hash": "abc"}, "seconds": {"teacher": 2.0}}
    recorder = Recorder("first", runs_dir=tmp_path, run_id="one", facts=facts, **said)
    recorder.log_metrics("student", 0, "train", {"loss": 1.0})
    with pytest.raises(RuntimeError), recorder:
        raise RuntimeError("killed")
    before = open_record(tmp_path / "one")

    with pytest.raises(InputError, match="follows another probe"):
        Recorder("first", probe=Probe(["a", "b", "d"], None, [0, 1, 0]), **place)
    with pytest.raises(InputError, match="from 0 to 1"):
        Recorder("first", probe=Probe(["a", "b", "c"], None, [0, 1, 2]), **place)
    again = open_record(tmp_path / "one")
    assert again.status == "failed"
    assert again.created == before.created

    more = {"data": {"rows": 7}}
    with Recorder("second", seed=4, facts=more, probe=PROBE, **place) as recorder:
        assert open_record(recorder.path).simulated
    record = open_record(tmp_path / "one")
    assert (record.corpus, record.method, record.seed) == ("faces", "pkdot", 4)
    assert record.simulated
    assert record.class_names == ("no", "yes")
    assert record.config == {"k": 3}
    assert record.facts["data"] == {"hash": "abc", "rows": 7}
    assert record.facts["seconds"]["teacher"] == 2.0
    assert record.facts["seconds"]["total"] >= before.facts["seconds"]["total"]
    assert len(record.metrics) == 1


def test_an_epoch_logged_again_replaces_what_was_logged_before(tmp_path: Path) -> None:
    """A loop that goes on from an earlier epoch doubles no row, whoever wrote it."""
    place = {"runs_dir": tmp_path, "run_id": "one"}
    recorder = Recorder("loop", **place)
    for epoch in range(4):
        recorder.log_metrics("student", epoch, "train", {"loss": float(epoch)})
    with pytest.raises(RuntimeError), recorder:
        raise RuntimeError("killed")
    with Recorder("loop", resume=True, **place) as recorder:
        for epoch in (2, 3, 4):
            recorder.log_metrics("student", epoch, "train", {"loss": 10.0 * epoch})
    metrics = open_record(recorder.path).metrics
    assert metrics["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert metrics["value"].tolist() == [0.0, 1.0, 20.0, 30.0, 40.0]


def test_a_record_goes_back_to_a_bookmark(tmp_path: Path) -> None:
    place = {"runs_dir": tmp_path, "run_id": "one"}
    z = np.ones((3, 2))
    bookmark: dict = {}
    recorder = Recorder("loop", **place)
    for epoch in range(4):
        recorder.log_metrics("student", epoch, "train", {"loss": float(epoch)})
        batch = Batch(["a", "b", "c"], [-1, -1, -1], z, z)
        recorder.log_embeddings(epoch, teacher=z, student=epoch * z, batch=batch)
        if epoch == 1:
            bookmark = json.loads(json.dumps(recorder.bookmark()))
    with pytest.raises(RuntimeError), recorder:
        raise RuntimeError("killed")
    with Recorder("loop", resume=True, **place) as again:
        with pytest.raises(RecordError, match="lacks rows"):
            again.go_back({"metrics": 5})
        again.go_back({**bookmark, "seconds": 100.0})
        record = open_record(again.path)
        assert record.metrics["epoch"].tolist() == [0, 1]
        assert record.epochs == record.batch_epochs == [0, 1]
        again.log_embeddings(2, teacher=z, student=z)
    record = open_record(again.path)
    assert record.facts["seconds"]["total"] >= 100
    teachers = [record.path / f"embeddings/epoch_{epoch:04d}.safetensors" for epoch in (0, 2)]
    assert teachers[1].stat().st_size < teachers[0].stat().st_size, "the teacher is kept once"
    assert (record.embeddings(2).teacher == z).all()
    assert record.changed_files() == []


@pytest.mark.parametrize("facts", [{"seconds": 5}, [("a", 1)]])
def test_facts_of_the_wrong_kind_are_refused_before_the_training(tmp_path: Path, facts) -> None:
    with pytest.raises(InputError, match="must be a mapping"):
        Recorder("x", runs_dir=tmp_path, facts=facts)
    assert list(tmp_path.iterdir()) == []


def test_a_map_that_cannot_be_drawn_does_not_fail_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    z = np.random.default_rng(0).normal(size=(9, 3))
    recorder = Recorder("x", runs_dir=tmp_path)
    recorder.log_embeddings(0, teacher=z, student=z)
    recorder.finish(maps=("umap", "pca"))
    record = open_record(recorder.path)
    assert record.status == "finished"
    assert set(record.maps()["projection"]) == {"pca"}
    assert record.facts["maps left out"].startswith("umap: UMAP maps need umap-learn")


def _rows(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize(
    ("z", "maps", "sentence"),
    [
        (_rows(20, 1), "pca", None),
        (_rows(20, 1), "umap", "umap: UMAP needs embeddings of two dimensions"),
        (_rows(2, 4), "pca", "needs 3 probe samples or more, and this record has 2"),
        (np.ones((20, 4)), "pca", None),
        (np.ones((20, 4)), "umap", "that differ in direction"),
        (np.full((20, 4), np.nan), "pca", "pca: no logged epoch has finite embeddings"),
        (_rows(5, 3), "umap", "umap: UMAP needs at least 8 samples"),
    ],
)
def test_a_finished_training_outlives_its_maps(
    tmp_path: Path, z: np.ndarray, maps: str, sentence: str | None
) -> None:
    recorder = Recorder("x", runs_dir=tmp_path)
    recorder.log_embeddings(0, teacher=z, student=z)
    recorder.finish(maps=maps)
    record = open_record(recorder.path)
    assert record.status == "finished"
    if sentence is None:
        assert np.isfinite(record.maps()[["x", "y"]]).to_numpy().all()
        assert len(record.maps()) == 2 * len(z)
    else:
        assert len(record.maps()) == 0
        assert sentence in record.facts["maps left out"]


def test_a_map_that_a_library_refuses_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(z: np.ndarray) -> np.ndarray:
        raise np.linalg.LinAlgError("SVD did not\nconverge")

    monkeypatch.setitem(projection.PROJECTIONS, "pca", refuse)
    recorder = Recorder("x", runs_dir=tmp_path)
    recorder.log_embeddings(0, teacher=_rows(9, 3), student=_rows(9, 3))
    recorder.finish()
    record = open_record(recorder.path)
    assert (record.status, record.facts["maps left out"]) == (
        "finished",
        "pca: SVD did not converge",
    )


def test_a_single_map_may_be_named_by_a_word(tmp_path: Path) -> None:
    z = np.random.default_rng(0).normal(size=(9, 3))
    recorder = Recorder("x", runs_dir=tmp_path)
    recorder.log_embeddings(0, teacher=z, student=z)
    recorder.finish(maps="pca")
    record = open_record(recorder.path)
    assert set(record.maps()["projection"]) == {"pca"}
    assert "maps left out" not in record.facts


def test_scores_that_are_not_finite_are_numbers_again(tmp_path: Path) -> None:
    with Recorder("x", runs_dir=tmp_path) as recorder:
        values = {"accuracy": float("nan"), "loss": float("inf"), "f1": 0.5}
        recorder.log_metrics("student", 1, "test", values)
    scores = open_record(recorder.path).scores
    assert np.isnan(scores["student accuracy"])
    assert scores["student loss"] == float("inf")
    assert scores["student f1"] == 0.5
    (summary,) = list_records(tmp_path)
    assert summary.status == "finished"
