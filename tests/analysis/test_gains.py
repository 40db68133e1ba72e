"""The table of gains, and its reasons, on cells made up so that the answer is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pkdot.analysis.gains import dependence, factor_table, gain_table, gains_by_seed, relation, why
from pkdot.errors import InputError
from pkdot.tasks import Classification, Regression

SEEDS = (0, 1, 2, 3)
USUAL = {"fusion": "concat", "encoder": "copied"}
WOBBLE = np.array([-0.01, 0.0, 0.01, 0.02])


def cells(problem: str, task: Any, fusion: str = "concat", **arms: np.ndarray) -> pd.DataFrame:
    rows = []
    for arm, scores in arms.items():
        for seed, score in zip(SEEDS, scores, strict=True):
            row = {"problem": problem, "problem_title": problem.title(), "fusion": fusion}
            row |= {"arm": arm, "title": arm, "seed": seed, task.primary.name: score}
            row |= {"role": "student", "task": task.model_dump(mode="json")}
            rows.append({**row, "tnet_explained": 0.2 if arm == "copied" else np.nan})
    return pd.DataFrame(rows)


def probes(problem: str, adds: float, room: float = 0.1) -> pd.DataFrame:
    rows = []
    for seed, off in zip(SEEDS, WOBBLE, strict=True):
        row = {"problem": problem, "seed": seed, "prevalent": 0.6, "privileged": 0.7}
        rows.append({**row, "adds": adds + off, "complements": off, "room": room + off})
    return pd.DataFrame(rows)


CLASSES = Classification(classes=("a", "b"))
VALUES = Regression(targets=("v",))
ALONE = np.array([0.5, 0.6, 0.55, 0.5])


def digits() -> pd.DataFrame:
    return cells(
        "digits",
        CLASSES,
        alone=ALONE,
        copied=ALONE + 0.05 + WOBBLE,
        fresh=ALONE + WOBBLE,
        teacher=ALONE + 0.2,
    )


def test_gains_are_paired_and_in_points_whatever_the_task() -> None:
    values = cells("pain", VALUES, alone=ALONE, copied=ALONE + 0.05 + WOBBLE, teacher=ALONE + 0.2)
    both = pd.concat([digits(), values], ignore_index=True)
    table = gain_table(both, pd.concat([probes("digits", 0.3), probes("pain", 0.1)]))
    assert list(table["problem"]) == ["digits", "digits", "pain"]
    assert list(table["task"]) == ["classification", "classification", "regression"]
    assert list(table["score"]) == ["accuracy", "accuracy", "CCC"]
    assert table["gain"].tolist() == pytest.approx([5.5, 0.5, 5.5])
    assert table["alone"].tolist() == pytest.approx([100 * ALONE.mean()] * 3)
    width = 3.1824 * 100 * WOBBLE.std(ddof=1) / 2  # Student's t over four seeds
    assert (table["gain_high"] - table["gain"]).tolist() == pytest.approx([width] * 3, rel=1e-3)
    assert table["teacher_gap_low"].tolist() == pytest.approx([20] * 3)
    assert table["adds"].tolist() == pytest.approx([30.5, 30.5, 10.5])
    assert table["tnet_explained"].iloc[0] == pytest.approx(0.2)
    by_seed = gains_by_seed(both)
    assert by_seed["digits", "concat", "copied"].tolist() == pytest.approx(100 * (0.05 + WOBBLE))


def row(**changes: float) -> dict[str, Any]:
    found: dict[str, Any] = {"n": 4, "tnet_explained": 0.3}
    for name, mean in {"gain": 0.0, "teacher_gap": 20.0, "adds": 30.0, "room": 10.0}.items():
        own = changes.get(name, mean)
        found |= {name: own, f"{name}_low": own - 2, f"{name}_high": own + 2}
    return found | {k: v for k, v in changes.items() if k == "tnet_explained"}


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({"gain": 5.0}, "a gain", "teacher"),
        ({"gain": -5.0}, "a loss", "nothing"),
        ({"teacher_gap": -9.0}, "leads the student alone by -9.0 [-11.0, -7.0]: nothing", "room"),
        ({"teacher_gap": 1.0}, "by +1.0 [-1.0, +3.0]: not resolved", "adds"),
        ({"adds": 0.5}, "adds to the prevalent one +0.5 [-1.5, +2.5]: not resolved", "labels"),
        ({"room": 0.0}, "all labels would give", "leads"),
        ({"tnet_explained": -0.1}, "the T-Net explains -10 %", "leads"),
        ({}, "a gain of up to +2.0 of a lead of +20.0 is not excluded", "nothing"),
    ],
)
def test_a_reason_is_said_where_its_numbers_say_so(changes: Any, said: str, unsaid: str) -> None:
    sentence = why(row(**changes))
    assert said in sentence
    assert unsaid not in sentence


def test_a_room_smaller_than_what_can_be_seen_is_a_reason() -> None:
    narrow = row() | {"gain_low": -20.0, "gain_high": 20.0}
    assert "known to ±20.0, and the room is only +10.0 [+8.0, +12.0]" in why(narrow)


def test_a_room_that_is_not_known_is_no_reason() -> None:
    unknown = row() | {"room": np.nan, "room_low": np.nan, "room_high": np.nan}
    assert "labels" not in why(unknown)


@pytest.mark.slow
def test_a_level_is_compared_with_the_usual_one_seed_by_seed() -> None:
    other = cells(
        "digits", CLASSES, fusion="gated", alone=ALONE, copied=ALONE + 0.1 + WOBBLE, teacher=ALONE
    )
    # Both factors differ from the usual: no row of its own.
    both = pd.concat([digits(), other, other.replace({"copied": "fresh"})], ignore_index=True)
    table = factor_table(gains_by_seed(both.drop_duplicates(["fusion", "arm", "seed"])), USUAL)
    assert list(zip(table["factor"], table["level"], strict=True)) == [
        ("encoder", "fresh"),
        ("fusion", "gated"),
    ]
    assert table["against"].tolist() == pytest.approx([-5, 5])
    assert table["against_low"].tolist() == pytest.approx([-5, 5]), "seeds wobble together"
    assert (table["p_holm"] < 0.05).all()
    assert "gated (digits: +5.0)" in dependence(table, "fusion")
    assert "1 of 1" in dependence(table, "encoder")
    unsure = table.assign(p_holm=0.4, resolvable=[3.0, 7.0])
    assert "no level differs" in dependence(unsure, "fusion")
    assert "7.0 points would" in dependence(unsure, "fusion")


def test_nothing_varies_without_other_levels() -> None:
    only = digits().query("arm != 'fresh'")
    compared = factor_table(gains_by_seed(only), USUAL)
    assert compared.empty
    assert "only its usual level" in dependence(compared, "fusion")


def test_ranks_follow_each_other_and_whole_problems_are_drawn() -> None:
    table = pd.DataFrame({"problem": list("aabcde"), "gain": [1, 2, 3, 4, 5, 6]})
    table["adds"] = [10, 20, 30, 40, 50, 60]
    table["flat"] = 1.0
    up = relation(table, "adds").rank
    assert (up.mean, up.n) == (pytest.approx(1), 5)
    assert relation(table.assign(adds=-table["adds"]), "adds").rank.mean == pytest.approx(-1)
    assert np.isnan(relation(table, "flat").rank.mean)
    with pytest.raises(InputError, match="three or more"):
        relation(table[:3], "adds")


def test_a_problem_without_its_probes_is_refused() -> None:
    with pytest.raises(InputError, match="no probe of each seed"):
        gain_table(digits(), probes("digits", 0.3).iloc[1:])
