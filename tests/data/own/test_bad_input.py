"""Bad input at the command line: one sentence, exit status 2, nothing written."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.__main__ import main
from tests.support.own_files import (
    N,
    features,
    frame,
    ids,
    write_folder,
    write_npz,
    write_table,
)

ROLES = ["--prevalent", "face", "--privileged", "eda"]
Write = Callable[[Path], Path]


def table(change: Callable[[pd.DataFrame], pd.DataFrame], ending: str = ".csv") -> Write:
    return lambda folder: write_table(folder / f"own{ending}", change(frame()))


def text(change: Callable[[str], str], encoding: str = "utf-8") -> Write:
    """A csv whose text is changed."""

    def write(folder: Path) -> Path:
        path = write_table(folder / "own.csv")
        path.write_bytes(change(path.read_text()).encode(encoding))
        return path

    return write


def assigned(**columns: object) -> Write:
    return table(lambda t: t.assign(**columns))


def cell(row: int, column: str, value: object) -> Write:
    def change(t: pd.DataFrame) -> pd.DataFrame:
        t = t.astype({column: object})
        t.loc[row, column] = value
        return t

    return table(change)


def arrays(**changed: object) -> Write:
    return lambda folder: write_npz(folder / "own.npz", **changed)


def folder_with(change: Callable[[Path], object]) -> Write:
    def write(folder: Path) -> Path:
        root = write_folder(folder / "own")
        change(root)
        return root

    return write


def unlink(*names: str) -> Callable[[Path], object]:
    return lambda root: [(root / name).unlink() for name in names]


def renamed(root: Path) -> None:
    """Seven files of another name."""
    for i in range(7):
        path = root / "face" / f"{ids()[i]}.npy"
        path.rename(path.with_name(f"other{i}.npy"))


def some_nan(folder: Path) -> Path:
    values = features()["face"]
    values[3, 1] = values[9, 0] = np.nan
    return write_npz(folder / "own.npz", face=values)


def both_sides(t: pd.DataFrame) -> pd.DataFrame:
    return t.assign(split=["train"] * 30 + ["test"] * 18)


def nothing(folder: Path) -> Path:
    path = folder / "own.csv"
    path.write_bytes(b"")
    return path


CASES: dict[str, tuple[Write, list[str], str]] = {
    # ids and files
    "ids that do not match": (
        folder_with(renamed), ROLES,
        "'face' and of targets.csv are not the same: 7 have no file (clip000, clip001, clip002, "
        "clip003, clip004 and 2 more) and 7 files have no line there (other0",
    ),
    "one file lacks": (folder_with(unlink("face/clip005.npy")), ROLES, "1 have no file (clip005)"),
    "two files for one id": (
        folder_with(lambda r: np.save(r / "eda" / "clip005.npy", np.zeros(3))), ROLES,
        "Sample 'clip005' has two files of 'eda' (clip005.csv and clip005.npy); keep one.",
    ),
    "ids twice": (
        table(lambda t: t.assign(id=["a", "a", *t["id"][2:]])), ROLES, "more than once (a)",
    ),
    "an empty id": (
        table(lambda t: t.assign(id=["", *t["id"][1:]])), ROLES, "have an empty id",
    ),
    "a path out of the folder": (
        assigned(photo=[f"../{name}.png" for name in ids()]),
        ["--prevalent", "photo", "--privileged", "eda"],
        "'../clip000.png' leads out of",
    ),
    "no path": (lambda f: f / "oven.csv", ROLES, "There is no file or folder"),
    "no known form": (
        lambda f: write_table(f / "own.csv").rename(f / "own.docx"), ROLES, "give a .csv, .parquet",
    ),
    "an empty folder": (lambda f: f, ROLES, "holds no samples"),
    "a folder with a table of another name": (
        lambda f: write_table(f / "labels.csv").parent, ROLES, "give the table itself",
    ),
    "no csv of ids": (
        folder_with(lambda r: write_table(r / "targets.csv", frame().drop(columns="id"))),
        ROLES, "has no column 'id', by which files are found",
    ),
    # lengths
    "lengths that differ": (
        arrays(eda=features()["eda"][:40]), ROLES,
        "'eda' of own.npz has 40 samples, targets has 48",
    ),
    "ids of another length": (arrays(ids=ids()[:40]), ROLES, "'ids' of own.npz has 40 samples"),
    # targets
    "no target": (
        table(lambda t: t.rename(columns={"target": "label"})), ROLES,
        "has no target 'target'; its other columns are label: name the target by --target.",
    ),
    "another target": (
        table(lambda t: t), [*ROLES, "--target", "tarket"], "has no target 'tarket'",
    ),
    "text where numbers are asked": (
        table(lambda t: t), [*ROLES, "--task", "regression"],
        "Target target of own.csv is text (calm) where numbers are asked",
    ),
    "a typo among numbers": (
        assigned(target=["1.5", "2,5x", *map(str, np.linspace(0, 1, N - 2))]),
        [*ROLES, "--task", "regression"], "is text (2,5x) where numbers are asked",
    ),
    "one class only": (assigned(target="calm"), ROLES, "are of one class, 'calm'"),
    "no target at all": (assigned(target=""), ROLES, "No sample of own.csv has a target"),
    "values that are no classes": (
        assigned(target=np.linspace(0, 1, N)), [*ROLES, "--task", "classification"],
        "which is no class; choose --task regression",
    ),
    "levels without an order": (table(lambda t: t), [*ROLES, "--task", "ordinal"], "no order"),
    "an unknown task": (table(lambda t: t), [*ROLES, "--task", "regresion"], "'regresion'"),
    "a constant value": (
        assigned(target=3.5), [*ROLES, "--task", "regression"], "is 3.5 everywhere",
    ),
    # groups and splits
    "a group of all samples": (assigned(group="kim"), ROLES, "Group 'kim' has all the 48 samples"),
    "a sample without a group": (cell(4, "group", ""), ROLES, "no group (rows 5)"),
    "an unknown group": (table(lambda t: t), [*ROLES, "--group", "grup"], "did you mean 'group'?"),
    "a split of another word": (assigned(split="later"), ROLES, "is 'later'; it should be train"),
    "a group on both sides": (
        table(both_sides), ROLES, "Group 's07' stands in train and test",
    ),
    # modalities
    "prevalent and privileged at once": (
        table(lambda t: t), ["--prevalent", "face", "--privileged", "eda,face"],
        "'face' cannot be prevalent and privileged at once",
    ),
    "an unknown modality": (
        table(lambda t: t), ["--prevalent", "fase", "--privileged", "eda"],
        "has no modality 'fase'; did you mean 'face'?",
    ),
    "a target as modality": (
        table(lambda t: t), ["--prevalent", "target", "--privileged", "eda"],
        "is read as id, target, group or split",
    ),
    "no privileged": (
        table(lambda t: t), ["--prevalent", "face"],
        "No privileged modality is named for own.csv; name one or more by --privileged",
    ),
    "an array of objects": (
        arrays(face=np.array([{}] * N)), ROLES, "array of Python objects, which is never unpickled",
    ),
    "targets of objects": (arrays(targets=np.array([{}] * N)), ROLES, "never unpickled"),
    "a modality of texts": (
        arrays(face=np.array(["a"] * N)), ROLES, "'face' holds <U1 and no numbers",
    ),
    "a single number": (arrays(eda=np.float32(1)), ROLES, "'eda' of own.npz is a single number"),
    "a target alone": (arrays(targets=np.int64(3)), ROLES, "give numbers or texts, (N,), (N, T)"),
    "targets of dates": (
        arrays(targets=np.arange(N).astype("M8[D]")), ROLES, "hold datetime64[D] of shape (48,)",
    ),
    "complex targets": (arrays(targets=np.ones(N) * 1j), ROLES, "hold complex128"),
    "targets of four axes": (arrays(targets=np.ones((N, 2, 2, 2))), ROLES, "(N, L, T)"),
    "groups with two axes": (
        arrays(groups=np.ones((N, 2))), ROLES, "'groups' of own.npz has shape (48, 2)",
    ),
    "a group that is NaN": (
        arrays(groups=np.where(np.arange(N) == 4, np.nan, np.arange(N))), ROLES,
        "no group (rows 5)",
    ),
    "a named group that an npz lacks": (
        arrays(groups=None), [*ROLES, "--group", "subject"], "has no array 'groups'",
    ),
    "more names than targets": (
        arrays(targets=features()["eda"][:, :2]), [*ROLES, "--target", "a,b,c"],
        "3 targets are named (a, b, c), and 'targets' of own.npz has 2",
    ),
    "one of the targets never there": (
        arrays(targets=np.c_[features()["eda"][:, 0], np.full(N, np.nan)]), ROLES,
        "No sample of own.npz has a target 'target 1'",
    ),
    "windows of other lengths": (
        arrays(targets=np.ones((N, 5, 2)), face=np.ones((N, 6, 4)), eda=np.ones((N, 5, 3))), ROLES,
        "'face' of own.npz has shape (48, 6, 4), and targets have 5 frames a sample",
    ),
    # missing numbers
    "NaN": (
        some_nan, ROLES,
        "'face' of sample 'clip003' cannot be used: it has 1 of 4 values NaN, as are clip009; mend "
        "them, or leave them out by --drop-missing",
    ),
    "an empty cell": (cell(6, "face.1", ""), ROLES, "'face' of sample 'clip006'"),
    "an infinite number": (cell(6, "face.1", "inf"), ROLES, "1 of 4 values infinite"),
    "a row without prevalent": (
        arrays(face=np.where(np.arange(N)[:, None] == 6, np.nan, features()["face"])), ROLES,
        "1 sample without 'face' (clip006)",
    ),
    # how a csv is written
    "nothing": (nothing, ROLES, "own.csv is empty"),
    "a head and no rows": (table(lambda t: t[:0]), ROLES, "has no rows"),
    "spaces": (text(lambda t: t.replace(",", " ")), ROLES, "separate columns by commas"),
    "a word among numbers": (
        cell(6, "face.1", "n.a."), ROLES,
        "holds 'n.a.' in column 'face.1', line 8, where numbers are asked",
    ),
    "columns of one name": (
        text(lambda t: t.replace("face.1", "face.0", 1)), ROLES, "several columns face.0",
    ),
    "trailing separators": (
        text(lambda t: t.replace("\n", ",\n")), ROLES, "columns without a name (11)",
    ),
    "one separator too many": (
        text(lambda t: t.replace("clip006", "clip006,,", 1)), ROLES,
        "line 8, has 12 cells where 10 columns are named",
    ),
    "a row that is cut off": (
        text(lambda t: t[: t.rindex(",")][: -20]), ROLES, "cells where 10 columns are named",
    ),
    "decimal commas between commas": (
        text(lambda t: re.sub(r"(\d)\.(\d\d)", r"\1,\2", t)),
        ROLES, "cells where 10 columns are named",
    ),
    "not UTF-8": (
        text(lambda t: t.replace("calm", "Mühe"), "latin-1"), ROLES, "is not in UTF-8",
    ),
    "UTF-16": (text(lambda t: t, "utf-16"), ROLES, "is no text in UTF-8"),
    "parquet that is none": (
        lambda f: write_table(f / "own.csv").rename(f / "own.parquet"), ROLES, "cannot be read",
    ),
    "an npz that is none": (
        lambda f: write_table(f / "own.csv").rename(f / "own.npz"), ROLES, "save it by np.savez",
    ),
    # too little
    "three samples": (table(lambda t: t[:2].assign(group=["a", "b"])), ROLES, "at least 3 groups"),
    "more folds than groups": (
        table(lambda t: t), [*ROLES, "--set", "data.protocol=kfold", "--set", "data.n_folds=20"],
        "at least 20 groups",
    ),
    "privileged never there": (
        arrays(eda=np.full((N, 3), np.nan)), ROLES, "No labelled sample has all of eda",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_run_refuses_it_in_one_sentence(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, words, sentence = CASES[case]
    (tmp_path / "data").mkdir()
    path = write(tmp_path / "data")
    runs = tmp_path / "runs"
    monkeypatch.setenv("PKDOT_RUNS", str(runs))
    assert main(["run", "--quiet", "--data", str(path), *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert said.rstrip().endswith((".", "?"))
    assert "Traceback" not in said
    assert not runs.exists()


@pytest.mark.parametrize("case", ["NaN", "a row without prevalent", "an empty cell"])
def test_drop_missing_goes_on(case: str, tmp_path: Path) -> None:
    path = CASES[case][0](tmp_path)
    words = ["--set", "training.epochs=1", "--set", "options.pkdot.k=4", "--drop-missing"]
    runs = ["--runs", str(tmp_path / "runs")]
    assert main(["run", "--quiet", "--data", str(path), *ROLES, *words, *runs]) == 0
    assert len(os.listdir(tmp_path / "runs")) == 1


@pytest.mark.parametrize("command", ["sweep", "evidence"])
def test_other_commands_refuse_it_alike(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = CASES["one class only"][0](tmp_path)
    folder = tmp_path / "folder"
    words = ["--quiet", "--data", str(path), *ROLES, "--folder", str(folder)]
    assert main([command, *words]) == 2
    assert "of one class, 'calm'" in capsys.readouterr().err
    assert not folder.exists()


def test_arguments_of_own_data_need_own_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--prevalent", "face"]) == 2
    assert "--prevalent describes own data; name them by --data PATH" in capsys.readouterr().err
