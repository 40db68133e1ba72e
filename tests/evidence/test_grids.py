"""Grids: alike for every method, wider than its own, and a choice at an end is noticed."""

from itertools import pairwise
from pathlib import Path

import pytest

from pkdot.distillers import available_distillers
from pkdot.evidence.contenders import find_contenders
from pkdot.evidence.grids import SIZES, ends_reached, wide_grid
from pkdot.evidence.tuning import Choice, read_choices, write_choices
from tests.support.small_campaign import SMALL


def test_the_wide_grid_reaches_ten_times_beyond_the_own_one_of_every_method() -> None:
    for name, method in available_distillers().items():
        grid = wide_grid(method.tuning)
        assert len(grid) == SIZES["wide"] == 9
        if name == "none":
            assert set(map(str, grid)) == {"{}"}
            continue
        own = [float(tried["weight"]) for tried in method.tuning]
        weights = [float(tried["weight"]) for tried in grid]
        assert weights[0] <= min(own) / 10
        assert weights[-1] >= max(own) * 10
        ratios = [b / a for a, b in pairwise(weights)]
        assert ratios == pytest.approx([4.0] * 8, rel=0.01)


def test_the_middle_of_the_wide_grid_is_that_of_the_own_one() -> None:
    assert wide_grid(({"weight": 1.0, "k": 1}, {"weight": 100.0, "k": 2}))[4] == {"weight": 10.0}
    assert wide_grid(({"weight": 0.0}, {"weight": 2.0}))[4] == {"weight": 2.0}, "0 has no place"


def test_every_contender_tries_as_many_settings_of_a_grid() -> None:
    for grid, size in SIZES.items():
        for contender in find_contenders(["kd", "pkdot", "pkdot:shared", "kd+rows"], grid):
            assert len(contender.candidates) == size
            assert len({repr(sorted(c.items())) for c in contender.candidates}) == size
    rows = find_contenders(["kd+rows"], "wide")[-1]
    assert all(set(c) == {"method", "options.rows.weight"} for c in rows.candidates)


def test_a_choice_at_an_end_of_its_grid_is_named() -> None:
    tried = [
        {"options.kd.weight": w, "options.kd.temperature": t} for w in (1, 4, 20) for t in (2, 4)
    ]
    assert ends_reached(tried[-1], tried) == ["kd.weight = 20, the largest tried"]
    assert ends_reached(tried[0], tried) == ["kd.weight = 1, the smallest tried"]
    assert ends_reached(tried[2], tried) == [], "two temperatures are no range"
    kd = find_contenders(["kd"], "wide")[-1]
    assert kd.ends(kd.candidates[0])[0].startswith("kd.weight = ")
    assert kd.ends(kd.candidates[4]) == []
    assert kd.ends(find_contenders(["kd"])[-1].candidates[0]) == [
        "kd.weight = 0.8, the smallest tried"
    ]


def test_a_choice_of_one_grid_is_known_on_the_other(tmp_path: Path) -> None:
    own, wide = (find_contenders(["kd"], grid)[-1] for grid in SIZES)
    choice = Choice("kd", own.candidates[2], (0.5,) * 6, (0.5,) * 6, (0, 1))
    write_choices(tmp_path, SMALL, {"kd": choice})
    assert read_choices(tmp_path, SMALL, [wide])["kd"].changes == own.candidates[2]
