"""Results on several data sets: against scipy and published quantiles (Demšar, 2006)."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pkdot.analysis.across import mean_across, ranking
from pkdot.analysis.statistics import mean_interval
from pkdot.errors import InputError


def test_one_data_set_is_an_ordinary_mean() -> None:
    x = np.random.default_rng(0).normal(0.4, 1, 12)
    found = mean_across([x])
    np.testing.assert_allclose(
        [found.interval.low, found.interval.high], [mean_interval(x).low, mean_interval(x).high]
    )
    assert found.p == pytest.approx(stats.ttest_1samp(x, 0).pvalue)


def test_two_data_sets_are_welch_s_test() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 9), rng.normal(0.5, 3, 14)
    found = mean_across([a, -b])
    assert found.interval.mean == pytest.approx((a.mean() - b.mean()) / 2)
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue)
    assert 2 * found.interval.low == pytest.approx(welch.confidence_interval(0.95).low)
    assert found.interval.n == 23
    assert found.means == pytest.approx((a.mean(), -b.mean()))


def test_means_without_spread_have_no_width() -> None:
    found = mean_across([[1.0, 1.0], [3.0, 3.0]])
    assert (found.interval.low, found.interval.high, found.p) == (2.0, 2.0, 0.0)
    assert mean_across([[0.0, 0.0]]).p == 1.0
    with pytest.raises(InputError, match="one or more"):
        mean_across([])


@pytest.mark.parametrize(("methods", "blocks", "q"), [(4, 14, 2.569), (10, 30, 3.164)])
def test_the_critical_difference_has_the_published_quantiles(
    methods: int, blocks: int, q: float
) -> None:
    scores = pd.DataFrame(np.random.default_rng(3).random((blocks, methods)))
    expected = q * np.sqrt(methods * (methods + 1) / (6 * blocks))
    assert ranking(scores).critical_difference == pytest.approx(expected, rel=1e-3)


def test_the_test_of_all_methods_follows_friedman_s() -> None:
    rng = np.random.default_rng(4)
    scores = pd.DataFrame(rng.normal([0, 0.5, 1], 1, (12, 3)))
    found = ranking(scores)
    square = stats.friedmanchisquare(*scores.to_numpy().T).statistic
    assert stats.f.isf(found.p, 2, 22) == pytest.approx(11 * square / (24 - square))
    ties = ranking(pd.DataFrame([[1.0, 1.0, 0.0], [1.0, 0.5, 0.0]]))
    assert ties.ranks.tolist() == [1.25, 1.75, 3.0]


def test_neighbours_that_are_told_apart_share_no_clique() -> None:
    rng = np.random.default_rng(2)
    scores = pd.DataFrame(rng.normal([9, 8.9, 5, 0], 0.5, (40, 4)), columns=list("abcd"))
    found = ranking(scores)
    assert found.cliques == [("a", "b")]
    assert found.p < 1e-6
    always = ranking(pd.DataFrame([[3.0, 2.0, 1.0]] * 5))
    assert always.p == 0.0
    assert always.ranks.tolist() == [1, 2, 3]
    same = ranking(pd.DataFrame(np.ones((5, 3))))
    assert (same.p, same.cliques) == (1.0, [(0, 1, 2)])


def test_a_ranking_needs_every_score() -> None:
    with pytest.raises(InputError, match="two blocks and three methods"):
        ranking(pd.DataFrame([[1.0, 2.0]] * 3))
    with pytest.raises(InputError, match="every method in every block"):
        ranking(pd.DataFrame([[1.0, 2.0, np.nan]] * 3))
