"""Intervals and tests, against other libraries and on cases whose answer is known."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from pkdot.analysis.statistics import (
    NO_INTERVAL,
    Interval,
    gap_closed,
    holm,
    interval_columns,
    mean_interval,
    paired_difference,
    paired_p_value,
    resampled_mean,
    resolvable_effect,
    share_explained,
)
from pkdot.errors import InputError

A = np.array([0.61, 0.55, 0.70, 0.64, 0.59])
B = np.array([0.50, 0.49, 0.63, 0.51, 0.55])


def test_an_interval_names_its_columns_and_writes_itself() -> None:
    found = Interval(1.25, -0.5, 3.0, 4, 0.95)
    assert found.columns() == {"mean": 1.25, "low": -0.5, "high": 3.0}
    assert found.columns("gain") == {"gain": 1.25, "gain_low": -0.5, "gain_high": 3.0}
    assert tuple(found.columns("gain")) == interval_columns("gain")
    assert f"{found:+.1f}" == "+1.2 [-0.5, +3.0]"
    assert f"{found.scaled(100):.0f}" == "125 [-50, 300]"
    assert f"{NO_INTERVAL:.1f}" == "–"
    assert np.isnan(list(NO_INTERVAL.columns("gain").values())).all()


def test_intervals_agree_with_statsmodels() -> None:
    low, high = DescrStatsW(A - B).tconfint_mean(0.05)
    found = paired_difference(A, B)
    assert (found.mean, found.low, found.high) == pytest.approx(((A - B).mean(), low, high))
    assert found.low > 0
    same = paired_difference(A, A[::-1])
    assert same.low < 0 < same.high


@pytest.mark.slow
def test_an_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = [
        found.low <= 0.3 <= found.high
        for found in (mean_interval(rng.normal(0.3, 1, 8)) for _ in range(2000))
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert mean_interval([0.25] * 3) == Interval(0.25, 0.25, 0.25, 3, 0.95)
    grouped = resampled_mean([0.25] * 4, [0, 0, 1, 1])
    assert (grouped.low, grouped.high, grouped.n) == (0.25, 0.25, 2)


def test_a_bootstrap_draws_whole_groups_and_the_same_ones_again() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), [1, 2, 3, 4, 5, 6] * 2)
    values = rng.normal(size=12)[groups] + 0.1 * rng.normal(size=len(groups))
    found = resampled_mean(values, groups)
    assert found == resampled_mean(values, groups)
    assert found.mean == pytest.approx(values.mean())
    sums = np.bincount(groups, weights=values)
    draws = rng.integers(0, 12, (20_000, 12))
    means = sums[draws].sum(axis=1) / np.bincount(groups)[draws].sum(axis=1)
    expected = np.quantile(means, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(expected, abs=0.03)


def test_draws_without_a_gap_are_left_out() -> None:
    found = gap_closed([0, 1, 2], [0, 0, 0], [-1, 1, 2])
    assert np.isfinite([found.low, found.high]).all()


def test_gap_closed_is_the_ratio_of_means() -> None:
    teacher = B + np.array([0.2, 0.3, 0.1, 0.25, 0.15])
    found = gap_closed(A, B, teacher)
    assert found.mean == pytest.approx((A - B).mean() / 0.2)
    assert found.low < found.mean < found.high
    assert gap_closed(teacher, B, teacher).mean == pytest.approx(1)


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
    right = np.arange(30, 60)
    assert paired_p_value(100 * (right + 5) / 297, 100 * right / 297) == 0, "up to rounding"
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
