"""The comparison: against scipy and statsmodels, and where the answer is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pkdot.errors import InputError
from pkdot.evidence.comparison import (
    against_rivals,
    compare,
    head_to_head,
    room_to_help,
    unit_scores,
    verdict,
)
from pkdot.evidence.contenders import find_contenders
from tests.support.small_campaign import SMALL


def cells_of(rng: np.random.Generator, gains: dict[str, float], n: int = 12) -> pd.DataFrame:
    """Cells in which each arm is better than the student alone by its gain, in points."""
    alone = 0.5 + 0.03 * rng.standard_normal(n)
    rows = []
    for arm, gain in {"alone": 0.0, **gains}.items():
        noise = 0.01 * rng.standard_normal(n) if arm != "alone" else 0.0
        for seed, accuracy in enumerate(alone + gain / 100 + noise):
            rows.append({"arm": arm, "title": arm, "role": "student", "seed": seed})
            rows[-1] |= {"accuracy": accuracy, "seconds": 2.0}
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_the_comparison_agrees_with_scipy_and_statsmodels() -> None:
    cells = cells_of(np.random.default_rng(0), {"kd": 5.0, "rkd": 0.2, "bad": -4.0, "tnet": 1.0})
    table = compare(cells, SMALL, ["kd", "rkd", "bad"]).set_index("name")
    scores = 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy")
    raw = [stats.ttest_rel(scores[n], scores["alone"]).pvalue for n in ("kd", "rkd", "bad")]
    corrected = multipletests(raw, method="holm")[1]
    for name, p in zip(("kd", "rkd", "bad"), corrected, strict=True):
        assert table["p_holm"][name] == pytest.approx(p, rel=1e-9)
        gain = stats.ttest_rel(scores[name], scores["alone"]).confidence_interval(0.95)
        assert table["difference_low"][name] == pytest.approx(gain.low)
        assert table["difference_high"][name] == pytest.approx(gain.high)
        start = (scores[name] - scores["tnet"]).mean()
        assert table["from_start"][name] == pytest.approx(start)
    assert np.isnan(table["p_holm"]["tnet"])
    assert [verdict(table.loc[n]) for n in ("kd", "rkd", "bad", "tnet", "alone")] == [
        "resolved above zero",
        "not resolved",
        "resolved below zero",
        "",
        "",
    ]


def test_scores_are_hundredths_whatever_the_task() -> None:
    rows = [
        {"arm": "alone", "title": "alone", "role": "student", "seed": seed, "ccc": 0.5 + seed / 10}
        | {"task": {"kind": "regression", "targets": ["pain"]}}
        for seed in (0, 1)
    ]
    scores = unit_scores(pd.DataFrame(rows), "seeds")
    assert scores["alone"].to_list() == pytest.approx([50.0, 60.0])


def test_subjects_are_units_where_the_regime_says_so() -> None:
    rows = [
        {"arm": arm, "title": arm, "role": "student", "seed": seed, "accuracy": 0.5}
        | {"by_group": {"anna": [50 + gain + 10 * seed, 100], "bert": [25 + gain, 100]}}
        for arm, gain in (("alone", 0), ("kd", 25))
        for seed in (0, 1)
    ]
    scores = unit_scores(pd.DataFrame(rows), "subjects")
    assert scores["alone"].to_dict() == pytest.approx({"anna": 55.0, "bert": 25.0})
    table = compare(pd.DataFrame(rows), replace(SMALL, unit="subjects"), ["kd"]).set_index("name")
    assert table["n"]["kd"] == 2
    assert table["difference"]["kd"] == pytest.approx(25.0)
    with pytest.raises(InputError, match="do not know test groups"):
        unit_scores(cells_of(np.random.default_rng(0), {}), "subjects")


@pytest.mark.slow
def test_a_form_is_held_against_every_rival() -> None:
    gains = {"kd": 5.0, "sp": 0.0, "dist": 9.0, "rows": 5.3}
    cells = cells_of(np.random.default_rng(1), gains, n=60)
    found = against_rivals(cells, SMALL, "kd", [*gains, "rkd"]).set_index("name")
    assert list(found.index) == ["dist", "rows", "sp"], "the closest rival first, itself left out"
    scores = unit_scores(cells, "seeds")
    gap = scores["kd"] - scores["sp"]
    assert found["difference"]["sp"] == pytest.approx(gap.mean())
    half = stats.t.ppf(0.975, 59) * gap.std() / np.sqrt(60)
    assert found["difference_low"]["sp"] == pytest.approx(gap.mean() - half)
    assert found["verdict"].to_dict() == {"dist": "worse", "rows": "no worse", "sp": "better"}
    few = against_rivals(cells_of(np.random.default_rng(1), gains, n=2), SMALL, "kd", ["rows"])
    assert few["verdict"].tolist() == ["not resolved"], "two seeds settle nothing"
    assert against_rivals(cells, SMALL, "kd", ["kd"]).empty


def test_an_arm_with_a_failed_cell_is_left_out_and_room_needs_a_ceiling() -> None:
    cells = cells_of(np.random.default_rng(1), {"kd": 5.0, "ceiling": 9.0})
    cells["failed"] = np.where((cells["arm"] == "kd") & (cells["seed"] == 3), "NaN", None)
    assert "kd" not in set(compare(cells, SMALL, ["kd"])["name"])
    room = room_to_help(cells, SMALL)
    assert room
    scores = 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy")
    assert room.gain.mean == pytest.approx((scores["ceiling"] - scores["alone"]).mean())
    assert room.over == "alone"
    smooth = cells_of(np.random.default_rng(1), {"alone:smoothing": 9.0, "ceiling": 9.0})
    assert room_to_help(smooth, SMALL).over == "alone:smoothing"
    assert not room_to_help(smooth, SMALL), "a regulariser that knows nothing does as well"
    both = cells_of(np.random.default_rng(1), {"ceiling": 5.0, "posterior": 9.0})
    assert room_to_help(both, SMALL).ceiling == "posterior", "the better of two ceilings"
    with pytest.raises(InputError, match="no ceiling"):
        room_to_help(cells_of(np.random.default_rng(1), {"kd": 0.0}), SMALL)


def test_transport_meets_the_rest_head_to_head() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"arm": arm, "seed": seed, "accuracy": level + 0.01 * rng.standard_normal()}
        for arm, level in (("pkdot", 0.5), ("kd+pkdot", 0.6), ("kd", 0.55), ("sp", 0.4))
        for seed in range(8)
    ]
    cells = pd.DataFrame(rows)
    one, other, gap = head_to_head(cells, SMALL, ["pkdot", "kd+pkdot"], ["sp", "kd", "absent"])
    assert (one, other) == ("kd+pkdot", "kd")
    scores = 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy")
    paired = stats.ttest_rel(scores["kd+pkdot"], scores["kd"]).confidence_interval(0.95)
    assert (gap.low, gap.high) == pytest.approx(paired)
    assert head_to_head(cells, SMALL, ["absent"], ["kd"]) is None
    transports = {c.name for c in find_contenders() if c.transports}
    assert {"pkdot", "pkdot_identity", "kd+pkdot", "pkdot:shared"} <= transports
    assert not transports & {"kd", "dist", "rows", "kd+rows", "alone", "ceiling"}
