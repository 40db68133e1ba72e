"""Any modalities on either side, some of them missing, samples that are windows: whole runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import pkdot
from pkdot.data import Corpus
from pkdot.distillers import available_distillers
from pkdot.experiments.experiment import (
    drain,
    make_fabric,
    train_networks,
    train_teacher_stage,
)
from pkdot.training.loop import EpochReport
from pkdot.training.stages import TeacherStage
from tests.support.network_outputs import has_setting
from tests.support.small_config import small_config
from tests.support.small_corpora import N, small_corpus, windows_corpus

METHODS = tuple(available_distillers())
LACKING = np.r_[2:40:4, 42:70:5, 72, 77, 92, 97]
"""Labelled, unlabelled, validation and test samples without ``eda``."""


def incomplete(poison: float, **changes: Any) -> Corpus:
    """A corpus some of whose samples lack ``eda``; in its place stands something else."""
    whole = small_corpus(**changes)
    eda = np.array(whole.modalities["eda"])
    eda[LACKING] = poison
    present = np.ones(N, dtype=bool)
    present[LACKING] = False
    return replace(whole, modalities={**whole.modalities, "eda": eda}, present={"eda": present})


# --- a privileged modality that is missing for some samples ---------------------------------------


@pytest.fixture(scope="module")
def stages() -> list[tuple[Corpus, TeacherStage]]:
    """One teacher stage on zeros in the place of what is absent, one on NaN."""
    found = []
    for poison in (0.0, np.nan):
        corpus, config = incomplete(poison), small_config(training__epochs=2)
        found.append((corpus, drain(train_teacher_stage(config, corpus, make_fabric(config)))))
    return found


def test_the_teacher_stage_never_sees_what_is_absent(
    stages: list[tuple[Corpus, TeacherStage]],
) -> None:
    (corpus, zeros), (_, poisoned) = stages
    torch.testing.assert_close(
        poisoned.teacher.state_dict(), zeros.teacher.state_dict(), rtol=0, atol=0
    )
    torch.testing.assert_close(
        poisoned.tnets.state_dict(), zeros.tnets.state_dict(), rtol=0, atol=0
    )
    z = poisoned.targets.output.embedding
    assert np.array_equal(z.isfinite().all(1).numpy(), corpus.complete)


@pytest.mark.parametrize("name", METHODS)
def test_no_method_compares_a_sample_that_the_teacher_did_not_see(
    name: str, stages: list[tuple[Corpus, TeacherStage]]
) -> None:
    """NaN in the place of what is absent would stand in every loss that read it."""
    options = {name: {"k": 5}} if has_setting(name, "k") else {}
    config = small_config(training__epochs=2).changed({"method": name, "options": options})
    found = []
    for corpus, shared in stages:
        reports: list[EpochReport] = []
        trained = drain(train_networks(config, corpus, make_fabric(config), shared), reports.append)
        assert all(np.isfinite(v) for r in reports for v in r.metrics.get("train", {}).values())
        batches = [r.batch for r in reports if r.batch is not None]
        assert all(corpus.complete[batch.indices].all() for batch in batches)
        found.append(trained.student.state_dict())
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)


def test_the_task_loss_reads_samples_that_lack_a_modality() -> None:
    """Other targets of such samples alone make another student, and the same teacher."""
    config = small_config(method="none", training__epochs=2)
    one = incomplete(0.0)
    targets = one.given_targets.copy()
    targets[LACKING[:5]] = (targets[LACKING[:5]] + 1) % 3
    students, teachers = [], []
    for corpus in (one, replace(one, given_targets=targets)):
        shared = drain(train_teacher_stage(config, corpus, make_fabric(config)))
        trained = drain(train_networks(config, corpus, make_fabric(config), shared))
        students.append(trained.output.outputs)
        teachers.append(shared.targets.output.outputs)
    torch.testing.assert_close(teachers[1], teachers[0], rtol=0, atol=0)
    assert not torch.equal(students[0], students[1])


def test_a_run_says_who_lacks_what_and_scores_the_teacher_where_it_can(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    record = pkdot.run_experiment(
        small_config(training__epochs=1), incomplete(np.nan), runs_dir=tmp_path
    )
    (note,) = record.facts["notes"]
    assert note.startswith("Of the 70 training samples 16 lack 'eda'")
    assert note in capsys.readouterr().err
    table = record.predictions.set_index("sample_id")
    columns = ["teacher_0", "student_0"]
    lacking = table.loc[["clip 072", "clip 092", "clip 097"], columns]
    assert lacking["teacher_0"].isna().all()
    assert lacking["student_0"].notna().all()
    assert table["teacher_0"].isna().sum() == 4
    assert all(np.isfinite(value) for value in record.scores.values())


# --- several on each side -------------------------------------------------------------------------


class Poison:
    """Samples that nobody may read."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("a modality that is neither was read")


SHAPES = {"face": (5,), "voice": (6,), "eda": (4,), "ecg": (3,)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("tnet", ["frozen", "joint", "none"])
def test_two_prevalent_and_two_privileged(kind: str, tnet: str, tmp_path: Any) -> None:
    corpus = small_corpus(kind, SHAPES, ("face", "voice"))
    corpus = replace(corpus, modalities={**corpus.modalities, "diary": Poison()})
    config = small_config(training__epochs=2, network__tnet=tnet)
    record = pkdot.run_experiment(config, corpus, progress=False, runs_dir=tmp_path)
    weights, _ = record.checkpoint("student")
    hallucinated = {name.split(".")[1] for name in weights if name.startswith("tnets.")}
    assert hallucinated == (set() if tnet == "none" else {"eda", "ecg"})
    encoders = {name.split(".")[1] for name in weights if name.startswith("encoders.")}
    assert encoders == {"face", "voice"}
    assert record.facts["data"]["privileged"] == ["eda", "ecg"]
    if tnet != "none":
        features = record.features()
        assert features is not None
        assert features.real.shape == features.hallucinated.shape == (20, 16)
    answer = pkdot.load_student(record)(
        {name: corpus.modalities[name][corpus.split.test] for name in ("voice", "face")}
    )
    table = record.predictions.query("split == 'test'")
    told = table[[f"student_{j}" for j in range(corpus.task.output_width)]]
    np.testing.assert_allclose(answer.outputs, told, atol=1e-5)


def test_the_order_of_names_is_kept_not_sorted(tmp_path: Any) -> None:
    """A fusion joins features in the order of the names; JSON and safetensors must not sort it."""
    shapes = {"z": (5,), "a": (5,), "y": (4,), "b": (4,)}
    corpus = small_corpus("classification", shapes, ("z", "a"))
    config = small_config(training__epochs=1)
    record = pkdot.run_experiment(config, corpus, progress=False, runs_dir=tmp_path)
    student = pkdot.load_student(record.path)
    assert student.prevalent == ("z", "a")
    assert list(student.network.tnets) == ["y", "b"]


# --- windows of frames ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def windows_run(tmp_path_factory: pytest.TempPathFactory) -> pkdot.RunRecord:
    config = small_config(training__epochs=3)
    runs = tmp_path_factory.mktemp("windows")
    return pkdot.run_experiment(config, windows_corpus(), progress=False, runs_dir=runs)


@pytest.mark.slow
def test_rows_of_a_record_are_frames(windows_run: pkdot.RunRecord) -> None:
    corpus = windows_corpus()
    test = set(corpus.frame_names(corpus.split.test).ravel())
    probe = windows_run.probe
    assert 10 < len(probe) <= 20
    assert probe["sample_id"].is_unique
    assert set(probe["sample_id"]) <= test
    for epoch in windows_run.epochs:
        pair = windows_run.embeddings(epoch)
        assert pair.teacher.shape == pair.student.shape == (len(probe), 8)
    train = set(corpus.frame_names(corpus.split.train).ravel())
    batch = windows_run.batch(1)
    assert 32 < len(batch.sample_ids) <= 256
    assert set(batch.sample_ids) <= train
    assert batch.targets.shape == (len(batch.sample_ids), 2)


def test_each_frame_is_predicted_and_scored_once(windows_run: pkdot.RunRecord) -> None:
    corpus = windows_corpus()
    table = windows_run.predictions.query("split == 'test'")
    assert table["sample_id"].is_unique
    assert set(table["sample_id"]) == set(corpus.frame_names(corpus.split.test).ravel())
    for j, name in enumerate(corpus.task.names):
        known = table[[f"target_{j}", f"student_{j}"]].dropna().to_numpy()
        rmse = np.sqrt(np.square(known[:, 0] - known[:, 1]).mean())
        assert rmse == pytest.approx(windows_run.scores[f"student rmse {name}"], rel=1e-5)


def test_frames_of_the_probe_have_the_embeddings_of_their_windows(
    windows_run: pkdot.RunRecord,
) -> None:
    corpus = windows_corpus()
    student = pkdot.load_student(windows_run)
    best = windows_run.embeddings(windows_run.best_epoch or 0).student
    z = student({"face": corpus.modalities["face"][:]}).embedding.numpy()
    frames = corpus.frame_names(np.arange(N))
    for name, row in zip(windows_run.probe["sample_id"], best, strict=True):
        candidates = z[frames == name]
        assert min(np.abs(candidates - row).max(axis=1)) < 1e-5


def test_two_runs_on_windows_are_one(windows_run: pkdot.RunRecord, tmp_path: Any) -> None:
    config = small_config(training__epochs=3)
    again = pkdot.run_experiment(config, windows_corpus(), progress=False, runs_dir=tmp_path)
    pd.testing.assert_frame_equal(again.metrics, windows_run.metrics, check_exact=True)
