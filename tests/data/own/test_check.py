"""``check own``: what is there, what is wrong, and what training would do about it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkdot.__main__ import main
from pkdot.data import load_corpus
from pkdot.data.own import OwnSettings
from pkdot.data.own.check import CheckReport, check
from pkdot.data.own.check_text import render
from tests.support.own_files import (
    N,
    features,
    frame,
    ids,
    write_folder,
    write_npz,
    write_table,
)

ROLES: dict[str, Any] = {"prevalent": "face", "privileged": "eda"}


def report_of(path: Path, **settings: Any) -> CheckReport:
    return check(OwnSettings(path=path, **settings), progress=False)


def sentences(report: CheckReport, consequence: str) -> list[str]:
    return [f.sentence for f in report.findings if f.consequence == consequence]


def test_whole_data_are_usable_and_described(tmp_path: Path) -> None:
    report = report_of(write_table(tmp_path / "own.csv", frame(note="x")), **ROLES)
    assert (report.samples, report.groups, report.form) == (N, 12, "table")
    face, eda = report.modalities
    assert (face.name, face.role, face.kind, face.shape) == ("face", "prevalent", "vector", (4,))
    assert (eda.role, eda.samples, eda.missing, eda.damaged) == ("privileged", N, 0, 0)
    assert face.span == pytest.approx([features()["face"].min(), features()["face"].max()])
    assert report.targets[0] == {"class": "calm", "samples": 24, "share": "50.0 %"}
    assert report.unread == ("note",)
    assert report.exit_status == 0
    assert render(report).endswith("\nusable.")


def test_the_parts_are_those_that_training_gets(tmp_path: Path) -> None:
    table = frame()
    table.loc[[4, 5], ["eda.0", "eda.1", "eda.2"]] = np.nan
    table.loc[9, "target"] = ""
    path = write_table(tmp_path / "own.csv", table)
    report = report_of(path, label_fraction=0.5, **ROLES)
    corpus = load_corpus(OwnSettings(path=path, label_fraction=0.5, **ROLES), 0, progress=False)
    assert {name: part["samples"] for name, part in report.parts.items()} == {
        name: len(getattr(corpus.split, name))
        for name in ("labelled", "unlabelled", "validation", "test")
    }
    assert sentences(report, "absent") == [
        "2 samples without 'eda' (clip004, clip005); the teacher does without it there."
    ]


def test_without_roles_everything_is_read_and_the_roles_are_asked_for(tmp_path: Path) -> None:
    report = report_of(write_table(tmp_path / "own.csv"))
    assert [m.role for m in report.modalities] == ["–", "–"]
    assert render(report).endswith(
        "usable, once --prevalent and --privileged are named among face, eda."
    )


def test_every_id_that_a_side_lacks_is_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "own")
    lacking = ids()[::5].tolist()
    for name in lacking:
        (root / "face" / f"{name}.npy").rename(root / "face" / f"x-{name}.npy")
    report = report_of(root, **ROLES)
    (finding,) = (f for f in report.findings if f.consequence == "stops")
    assert set(finding.ids) == {*lacking, *(f"x-{name}" for name in lacking)}
    text = render(report)
    assert all(name in text for name in finding.ids)
    assert report.exit_status == 1
    assert text.endswith("not usable: 1 finding would stop a training.")


def test_duplicates_constants_and_dead_sensors_are_remarks(tmp_path: Path) -> None:
    values = features()
    values["face"][7] = values["face"][0]
    values["face"][:, 2] = 1.5
    signal = np.random.default_rng(0).normal(size=(N, 1, 20))
    signal[11] = 0.25
    path = write_npz(tmp_path / "own.npz", face=values["face"], eda=signal)
    notes = "\n".join(sentences(report_of(path, **ROLES), "none"))
    assert "'face' has 1 exact copy, 1 of them in another group (clip007 as clip000)" in notes
    assert "1 of the 4 values of 'face' (number 2) are the same in all samples" in notes
    assert "'eda' is one value throughout in 1 sample (clip011)" in notes


def test_damage_is_gathered_and_not_only_the_first(tmp_path: Path) -> None:
    values = features()
    values["face"][3, 1] = np.nan
    values["eda"][5, 1] = np.inf
    path = write_npz(tmp_path / "own.npz", **values, targets=np.array(["calm"] * N))
    report = report_of(path, **ROLES)
    stops = sentences(report, "stops")
    assert len(stops) == 3
    for word in ("clip003", "clip005", "of one class"):
        assert any(word in sentence for sentence in stops)
    dropped = report_of(path, drop_missing=True, **ROLES)
    assert [f.kind for f in dropped.findings if f.consequence == "left out"] == ["damaged"]
    assert [f.ids for f in dropped.findings if f.consequence == "absent"] == [("clip005",)]


def test_what_has_no_role_does_not_stop_a_training(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", poison=np.array([{}] * N))
    report = report_of(path, **ROLES)
    assert report.exit_status == 0
    assert report.modalities[-1].role == "unused"
    assert any("never unpickled" in sentence for sentence in sentences(report, "none"))
    assert report_of(path).exit_status == 1  # as long as it may have one


def test_a_group_on_both_sides_of_a_split_stops(tmp_path: Path) -> None:
    words = ["train"] * 30 + ["test"] * 18
    report = report_of(write_table(tmp_path / "own.csv", frame(split=words)), **ROLES)
    (stop,) = sentences(report, "stops")
    assert "'s07' stands in train and test" in stop
    assert report.split == "as given"


def test_values_and_labels_have_their_tables(tmp_path: Path) -> None:
    table = frame(a=np.arange(N) % 2, b=(np.arange(N) % 4 == 0).astype(int),
                  v=np.linspace(0, 1, N))  # fmt: skip
    table.loc[0, "v"] = np.nan
    path = write_table(tmp_path / "own.parquet", table)
    labels = report_of(path, target="a, b", **ROLES)
    assert [row["share of 1"] for row in labels.targets] == ["50.0 %", "25.0 %"]
    (value,) = report_of(path, target="v", **ROLES).targets
    assert (value["known"], value["missing"], value["greatest"]) == (N - 1, 1, 1.0)


# --- the command --------------------------------------------------------------------------------


def test_the_command_prints_tables_or_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_table(tmp_path / "own.csv", sep=";", decimal=",")
    words = ["check", "own", str(path), "--prevalent", "face", "--privileged", "eda"]
    assert main([*words, "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "48 samples · 12 groups" in text
    assert "read with separator ';', decimals ','" in text
    assert main([*words, "--json"]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert captured.err == ""  # no bar between a machine and its JSON
    assert found["usable"] is True
    assert found["modalities"][0]["kind"] == "vector"
    assert found["parts"]["test"] == {"samples": 8, "groups": 2}


def test_any_setting_of_own_data_is_taken_as_training_takes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = frame().rename(columns={"id": "name"})
    path = write_table(tmp_path / "own.csv", table)
    words = ["check", "own", str(path), "--prevalent", "face", "--privileged", "eda", "--json"]
    for names in (("data.id", "data.label_fraction"), ("id", "label_fraction")):
        given = [
            w for n, v in zip(names, ("name", 0.5), strict=True) for w in ("--set", f"{n}={v}")
        ]
        assert main([*words, *given]) == 0
        parts = json.loads(capsys.readouterr().out)["parts"]
        assert parts["unlabelled"]["samples"] > 0


def test_the_command_fails_where_training_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_table(tmp_path / "own.csv", frame(target="calm"))
    assert main(["check", "own", str(path), "--quiet"]) == 1
    assert "stops:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["own", "nowhere.csv"], "There is no file or folder"),
        (["own", ".", "--strict"], "--strict is for `check biovid`"),
        (["biovid", ".", "--json"], "not for `check biovid`"),
        (["biovid", ".", "--set", "data.id=name"], "not for `check biovid`"),
        (["own", ".", "--set", "data.idd=name"], "did you mean 'id'"),
        (["own", ".", "--set", "data.id.x=name", "--set", "data.id=2"], "'id'"),
    ],
)
def test_misuse_of_the_command(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_check_writes_nothing_beside_the_data(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data" / "own")
    before = sorted(tmp_path.joinpath("data").rglob("*"))
    report_of(root, **ROLES)
    assert sorted(tmp_path.joinpath("data").rglob("*")) == before


def test_a_single_column_that_is_named_is_read(tmp_path: Path) -> None:
    path = write_table(tmp_path / "own.csv", frame(pulse=np.arange(N) / 7, age=np.arange(N) / 3))
    assert report_of(path, privileged=("pulse",)).unread == ("age",)
