"""Results on several data sets: their mean, and the methods in order of rank."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import InputError
from .statistics import Interval, mean_interval


@dataclass(frozen=True)
class MeanAcross:
    """The mean over data sets of a mean over units.

    Attributes:
        interval: of it; ``n`` is the number of units of all data sets together.
        p: two-sided p-value of its being zero.
        means: of each data set, in the order given.
    """

    interval: Interval
    p: float
    means: tuple[float, ...]


def mean_across(groups: Sequence[ArrayLike], level: float = 0.95) -> MeanAcross:
    """Every data set counts alike; the interval is over units within them.

    Its degrees of freedom are those of Welch (1947) and Satterthwaite (1946). It says nothing of
    data sets that are not among these.

    Args:
        groups: of each data set one number a unit, (n,), n >= 2, finite.
        level: coverage, between 0 and 1.

    Raises:
        InputError: for no data set, or one of fewer than two values or one that is not finite.
    """
    if not len(groups):
        raise InputError("A mean over data sets needs one or more of them; none was given.")
    own = [mean_interval(values, level) for values in groups]
    means = tuple(one.mean for one in own)
    squares = np.array([np.var(x, ddof=1) / len(x) for x in map(np.asarray, groups)])
    error = float(np.sqrt(squares.sum())) / len(groups)
    mean, n = float(np.mean(means)), sum(one.n for one in own)
    if error <= 1e-12 * max(1.0, abs(mean)):
        return MeanAcross(Interval(mean, mean, mean, n, level), float(mean == 0), means)
    free = squares.sum() ** 2 / sum(s**2 / (one.n - 1) for s, one in zip(squares, own, strict=True))
    reach = float(stats.t.ppf((1 + level) / 2, free)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, free))
    return MeanAcross(Interval(mean, mean - reach, mean + reach, n, level), p, means)


@dataclass(frozen=True)
class Ranking:
    """Methods in order of their mean rank over blocks.

    Attributes:
        ranks: method -> mean rank, 1 for the best; the best first.
        n_blocks: how many blocks.
        p: of Friedman's test that all methods are alike, in the form of Iman and Davenport (1980).
        critical_difference: mean ranks that differ by less are not told apart (Nemenyi, 1963).
        level: 1 minus the size of both tests.
    """

    ranks: pd.Series
    n_blocks: int
    p: float
    critical_difference: float
    level: float

    @property
    def cliques(self) -> list[tuple[str, ...]]:
        """The largest groups of neighbours in rank that are not told apart, two or more each."""
        names, ranks = list(self.ranks.index), self.ranks.to_numpy()
        found: list[tuple[str, ...]] = []
        last = 0
        for first in range(len(names)):
            end = int((ranks <= ranks[first] + self.critical_difference).sum())
            if end - first > 1 and end > last:
                found.append(tuple(names[first:end]))
            last = max(last, end)
        return found


def ranking(scores: pd.DataFrame, level: float = 0.95) -> Ranking:
    """Rank methods within blocks, as Demšar (2006) does: equal scores share a rank.

    Args:
        scores: one row a block, one column a method, all finite; more is better.
        level: 1 minus the size of the tests.

    Raises:
        InputError: for fewer than two blocks or three methods, or a score that is not finite.
    """
    blocks, methods = scores.shape
    if blocks < 2 or methods < 3:
        raise InputError(
            f"A ranking needs two blocks and three methods at least; given are {blocks} and "
            f"{methods}."
        )
    if not np.isfinite(scores.to_numpy(dtype=float)).all():
        raise InputError("A ranking needs the score of every method in every block.")
    ranks = scores.rank(axis=1, ascending=False).mean().sort_values(kind="stable")
    p = 1.0
    if not scores.eq(scores.iloc[:, 0], axis=0).all(axis=None):  # else there is nothing to test
        statistic = float(stats.friedmanchisquare(*scores.to_numpy(dtype=float).T).statistic)
        room = blocks * (methods - 1) - statistic
        shape = (methods - 1, (methods - 1) * (blocks - 1))
        p = float(stats.f.sf((blocks - 1) * statistic / room, *shape)) if room > 1e-9 else 0.0
    q = float(stats.studentized_range.ppf(level, methods, np.inf)) / np.sqrt(2)
    distance = q * np.sqrt(methods * (methods + 1) / (6 * blocks))
    return Ranking(ranks, blocks, p, float(distance), level)
