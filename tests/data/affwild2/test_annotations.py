"""Annotation files line by line: what does not parse keeps its place, and is named."""

from pathlib import Path

import numpy as np
import pytest

from pkdot.data.affwild2.annotations import read_annotation
from pkdot.data.media.damage import DamagedFile


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_lines_that_do_not_parse_are_named_and_keep_their_place(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "valence,arousal", "0.1,0.2", "0.1;0.2", "0.3", "0.5,-0.5")
    found = read_annotation(path)
    assert found.malformed == (3, 4)
    assert found.valid.tolist() == [True, False, False, True]
    np.testing.assert_allclose(found.values[3], [0.5, -0.5])
    (remark,) = found.remarks("a.txt")
    assert "a.txt: 2 rows" in remark
    assert "valence,arousal" in remark
    assert "line 3, 4)" in remark


def test_many_malformed_lines_are_counted_and_some_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "valence,arousal", *["x"] * 40, "0,0")
    (remark,) = read_annotation(path).remarks("a.txt")
    assert "40 rows" in remark
    assert "line 2, 3, 4, 5, 6, …" in remark


def test_a_damaged_first_row_is_no_header(tmp_path: Path) -> None:
    found = read_annotation(written(tmp_path / "a.txt", "0.1", "0.2,0.3", "0.4,0.5"))
    assert not found.has_header
    assert found.malformed == (1,)
    assert len(found) == 3


def test_a_whole_file_has_no_remark(tmp_path: Path) -> None:
    found = read_annotation(written(tmp_path / "a.txt", "valence,arousal", "0.1,0.2", "-5,-5"))
    assert found.remarks("a.txt") == ()
    assert found.valid.tolist() == [True, False]


@pytest.mark.parametrize(
    "lines",
    [
        ("valence;arousal", "0.1;0.2", "-5;-5", "0.5;-0.5"),
        ("valence\tarousal", "0.1\t0.2", "-5\t-5", "0.5\t-0.5"),
        ("valence,arousal,", "0.1,0.2,", "-5,-5,", "0.5,-0.5,"),
        ("valence, arousal", " 0.1, 0.2", "-5, -5 ", "0.5 ,-0.5"),
        ("Arousal,Valence", "0.2,0.1", "-5,-5", "-0.5,0.5"),
        ("0.1;0.2;", "-5;-5;", "0.5;-0.5;"),
    ],
)
def test_other_separators_and_the_other_order_are_read_right(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    found = read_annotation(written(tmp_path / "a.txt", *lines))
    assert found.malformed == ()
    np.testing.assert_equal(found.values, [[0.1, 0.2], [np.nan, np.nan], [0.5, -0.5]])


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("frame,valence,arousal", "1,0.1,0.2", "2,0.1,0.2"), "rows hold 3 numbers"),
        (("seconds;valence;arousal;", "0;0.1;0.2;", "0.04;0.1;0.2;"), "rows hold 3 numbers"),
        (("seconds,valence", "0,0.1", "0.04,0.2"), "columns are seconds, valence"),
        (("0.00,0.1", "0.04,0.2", "1.08,0.3", "1.12,0.3"), "rises from 0 to 1.12, as frames or"),
        (("1,0.1", "2,0.2", "3,0.3"), "rises from 1 to 3"),
        (("0.1", "0.2", "0.3"), "no row of two numbers, valence,arousal"),
        (("valence,arousal", "low,high"), "no row of two numbers, valence,arousal"),
    ],
)
def test_seconds_frames_and_other_columns_are_refused(
    tmp_path: Path, lines: tuple[str, ...], sentence: str
) -> None:
    """Read as they stand, they would be the ratings of other frames, or none."""
    with pytest.raises(DamagedFile, match=sentence):
        read_annotation(written(tmp_path / "a.txt", *lines))
