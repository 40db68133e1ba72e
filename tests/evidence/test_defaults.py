"""Default settings beside what tuning would have chosen."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.evidence.campaign import Campaign, Seeds
from pkdot.evidence.contenders import find_contenders
from pkdot.evidence.defaults import (
    default_name,
    default_regrets,
    default_table,
    inner_choice,
    kept_name,
)
from pkdot.evidence.regimes import REGIMES
from pkdot.evidence.score_tables import ScoreTable
from pkdot.evidence.situations import plans
from pkdot.evidence.steps import default_arms
from pkdot.evidence.tuning import Choice


def table(regime: str, **means: float) -> ScoreTable:
    """Scores on six seeds around some means, the same noise in each arm but for a little."""
    noise = np.array([-2.0, -1.0, 0.0, 0.5, 1.0, 1.5])
    own = {
        name.replace("_", "|"): mean + noise + 0.1 * np.roll(noise, place)
        for place, (name, mean) in enumerate(means.items())
    }
    return ScoreTable(plans()[regime], pd.DataFrame(own), simulated=False)


def test_a_default_is_judged_by_the_best_tuned_method() -> None:
    tables = [
        table("digits_pairs", alone=50, kd=60, sp=58, kd_default=59, sp_default=55),
        table("digits_wrong50", alone=50, kd=54, sp=56, kd_default=47, sp_default=56),
        table("digits_all", alone=50, kd=54),
    ]
    found = default_regrets(tables, ["kd", "sp"]).set_index("method")
    assert found.index.tolist() == ["sp", "kd"]
    assert found.regimes.tolist() == [2, 2]
    assert found.largest_regret.to_numpy() == pytest.approx([5, 9], abs=0.1)
    assert found["where"].tolist() == ["digits_pairs", "digits_wrong50"]
    assert found.harmed.tolist() == [0, 1]
    assert default_regrets(tables[2:], ["kd", "sp"]).empty


def test_the_inner_split_chooses_among_tuned_methods_alone() -> None:
    def choice(*scores: float | None) -> Choice:
        return Choice("", {}, scores, scores, (0, 1))

    choices = {"alone": choice(0.1), "kd": choice(0.5, None, 0.4), "sp": choice(0.45, 0.6)}
    assert inner_choice(choices, ["kd", "sp", "rows"]) == "kd"
    assert inner_choice(choices, ["rows"]) is None


def test_the_table_says_how_far_behind_with_its_interval() -> None:
    scores = {
        "alone": (50, 51, 52),
        "kd": (60, 60, 63),
        "sp": (58, 59, 60),
        default_name("sp"): (57, 59, 59),
    }
    scores[kept_name("sp")] = (50, 53, 53)
    task = {"kind": "classification", "classes": ["a", "b"]}
    cells = pd.DataFrame(
        {"arm": name, "title": name, "seed": seed, "accuracy": score / 100, "task": task}
        for name, each in scores.items()
        for seed, score in enumerate(each)
    )
    own = cells["arm"].isin([default_name("sp"), kept_name("sp")])
    found = default_table(cells[~own], cells[own], REGIMES["few"], "kd")
    (row,) = found.to_dict("records")
    assert row["difference"] == pytest.approx((7 + 8 + 7) / 3)
    assert row["behind"] == pytest.approx((3 + 1 + 4) / 3)
    assert row["behind_low"] < row["behind"] < row["behind_high"]
    assert row["kept"] == pytest.approx((7 + 6 + 6) / 3)


def test_a_default_is_the_method_with_nothing_tuned() -> None:
    found = {c.name: c.default for c in find_contenders(["kd", "self_labels:em", "kd+pkdot"])}
    assert found["kd"] == {"method": "kd"}
    assert found["self_labels:em"] == {
        "method": "self_labels",
        "options.self_labels.shares": "em",
    }
    assert found["kd+pkdot"] == {"method": "kd+pkdot"}
    assert found["alone"] is None
    assert found["ceiling"] is None


def test_wrong_pairs_are_also_kept_where_there_are_any(tmp_path: Path) -> None:
    seeds = Seeds((0,), (100, 101))
    regimes = (REGIMES["digits_wrong50"], REGIMES["digits_pairs"])
    campaign = Campaign(regimes, find_contenders(["kd"]), seeds, tmp_path)
    wrong, right = (default_arms(campaign, regime) for regime in regimes)
    assert [arm.name for arm in wrong] == [default_name("kd"), kept_name("kd")]
    assert wrong[1].changes == wrong[0].changes
    assert wrong[1].teacher == {"training.doubtful_pairs": "keep"}, "T-Net and student alike"
    assert [arm.name for arm in right] == [default_name("kd")]
