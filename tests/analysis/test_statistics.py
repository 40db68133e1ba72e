import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from pkdot.analysis.arm_table import comparison_table, presentable, subject_scores
from pkdot.analysis.statistics import (
    gap_closed,
    holm,
    mean_interval,
    paired_difference,
    paired_p_value,
    resolvable_effect,
    share_explained,
)
from pkdot.errors import InputError

A = np.array([0.61, 0.55, 0.70, 0.64, 0.59])
B = np.array([0.50, 0.49, 0.63, 0.51, 0.55])


def test_intervals_agree_with_statsmodels() -> None:
    low, high = DescrStatsW(A - B).tconfint_mean(0.05)
    found = paired_difference(A, B)
    assert (found.mean, found.low, found.high) == pytest.approx(((A - B).mean(), low, high))
    assert found.low > 0
    same = paired_difference(A, A[::-1])
    assert same.low < 0 < same.high


def test_an_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = [
        found.low <= 0.3 <= found.high
        for found in (mean_interval(rng.normal(0.3, 1, 8)) for _ in range(2000))
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_gap_closed_is_the_ratio_of_means() -> None:
    teacher = B + np.array([0.2, 0.3, 0.1, 0.25, 0.15])
    found = gap_closed(A, B, teacher)
    assert found.mean == pytest.approx((A - B).mean() / 0.2)
    assert found.low < found.mean < found.high
    assert gap_closed(teacher, B, teacher).mean == pytest.approx(1)


def test_a_table_pairs_by_seed_whatever_the_order() -> None:
    rows = [
        {
            "arm": arm,
            "title": arm.title(),
            "role": "student",
            "seed": seed,
            "accuracy": values[seed],
        }
        for arm, values in (("alone", B), ("kd", A))
        for seed in range(5)
    ]
    cells = pd.DataFrame(rows).sample(frac=1, random_state=1).sort_values("arm", kind="stable")
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


def test_refuses_what_has_no_interval() -> None:
    with pytest.raises(InputError, match="Run more seeds"):
        mean_interval([0.5])
    with pytest.raises(InputError, match="equal number"):
        paired_difference(A, B[:4])
    with pytest.raises(InputError, match="no gap"):
        gap_closed(A, B, B)


def test_the_resolvable_effect_is_found_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    sample = stats.zscore(rng.standard_normal(20), ddof=1)
    effect = resolvable_effect(3 * sample, np.zeros(20))
    draws = rng.normal(effect, 3, (4000, 20))
    found = (stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.8, abs=0.02)


def test_p_values_and_their_correction() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 9))
    assert paired_p_value(a, b) == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert paired_p_value(a, a) == 1
    assert paired_p_value([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]) == 0, "always better by one"
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    with pytest.raises(InputError, match="between 0 and 1"):
        holm([0.1, np.nan])


def test_the_share_explained_is_what_the_gap_closed_leaves() -> None:
    rng = np.random.default_rng(0)
    alone = rng.normal(50, 2, 30)
    method, without = alone + rng.normal(8, 1, 30), alone + rng.normal(2, 1, 30)
    share = share_explained(method, alone, without)
    assert share.mean == pytest.approx(1 - (without - alone).mean() / (method - alone).mean())
    assert share.low < share.mean < share.high
    assert share_explained(method, alone, alone).mean == 1
    with pytest.raises(InputError, match="no gap"):
        share_explained(alone - 1, alone, without)


def test_a_table_over_subjects_counts_each_subject_once() -> None:
    def cell(arm: str, seed: int, fold: int, **right: int) -> dict[str, object]:
        counts = {name: [value, 10] for name, value in right.items()}
        told = {"arm": arm, "title": arm, "role": "student", "accuracy": 0.5}
        return {**told, "seed": seed, "fold": fold, "by_subject": counts}

    cells = pd.DataFrame(
        [
            cell("alone", 0, 0, ann=4, bob=6), cell("alone", 0, 1, cem=5),
            cell("alone", 1, 0, ann=6, bob=6), cell("alone", 1, 1, cem=7),
            cell("kd", 0, 0, ann=7, bob=6), cell("kd", 0, 1, cem=9),
            cell("kd", 1, 0, ann=7, bob=8), cell("kd", 1, 1, cem=9),
        ]
    )  # fmt: skip
    scores = subject_scores(cells)
    assert scores["kd"].to_dict() == {"ann": 0.7, "bob": 0.7, "cem": 0.9}
    table = comparison_table(cells, unit="subject").set_index("name")
    assert table["n"].tolist() == [3, 3]
    found = paired_difference([70, 70, 90], [50, 60, 60])
    assert table.loc["kd", ["difference", "difference_low"]].tolist() == pytest.approx(
        [found.mean, found.low]
    )
    with pytest.raises(InputError, match="same subjects"):
        comparison_table(cells.iloc[:-1].drop(index=5), unit="subject")
    with pytest.raises(InputError, match="several samples a subject"):
        comparison_table(cells.drop(columns="by_subject"), unit="subject")
