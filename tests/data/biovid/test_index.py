"""Both layouts, both parts, and an index that is not what it should be."""

import os
import shutil
from pathlib import Path

import pytest

from pkdot.data.biovid.check import recorded_modalities
from pkdot.data.biovid.index import read_index, sex_and_age
from pkdot.data.marker import MARKER
from pkdot.errors import ConfigError, DataError
from tests.support import biovid_files as files

INDEX = Path("starting_point") / "samples.csv"


def test_owners_layout_lists_every_window_with_its_files(biovid_root: Path) -> None:
    index = read_index(biovid_root)
    assert index.layout == "owners"
    assert len(index) == files.SUBJECTS * 2 * files.WINDOWS
    assert index.simulated
    for row in index.table.itertuples():
        assert (index.root / row.video).is_file()
        assert (index.root / row.signals).is_file()
        assert row.sample.startswith(f"{row.subject}-{row.class_name}-")
        assert (row.sex, row.age) == sex_and_age(row.subject)
    assert set(index.table.class_id) == {0, 4}


def test_part_a_below_the_database_folder_has_no_facial_emg(
    biovid_root: Path, tmp_path: Path
) -> None:
    index = read_index(files.as_part(biovid_root, tmp_path, "A"), part="A")
    assert index.root == tmp_path / "PartA"
    assert recorded_modalities(index) == ("video", "eda", "ecg", "emg_trapezius")
    with pytest.raises(DataError, match="ask for part 'A'"):
        read_index(tmp_path, part="B")


def test_part_b_has_facial_emg_and_the_index_may_lie_at_the_root(
    biovid_root: Path, tmp_path: Path
) -> None:
    base = files.as_part(biovid_root, tmp_path, "B") / "PartB"
    shutil.move(base / INDEX, base / "samples.csv")
    index = read_index(tmp_path, part="B")
    assert {"emg_corrugator", "emg_zygomaticus"} <= set(recorded_modalities(index))


def test_raw_signals_are_another_folder(biovid_root: Path) -> None:
    raw = read_index(biovid_root, signals="raw").table.signals
    assert raw.str.startswith("biosignals_raw/").all()


def test_released_layout_names_the_same_windows(biovid_root: Path, released_root: Path) -> None:
    released = read_index(released_root)
    owners = read_index(biovid_root)
    assert released.layout == "released"
    assert not released.simulated  # no marker was copied
    for column in ("sample", "subject", "class_id", "age"):
        assert released.table[column].tolist() == owners.table[column].tolist()
    # annotations count from 0, files from 1
    assert set(released.table.first_frame) == {1}
    assert set(released.table.last_frame) == {138}


@pytest.mark.slow
def test_released_layout_without_annotations_lists_its_folders(
    biovid_root: Path, tmp_path: Path
) -> None:
    root = files.as_released(biovid_root, tmp_path / "released", only=3)
    (root / "annotations.txt").unlink()
    (root / "0" / "900001_m_30-PA4-001").mkdir()  # the name says PA4, the folder BL1
    index = read_index(root)
    assert len(index) == 3
    assert set(index.table.first_frame) == {-1}
    assert "disagree" in index.remarks[0]


@pytest.mark.slow
def test_lines_of_annotations_that_do_not_parse_are_counted_and_named(
    biovid_root: Path, tmp_path: Path
) -> None:
    root = files.as_released(biovid_root, tmp_path / "released", only=4)
    (root / "README.txt").write_text("No list of clips.\n")
    lines = (root / "annotations.txt").read_text().splitlines()
    lines[1] = lines[1].replace(" ", ";")
    (root / "annotations.txt").write_text("\n".join([*lines, "", "half a li"]) + "\n")
    index = read_index(root)
    assert len(index) == len(lines) - 1
    (remark,) = index.remarks
    assert "annotations.txt: 2 lines were not used, the first is line 2" in remark
    (root / "annotations.txt").write_text("\n".join(x.replace(" ", ";") for x in lines))
    index = read_index(root)  # its folders are listed instead, and that is said
    assert set(index.table.first_frame) == {-1}
    assert f"{len(lines)} lines were not used" in index.remarks[0]


def test_commas_for_tabs_in_the_index(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    files.write_table(root / INDEX, files.read_table(root / INDEX), sep=",")
    with pytest.raises(DataError, match="separated by commas"):
        read_index(root)


def test_a_renamed_column_of_the_index_is_named(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    table = files.read_table(root / INDEX).rename(columns={"subject_name": "person"})
    files.write_table(root / INDEX, table)
    with pytest.raises(DataError, match=r"subject_name; .*person"):
        read_index(root)


def test_cells_too_many_in_the_index_are_no_names_of_rows(
    biovid_root: Path, tmp_path: Path
) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    header, *lines = (root / INDEX).read_text().splitlines()
    (root / INDEX).write_text("\n".join([header, *(f"{line}\t" for line in lines)]))
    assert read_index(root).table.equals(read_index(biovid_root).table)
    (root / INDEX).write_text(
        "\n".join([header, *(f"{n}\t{line}" for n, line in enumerate(lines))])
    )
    with pytest.raises(DataError, match="its lines have 7 cells, its first line 6"):
        read_index(root)


def test_columns_are_found_by_name_not_position(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    table = files.read_table(root / INDEX)
    files.write_table(root / INDEX, table[table.columns[::-1]])
    assert read_index(root).table.equals(read_index(biovid_root).table)


def test_rows_that_are_repeated_or_of_other_classes_are_remarked(
    biovid_root: Path, tmp_path: Path
) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    table = files.read_table(root / INDEX)
    table.loc[0, "class_name"] = "HAPPY"
    table.loc[len(table)] = table.loc[5]
    files.write_table(root / INDEX, table)
    index = read_index(root)
    assert len(index) == len(table) - 2
    assert any("HAPPY" in remark for remark in index.remarks)
    assert any("more than once" in remark for remark in index.remarks)


@pytest.mark.parametrize(("arguments", "sentence"), [
    ({"part": "C"}, "part must be"),
    ({"signals": "cooked"}, "part must be"),
])  # fmt: skip
def test_misuse(biovid_root: Path, arguments: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_index(biovid_root, **arguments)  # type: ignore[arg-type]


def test_no_folder_and_no_index(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        read_index(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no index of part A"):
        read_index(tmp_path)


def test_an_index_that_is_not_text(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    (root / INDEX).write_bytes(os.urandom(4000))
    with pytest.raises(DataError, match=r"samples\.csv"):
        read_index(root)


def test_a_marker_that_cannot_be_read_still_marks(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    (root / MARKER).write_text("{")
    assert read_index(root).simulated
    (root / MARKER).unlink()
    assert not read_index(root).simulated


@pytest.mark.parametrize(("name", "expected"), [
    ("071309_w_21", ("w", 21)), ("112914_m_51", ("m", 51)), ("somebody", ("?", -1)),
])  # fmt: skip
def test_sex_and_age(name: str, expected: tuple[str, int]) -> None:
    assert sex_and_age(name) == expected
