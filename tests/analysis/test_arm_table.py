"""The table of arms: paired by seed or by subject, whatever the order of the cells."""

import numpy as np
import pandas as pd
import pytest

from pkdot.analysis.arm_table import (
    comparison_table,
    group_scores,
    on_common_groups,
    presentable,
    task_of,
    verdict,
)
from pkdot.analysis.statistics import gap_closed, paired_difference
from pkdot.errors import InputError
from pkdot.tasks import Multilabel, Regression

A = np.array([0.61, 0.55, 0.70, 0.64, 0.59])
B = np.array([0.50, 0.49, 0.63, 0.51, 0.55])


def seed_cells(**scores: np.ndarray) -> pd.DataFrame:
    """One cell an arm and seed."""
    return pd.DataFrame(
        [
            {"arm": arm, "title": arm.title(), "role": "student", "seed": seed, "accuracy": value}
            for arm, values in scores.items()
            for seed, value in enumerate(values)
        ]
    )


def test_a_gap_is_closed_where_a_teacher_is_better() -> None:
    teacher = B + np.array([0.2, 0.3, 0.1, 0.25, 0.15])
    table = comparison_table(seed_cells(alone=B, kd=A, teacher=teacher)).set_index("name")
    expected = gap_closed(A, B, teacher).columns("gap_closed")
    assert table.loc["kd", list(expected)].to_dict() == pytest.approx(expected)
    assert table.loc[["alone", "teacher"], list(expected)].isna().all(axis=None)
    worse = comparison_table(seed_cells(alone=B, kd=A, teacher=B - 0.1))
    assert worse["gap_closed"].isna().all()


def test_a_verdict_follows_its_interval() -> None:
    table = comparison_table(seed_cells(alone=B, kd=A, bad=2 * B - A, same=B[::-1]))
    assert verdict(table, "kd").startswith("Kd: +8.2 points against the student alone [")
    assert verdict(table, "kd").endswith("a gain.")
    assert verdict(table, "bad").endswith("a loss.")
    assert verdict(table, "same").endswith("not resolved.")


def test_a_table_pairs_by_seed_whatever_the_order() -> None:
    cells = seed_cells(alone=B, kd=A).sample(frac=1, random_state=1)
    cells = cells.sort_values("arm", kind="stable")
    table = comparison_table(cells).set_index("name")
    assert table.difference["kd"] == pytest.approx(100 * (A - B).mean())
    assert np.isnan(table.difference["alone"])
    assert np.isnan(table.gap_closed["kd"]), "there is no teacher to close a gap to"
    shown = presentable(comparison_table(cells)).set_index("arm")
    assert shown["against the student alone"].tolist() == ["–", "+8.2"]
    with pytest.raises(InputError, match="same seeds"):
        comparison_table(cells.iloc[1:])
    with pytest.raises(InputError, match="'svm' is not among"):
        comparison_table(cells, reference="svm")


def test_a_table_over_subjects_counts_each_subject_once() -> None:
    def cell(arm: str, seed: int, fold: int, **right: int) -> dict[str, object]:
        counts = {name: [value, 10] for name, value in right.items()}
        row = {"arm": arm, "title": arm, "role": "student", "accuracy": 0.5}
        return {**row, "seed": seed, "fold": fold, "by_group": counts}

    cells = pd.DataFrame(
        [
            cell("alone", 0, 0, ann=4, bob=6), cell("alone", 0, 1, cem=5),
            cell("alone", 1, 0, ann=6, bob=6), cell("alone", 1, 1, cem=7),
            cell("kd", 0, 0, ann=7, bob=6), cell("kd", 0, 1, cem=9),
            cell("kd", 1, 0, ann=7, bob=8), cell("kd", 1, 1, cem=9),
        ]
    )  # fmt: skip
    scores = group_scores(cells)
    assert scores["kd"].to_dict() == {"ann": 0.7, "bob": 0.7, "cem": 0.9}
    table = comparison_table(cells, unit="group").set_index("name")
    assert table["n"].tolist() == [3, 3]
    found = paired_difference([70, 70, 90], [50, 60, 60])
    assert table.loc["kd", ["difference", "difference_low"]].tolist() == pytest.approx(
        [found.mean, found.low]
    )
    with pytest.raises(InputError, match="same groups"):
        comparison_table(cells.iloc[:-1].drop(index=5), unit="group")
    with pytest.raises(InputError, match="several samples a group"):
        comparison_table(cells.drop(columns="by_group"), unit="group")


def group_cells(task: Regression | Multilabel, arms: dict[str, float]) -> pd.DataFrame:
    """One seed, twelve people of ten samples; answers are the truth with the arm's noise."""
    rng = np.random.default_rng(0)
    rows = []
    truth = task.check((rng.random((12, 10, 2)) > 0.5).astype(float))
    for arm, noise in arms.items():
        recorded = truth + noise * rng.standard_normal(truth.shape)
        tallies = {f"p{i}": task.tally(recorded[i], truth[i]) for i in range(12)}
        row = {"arm": arm, "title": arm, "role": "student", "seed": 0, "by_group": tallies}
        whole = task.tallied(list(tallies.values()))
        rows.append({**row, task.primary.name: whole, "task": task.model_dump(mode="json")})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "task", [Regression(targets=("a", "b")), Multilabel(labels=("a", "b"))], ids=lambda t: t.kind
)
def test_scores_that_are_no_means_are_drawn_group_by_group(task: Regression | Multilabel) -> None:
    cells = group_cells(task, {"alone": 0.9, "kd": 0.5, "same": 0.9, "teacher": 0.2})
    assert task_of(cells) == task
    table = comparison_table(cells, unit="group").set_index("name")
    score = task.primary
    for row, cell in zip(table.itertuples(), cells.itertuples(), strict=True):
        assert row.mean == pytest.approx(score.factor * getattr(cell, score.name)), row.Index
        assert row.low < row.mean < row.high
        assert row.n == 12
    assert table.loc["kd", "difference_low"] > 0
    assert table.loc["same", "difference_low"] < 0 < table.loc["same", "difference_high"]
    assert 0 < table.loc["kd", "gap_closed"] < 1
    assert np.isnan(table.loc["alone", "difference"])
    unit = "points" if score.percent else "CCC"
    assert f" {unit} against" in verdict(table.reset_index(), "kd", score=score)
    assert score.axis in presentable(table.reset_index(), score)
    tallies = [{"p0": cells["by_group"][0]["p0"]}, *cells["by_group"][1:]]
    with pytest.raises(InputError, match="same groups"):
        comparison_table(cells.assign(by_group=tallies), unit="group")


def test_arms_are_compared_where_all_of_them_can_answer() -> None:
    """A teacher that hears nothing in a video has no answer for it."""
    task = Regression(targets=("valence",)).model_dump(mode="json")
    rng = np.random.default_rng(0)

    def cell(arm: str, videos: str) -> dict:
        kind = Regression(targets=("valence",))
        tallies = {v: kind.tally(rng.normal(size=(9, 1)), rng.normal(size=(9, 1))) for v in videos}
        return {"arm": arm, "title": arm, "role": "student", "seed": 0, "task": task,
                "by_group": tallies}  # fmt: skip

    cells = pd.DataFrame([cell("alone", "abcd"), cell("teacher", "abd"), cell("kd", "abcd")])
    with pytest.raises(InputError, match="same groups"):
        comparison_table(cells, unit="group")
    kept, left_out = on_common_groups(cells)
    assert left_out == ["c"]
    assert comparison_table(kept, unit="group")["n"].tolist() == [3, 3, 3]
    assert set(cells["by_group"][0]) == set("abcd"), "the cells that were given stay"
    apart = pd.DataFrame([cell("alone", "ab"), cell("teacher", "cd")])
    with pytest.raises(InputError, match="No test group"):
        on_common_groups(apart)
