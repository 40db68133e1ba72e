"""Gains read from what was published: known ones, from three places, one bad file beside good."""

import os
import shutil
from pathlib import Path

import pytest

from pkdot.evidence.published import (
    KIT,
    gain_table,
    rank_methods,
    read_source,
    state_of,
    unit_gains,
)
from pkdot.evidence.score_tables import read_every_table
from tests.support.gain_files import write_sweep_file

SCORES = "seed,alone,kd,pkdot,rows,teacher\n1,50,52,55,51,90\n2,52,56,59,53,91\n3,51,54,57,52,92\n"


def evidence(runs: Path) -> Path:
    folder = runs.parent / "evidence" / "scores"
    folder.mkdir(parents=True)
    for name, text in (
        ("few-seeds100-102.csv", SCORES),
        ("numerals_wrong50-seeds100-102.csv", SCORES.replace("51,54,57", "51,58,57")),
        ("strange.csv", "a"),
        ("own-seeds100-102.csv", SCORES),
    ):
        (folder / name).write_text(text)
    return folder


def test_gains_of_a_sweep_are_those_of_its_cells(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    write_sweep_file(runs, place="blur = 0.1", records={"kd": ["a-run"]})
    source = read_source("sweeps", runs)
    rows = gain_table(source).set_index("method")
    assert rows.loc["pkdot", "gain"] == pytest.approx(6.0)  # points, by hand
    reach = 4.302653 * 1.0 / 3**0.5  # Student's t of 2 degrees of freedom times the error
    assert rows.loc["pkdot", "gain_high"] == pytest.approx(6.0 + reach, abs=1e-4)
    assert rows.loc["pkdot", ["corpus", "situation", "unit", "n"]].tolist() == [
        "digits", "blur = 0.1", "seeds", 3,
    ]  # fmt: skip
    (table,) = source.tables
    assert table.records["kd"] == (runs.parent / "sweeps" / "records" / "a-run",)
    units = unit_gains(table, "pkdot")
    assert units["unit"].tolist() == ["1", "2", "0"]
    assert units["gain"].tolist() == pytest.approx([7, 6, 5])


def test_evidence_names_its_situations_and_is_ranked_over_them(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    evidence(runs)
    source = read_source("evidence", runs)
    rows = gain_table(source)
    assert set(rows["words"]) == {"all pairs right", "50 % of the pairs without label wrong"}
    assert set(rows["method"]) == {"kd", "pkdot", "rows"}  # a teacher is no method
    ranked = rank_methods(source.tables)
    assert ranked is not None
    assert ranked[0].ranks.to_dict() == {"pkdot": 1, "kd": 2, "rows": 3}
    assert ranked[0].n_blocks == 2
    assert rank_methods(source.tables[:1]) is None
    assert ["own-seeds100-102.csv is of a regime" in text for text in source.refused] == [True]


def test_one_bad_file_costs_a_sentence_and_not_the_others(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    folder = evidence(runs)
    bad = {
        "digits_pairs-seeds1-2.csv": b"seed,alone\n1,a\n2,3\n",
        "digits_pairs-seeds1-3.csv": b"seed,alone,kd\n1,2\n2,3,4\n",
        "digits_pairs-seeds1-4.csv": b"seed,alone,kd\n1,2,1e300\n2,3,4\n",
        "digits_pairs-seeds1-5.csv": b"\x00\xff" * 50,
        "digits_pairs-seeds1-6.csv": b"seed,alone,alone\n1,2,3\n2,3,4\n",
        "digits_pairs-seeds1-7.csv": b"seed,alone,kd\n1,2,3\n1,3,4\n",
        "digits_pairs-seeds1-8.csv": b"",
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    with (folder / "digits_pairs-seeds2-3.csv").open("wb") as file:
        file.truncate(2**30)
    (folder / "digits_pairs-seeds2-4.csv").symlink_to(folder / "few-seeds100-102.csv")
    os.mkfifo(folder / "digits_pairs-seeds2-5.csv")
    source = read_source("evidence", runs)
    assert len(source.refused) == len(bad) + 4  # and one of own data
    assert all(text.endswith(".") and "\n" not in text for text in source.refused)
    assert len(source.tables) == 2


def test_an_empty_place_has_nothing_and_says_when_that_changes(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    before = state_of("sweeps", runs)
    assert not read_source("sweeps", runs)
    write_sweep_file(runs)
    assert state_of("sweeps", runs) != before
    inner = runs / "mine" / "scores"
    inner.mkdir(parents=True)
    shutil.copy(runs.parent / "sweeps" / "scores" / "digits-kd-0a1b2c.json", inner)
    keys = [table.key for table in read_source("sweeps", runs).tables]
    assert keys == ["digits-kd-0a1b2c", "digits-kd-0a1b2c (2)"]


def test_the_report_of_the_kit_is_read_whole() -> None:
    refused: list[str] = []
    tables = read_every_table(KIT, refused)
    assert len(tables) == len(list(KIT.glob("*.csv")))
    assert refused == []
    people = [table.drawn for table in tables if table.simulated]
    assert "seeds 120–122, people 5, 6, 7, 8, 9" in people
