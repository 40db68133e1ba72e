"""Tables that a sweep leaves: what is in them, and which files are refused."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pkdot.errors import RecordError
from pkdot.experiments.sweep_tables import read_sweep, sweep_tables, write_sweep
from pkdot.tasks import Classification
from tests.support.gain_files import sweep_content

TASK = Classification().model_dump(mode="json")


def cells(**more: Any) -> pd.DataFrame:
    rows = [
        {"arm": arm, "title": arm.upper(), "role": role, "seed": seed, "task": TASK,
         "accuracy": base + seed / 100, "unit": "subject", **more}
        for arm, role, base in (("alone", "student", 0.5), ("kd", "student", 0.6),
                                ("teacher", "teacher", 0.9))
        for seed in (3, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_seeds_are_units_where_groups_are_not_known(tmp_path: Path) -> None:
    (table,) = sweep_tables(cells(), corpus="digits", simulated=False)
    assert (table.unit, table.units) == ("seeds", ("3", "1"))
    assert table.scores["kd"] == pytest.approx((0.63, 0.61))
    assert [arm.role for arm in table.arms] == ["student", "student", "teacher"]
    file = write_sweep(tmp_path, "one", [table])
    assert file is not None
    assert read_sweep(file) == [table]


def test_groups_are_units_where_every_cell_knows_them() -> None:
    own = cells()
    own["by_group"] = [{"a": [6, 10], "b": [7, 10]} for _ in range(len(own))]
    (table,) = sweep_tables(own, corpus="clips", simulated=True)
    assert (table.unit, table.units, table.simulated) == ("subjects", ("a", "b"), True)
    assert table.scores["kd"] == pytest.approx((0.6, 0.7))


def test_each_value_of_an_axis_has_a_table_with_its_own_student_alone() -> None:
    both = pd.concat([cells(**{"data.noise": noise}) for noise in (0.1, 0.2)])
    found = sweep_tables(both, corpus="digits", simulated=False, axes=["data.noise"])
    assert [table.place for table in found] == ["noise = 0.1", "noise = 0.2"]
    named = pd.concat([cells(**{"data.name": name}) for name in ("vowels", "digits")])
    found = sweep_tables(named, corpus="digits", simulated=False, axes=["data.name"])
    assert [table.corpus for table in found] == ["vowels", "digits"]


def test_what_has_no_interval_leaves_no_table(tmp_path: Path) -> None:
    own = cells()
    assert sweep_tables(own[own["seed"] == 1], corpus="digits", simulated=False) == []
    assert sweep_tables(own[own["arm"] != "alone"], corpus="digits", simulated=False) == []
    assert write_sweep(tmp_path, "none", []) is None
    assert not list(tmp_path.iterdir())


def test_an_arm_with_a_failed_cell_is_left_out() -> None:
    own = cells(failed=None)
    own.loc[own.index[-1], "failed"] = "it diverged."
    (table,) = sweep_tables(own, corpus="digits", simulated=False)
    assert [arm.name for arm in table.arms] == ["alone", "kd"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("[" * 5000, "no table of a sweep"),
        ("[]", "version"),
        ('{"version": 2}', "version"),
        ({"tables": {}}, "no list"),
        ({"tables": [1]}, "no list"),
        ({"unit": ["x"]}, "unit"),
        ({"more": 1}, "more"),
        ({"units": ["1", "1", "2"]}, "named twice"),
        ({"units": ["1"]}, "units"),
        ({"scores": {"alone": [0.5, 0.5, 0.5]}}, "not those of its arms"),
        ({"scores": {"alone": [0.5], "kd": [0.6, 0.6, 0.6]}}, "not one score"),
        ({"scores": {"alone": [0.5, None, 0.5], "kd": [0.6, 0.6, 0.6]}}, "lacks a score"),
        ({"scores": {"alone": [1e300, 0, 0], "kd": [0.6, 0.6, 0.6]}}, "none that a score has"),
        ({"task": {"kind": "magic"}}, "make no task"),
        ({"records": {"ghost": ["x"]}}, "an arm that is not there"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, changed: Any, why: str) -> None:
    content: Any = changed
    if isinstance(changed, dict):
        content = sweep_content()
        (content if "tables" in changed else content["tables"][0]).update(changed)
        content = json.dumps(content)
    file = tmp_path / "x.json"
    file.write_text(content)
    with pytest.raises(RecordError, match=why) as refused:
        read_sweep(file)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 700


def test_links_and_large_files_are_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(2**30)
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    for name, why in (("large", "1073741824 bytes"), ("link", "no file"), ("absent", "no file")):
        with pytest.raises(RecordError, match=why):
            read_sweep(tmp_path / f"{name}.json")
