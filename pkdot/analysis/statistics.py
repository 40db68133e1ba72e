"""Intervals and paired differences over the unit that a corpus pins (seeds, subjects, videos)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import InputError


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval.

    Attributes:
        mean: of the n units.
        low: lower end.
        high: upper end.
        n: number of units.
        level: e.g. 0.95.
    """

    mean: float
    low: float
    high: float
    n: int
    level: float


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Student's t interval of a mean.

    Args:
        values: one number a unit, (n,), n >= 2, finite.
        level: coverage, between 0 and 1.

    Raises:
        InputError: for fewer than two values or one that is not finite.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all():
        raise InputError(
            f"An interval needs at least two finite values, one a unit; given is an array of "
            f"shape {x.shape}. Run more seeds."
        )
    mean, error = float(x.mean()), float(stats.sem(x))
    reach = float(stats.t.ppf((1 + level) / 2, len(x) - 1)) * error
    return Interval(mean, mean - reach, mean + reach, len(x), level)


def paired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of mean(a - b), each pair measured on the same unit.

    Args:
        a: (n,) values of one method.
        b: (n,) values of the other, in the same order of units.
        level: coverage.

    Raises:
        InputError: if the lengths differ, or as :func:`mean_interval` does.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise InputError(
            f"Paired values must come in equal number and order; given are {a.shape} and {b.shape}."
        )
    return mean_interval(a - b, level)


def resampled_mean(
    values: ArrayLike,
    units: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 5000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of a mean over samples that come in groups.

    Whole groups are drawn, since the samples of one person are no independent witnesses.

    Args:
        values: one number a sample, (N,), e.g. 1 where the answer was right.
        units: the group of each sample (N,), e.g. its subject.
        level: coverage.
        resamples: bootstrap samples.
        seed: of the bootstrap; the same for two methods, so that intervals can be compared.

    Returns:
        ``n`` counts the groups.

    Raises:
        InputError: for unequal lengths, a value that is not finite, or fewer than two groups.
    """
    x, groups = np.asarray(values, dtype=float), np.asarray(units)
    if x.shape != groups.shape or x.ndim != 1 or not np.isfinite(x).all():
        raise InputError(
            f"A mean over groups needs one finite value and one group a sample; given are "
            f"{x.shape} and {groups.shape}."
        )
    _, number = np.unique(groups, return_inverse=True)
    counts = np.bincount(number)
    if len(counts) < 2:
        raise InputError("An interval needs at least two groups; this is one.")
    sums = np.bincount(number, weights=x)
    n = len(counts)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), resamples)
    low, high = np.quantile((draws @ sums) / (draws @ counts), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(x.mean()), float(low), float(high), n, level)


def gap_closed(
    method: ArrayLike,
    alone: ArrayLike,
    teacher: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 5000,
    seed: int = 0,
) -> Interval:
    """Share of the gap between student alone and teacher that a method closes.

    The ratio of means, mean(method - alone) / mean(teacher - alone), with a percentile bootstrap
    over units.

    Args:
        method, alone, teacher: (n,) scores of the same units.
        level: coverage.
        resamples: bootstrap samples.
        seed: of the bootstrap.

    Raises:
        InputError: if the lengths differ or the mean gap is not positive.
    """
    m, s, t = (np.asarray(v, dtype=float) for v in (method, alone, teacher))
    if not (m.shape == s.shape == t.shape) or m.ndim != 1 or len(m) < 2:
        raise InputError("The gap closed needs three equally long lists of at least two scores.")
    if (t - s).mean() <= 0:
        raise InputError(
            "The teacher is no better than the student alone: there is no gap to close."
        )
    picks = np.random.default_rng(seed).integers(0, len(m), (resamples, len(m)))
    gaps = (t - s)[picks].mean(1)
    ratios = (m - s)[picks].mean(1)[gaps > 0] / gaps[gaps > 0]
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float((m - s).mean() / (t - s).mean()), float(low), float(high), len(m), level)


def paired_p_value(a: ArrayLike, b: ArrayLike) -> float:
    """Two-sided p-value of a paired t test of mean(a - b) = 0; 1 where all pairs are equal.

    Raises:
        InputError: as :func:`paired_difference` does.
    """
    paired_difference(a, b)
    differences = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    if not differences.any():
        return 1.0
    spread = stats.sem(differences)
    if spread == 0:
        return 0.0
    return float(2 * stats.t.sf(abs(differences.mean() / spread), len(differences) - 1))


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's step-down correction of several p-values, (n,) -> (n,), in the order given.

    Raises:
        InputError: for none, or a number outside 0..1.
    """
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise InputError("Holm's correction needs one or more p-values between 0 and 1.")
    return multipletests(p, method="holm")[1]


def resolvable_effect(
    a: ArrayLike, b: ArrayLike, *, power: float = 0.8, level: float = 0.95
) -> float:
    """The mean difference that a paired t test on as many such pairs would find.

    Args:
        a, b: (n,) values of the same units; their differences' deviation is taken as the truth.
        power: probability of finding it.
        level: 1 minus the size of the two-sided test.

    Raises:
        InputError: as :func:`paired_difference` does.
    """
    from statsmodels.stats.power import TTestPower

    paired_difference(a, b)
    differences = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    size = TTestPower().solve_power(nobs=len(differences), alpha=1 - level, power=power)
    return float(size * differences.std(ddof=1))


def share_explained(
    method: ArrayLike, alone: ArrayLike, without: ArrayLike, *, level: float = 0.95
) -> Interval:
    """Share of a method's gain that goes when something is taken from its teacher.

    (gain − gain without it) / gain, the ratio of means with a percentile bootstrap over units, as
    in :func:`gap_closed`.

    Args:
        method: (n,) scores of the method.
        alone: (n,) scores of the student alone.
        without: (n,) scores of the method whose teacher lacks something.
        level: coverage.

    Raises:
        InputError: if the lengths differ or the method's mean gain is not positive.
    """
    kept = gap_closed(without, alone, method, level=level)
    return Interval(1 - kept.mean, 1 - kept.high, 1 - kept.low, kept.n, level)
