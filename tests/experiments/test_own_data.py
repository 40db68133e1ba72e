"""Own data from the command line: run, sweep and evidence, and cells bound to their contents."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pkdot import ExperimentConfig, open_record, run_experiment
from pkdot.__main__ import main
from pkdot.data import pinned
from pkdot.experiments.cells import Arm
from pkdot.experiments.sweep import ALONE, run_sweep
from tests.support.own_files import N, features, frame, write_npz, write_table

ROLES = ["--prevalent", "face", "--privileged", "eda"]
SMALL = ["--set", "training.epochs=2", "--set", "options.pkdot.k=4", "--set", "network.hidden=16"]


def config_of(path: Path) -> ExperimentConfig:
    return ExperimentConfig().changed({
        "data": {"name": "own", "path": str(path), "prevalent": "face", "privileged": "eda"},
        "training.epochs": 2, "options.pkdot.k": 4,
    })  # fmt: skip


def test_run_keeps_a_record_that_can_be_run_again(tmp_path: Path) -> None:
    path = write_table(tmp_path / "own.csv")
    runs = tmp_path / "runs"
    assert main(["run", "--quiet", "--data", str(path), *ROLES, *SMALL, "--runs", str(runs)]) == 0
    (folder,) = runs.iterdir()
    content = json.loads((folder / "run.json").read_text())
    assert content["config"]["data"]["path"] == str(path)
    assert content["config"]["data"]["prevalent"] == ["face"]
    again = run_experiment(content["config"], progress=False, runs_dir=runs)
    assert again.scores == open_record(folder).scores


@pytest.mark.parametrize(
    ("target", "task", "score"),
    [("v", "regression", "student ccc"), ("a, b", "multilabel", "student map")],
)
def test_run_learns_values_and_labels(
    target: str, task: str, score: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    eda = features()["eda"]
    table = frame(v=eda[:, 0], a=(eda[:, 0] > 0).astype(int), b=(eda[:, 1] > 0).astype(int))
    path = write_table(tmp_path / "own.parquet", table)
    runs = tmp_path / "runs"
    words = ["--data", str(path), *ROLES, "--target", target, *SMALL, "--runs", str(runs)]
    assert main(["run", "--quiet", *words]) == 0
    record = open_record(next(runs.iterdir()))
    assert record.task.kind == task
    assert f"student {record.task.primary.name}" in record.scores


def test_a_sample_without_its_privileged_modality_is_trained_on(tmp_path: Path) -> None:
    values = features()
    values["eda"][::6] = float("nan")
    path = write_npz(tmp_path / "own.npz", **values)
    record = run_experiment(config_of(path), progress=False, runs_dir=tmp_path / "runs")
    assert record.facts["data"]["without"] == {"eda": N // 6}


def test_cells_of_data_that_changed_are_computed_again(tmp_path: Path) -> None:
    path, folder = write_table(tmp_path / "own.csv"), tmp_path / "cells"
    arms = [Arm("alone", "student alone", ALONE)]

    def sweep() -> pd.DataFrame:
        return run_sweep(config_of(path), arms, [0, 1], folder=folder, progress=False)

    one, same = sweep(), sweep()
    assert one.equals(same)
    assert len(list(folder.glob("*.json"))) == 2
    table = frame()
    table["target"] = table["target"].to_numpy()[::-1]
    write_table(path, table)
    sweep()
    assert len(list(folder.glob("*.json"))) == 4


def test_pinned_settings_name_the_contents_of_own_data_alone(tmp_path: Path) -> None:
    own = config_of(write_table(tmp_path / "own.csv")).data
    bound = pinned(own, progress=False)
    assert bound.contents
    assert pinned(bound) is bound
    digits = ExperimentConfig().data
    assert pinned(digits) is digits


@pytest.mark.slow
def test_sweep_over_folds_of_own_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path / "own.csv")
    small = [*SMALL[:2], "--set", "data.protocol=kfold", "--method", "kd"]
    words = ["--data", str(path), *ROLES, *small]
    kept = ["--folder", str(tmp_path / "cells"), "--csv", str(tmp_path / "cells.csv")]
    assert main(["sweep", "--quiet", "--seeds", "1", "--folds", "0", "1", *words, *kept]) == 0
    assert set(pd.read_csv(tmp_path / "cells.csv")["fold"]) == {0, 1}
    assert "teacher" in capsys.readouterr().out


def test_evidence_of_own_data_names_them_in_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    path = write_table(tmp_path / "own.csv", frame(96))
    words = ["--data", str(path), *ROLES, "--methods", "kd", "--seeds", "2", "--quiet", "--quick"]
    assert main(["evidence", "--step", "report", *words]) == 0
    report = (tmp_path / "evidence-own-quick" / "evidence.md").read_text()
    assert "## own: 96 samples, classification" in report
    assert f"python -m pkdot evidence --data {path} --prevalent face --privileged eda" in report
    assert not (tmp_path / "benchmarks").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prevalent", "privileged"),
    [("face.left", "heart rate: left"), ("values", "a/b"), ('"日本" sensor', "type")],
)
def test_any_name_of_a_modality_will_do(
    prevalent: str, privileged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = features()
    path = write_npz(tmp_path / "own.npz", **{prevalent: values["face"], privileged: values["eda"]})
    words = ["--data", str(path), "--prevalent", prevalent, "--privileged", privileged]
    assert main(["run", "--quiet", "--method", "mt_pkdot", *words, *SMALL[:2], "--runs", "r"]) == 0
    (run,) = Path("r").iterdir()
    assert main(["predict", str(run), str(path), "--quiet", "--out", "answers.csv"]) == 0
    assert len(pd.read_csv("answers.csv")) == N
    assert main(["export", str(run), "--quiet", "--out", "student.pt2"]) == 0


def test_a_single_test_sample_is_enough_and_a_single_training_sample_is_too_few(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(name: str, *parts: int) -> int:
        split = [w for w, n in zip(("train", "validation", "test"), parts, strict=True)
                 for _ in range(n)]  # fmt: skip
        table = frame(len(split), split=split).drop(columns="group")
        path = write_table(tmp_path / f"{name}.csv", table)
        return main(["run", "--data", str(path), *ROLES, *SMALL, "--quiet", "--runs",
                     str(tmp_path / name)])  # fmt: skip

    assert run("one_test", 30, 10, 1) == 0
    (folder,) = (tmp_path / "one_test").iterdir()
    assert open_record(folder).scores["student accuracy"] in (0.0, 1.0)
    capsys.readouterr()
    assert run("one_training", 1, 10, 10) == 2
    assert "1 training sample can be learnt from" in capsys.readouterr().err


@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_or_two_are_refused_in_one_sentence(
    rows: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_table(tmp_path / "few.csv", frame().head(rows))
    words = ["run", "--data", str(path), *ROLES, "--quiet", "--runs", str(tmp_path / "runs")]
    assert main(words) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("pkdot: ")
    assert not (tmp_path / "runs").exists()
