"""Names and numbers of classes in one column: refused, unless all classes are named."""

from pathlib import Path

import pytest

from pkdot.data.own.load import load
from pkdot.data.own.settings import OwnSettings
from pkdot.errors import DataError


def table(folder: Path, *targets: str) -> Path:
    path = folder / "table.csv"
    rows = [f"{target},{i},{-i}" for i, target in enumerate(targets * 4)]
    path.write_text("\n".join(["target,a,b", *rows]) + "\n")
    return path


def settings(path: Path, **more: object) -> OwnSettings:
    return OwnSettings(path=path, prevalent=("a",), privileged=("b",), **more)


def test_a_name_in_one_row_and_a_number_in_another_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "happy", "3", "sad")
    with pytest.raises(DataError, match=r"names \('?happy.* and numbers \('?3"):
        load(settings(path), 0, progress=False)


def test_both_are_taken_where_all_classes_are_named(tmp_path: Path) -> None:
    path = table(tmp_path, "none", "1", "2")
    corpus = load(settings(path, classes=("none", "1", "2")), 0, progress=False)
    assert corpus.task.class_names == ("none", "1", "2")


def test_numbers_with_a_sign_or_a_range_are_names(tmp_path: Path) -> None:
    corpus = load(settings(table(tmp_path, "0", "1", "2+", "3-5")), 0, progress=False)
    assert set(corpus.task.class_names) == {"0", "1", "2+", "3-5"}
