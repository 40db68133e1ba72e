"""Intervals and paired tests over the unit that a corpus pins (seeds, subjects, videos)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from ..errors import InputError

RESAMPLES = 5000
SEED = 0
"""Of every bootstrap: methods meet the same draws, so that their intervals can be compared."""
MOST_DRAWN = 1_000_000
"""Numbers that a bootstrap draws at once, at most; it bounds the memory."""


def interval_columns(name: str = "mean") -> tuple[str, str, str]:
    """Names of the columns that hold an interval in a table: the mean, the lower, the upper end.

    ``difference`` gives difference, difference_low and difference_high; ``mean`` gives mean, low
    and high.
    """
    prefix = "" if name == "mean" else f"{name}_"
    return name, f"{prefix}low", f"{prefix}high"


def interval_text(mean: float, low: float, high: float, form: str) -> str:
    """``+1.2 [+0.3, +2.1]``, each number in the form given; a dash where there is no mean."""
    return f"{mean:{form}} [{low:{form}}, {high:{form}}]" if np.isfinite(mean) else "–"


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval.

    ``f"{interval:+.1f}"`` writes it as :func:`interval_text` does.

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

    def columns(self, name: str = "mean") -> dict[str, float]:
        """Its columns in a row of a table, named by :func:`interval_columns`."""
        return dict(zip(interval_columns(name), (self.mean, self.low, self.high), strict=True))

    def scaled(self, factor: float) -> "Interval":
        """The interval in another unit, e.g. 100 for percent; the factor is positive."""
        low, high = factor * self.low, factor * self.high
        return Interval(factor * self.mean, low, high, self.n, self.level)

    def __format__(self, form: str) -> str:
        return interval_text(self.mean, self.low, self.high, form)


NO_INTERVAL = Interval(np.nan, np.nan, np.nan, 0, np.nan)
"""Stands in a table where there is nothing to compare."""


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Student's t interval of a mean; of no width where all values are equal.

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
    # scipy's t.interval gives NaN where the error is zero.
    mean, error = float(x.mean()), _standard_error(x)
    reach = float(special.stdtrit(len(x) - 1, (1 + level) / 2)) * error
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
    return mean_interval(_differences(a, b), level)


def paired_p_value(a: ArrayLike, b: ArrayLike) -> float:
    """Two-sided p-value of a paired t test of mean(a - b) = 0.

    Where all differences are equal up to rounding it is 1 if they are zero, and 0 if they are not.

    Raises:
        InputError: as :func:`paired_difference` does.
    """
    differences = _differences(a, b)
    mean_interval(differences)
    if np.allclose(differences, differences[0], rtol=1e-12, atol=0):
        return 0.0 if differences.any() else 1.0
    t = differences.mean() / _standard_error(differences)
    return float(2 * special.stdtr(len(differences) - 1, -abs(t)))


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's step-down correction of several p-values, (n,) -> (n,), in the order given.

    Raises:
        InputError: for none, or a number outside 0..1.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise InputError("Holm's correction needs one or more p-values between 0 and 1.")
    # statsmodels has it, too, and collects garbage at each call: a tenth of a second or more.
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return corrected


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

    differences = _differences(a, b)
    mean_interval(differences)
    size = TTestPower().solve_power(nobs=len(differences), alpha=1 - level, power=power)
    return float(size * differences.std(ddof=1))


def resampled_mean(
    values: ArrayLike, units: ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES
) -> Interval:
    """Mean over samples that come in groups, with a percentile bootstrap over the groups.

    Whole groups are drawn, since the samples of one person are no independent witnesses.

    Args:
        values: one number a sample, (N,), e.g. 1 where the answer was right.
        units: the group of each sample (N,), e.g. its subject.
        level: coverage.
        resamples: bootstrap samples.

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
    low, high = _bootstrapped_ratio(sums, counts, level, resamples)
    return Interval(float(x.mean()), low, high, len(counts), level)


def resampled_scores(
    score: Callable[[np.ndarray], ArrayLike],
    units: ArrayLike,
    *,
    resamples: int = RESAMPLES // 10,
) -> np.ndarray:
    """Scores that are no means over samples, on bootstrap draws of whole groups.

    Args:
        score: rows (n,) of the samples, drawn with repetition -> scores (K,); computed on the same
            draws, they can be subtracted from one another.
        units: the group of each sample, (N,).
        resamples: draws.

    Returns:
        (resamples, K); NaN where a score has no value on a draw.

    Raises:
        InputError: for fewer than two groups.
    """
    names, number = np.unique(np.asarray(units), return_inverse=True)
    if len(names) < 2:
        raise InputError("An interval needs at least two groups; this is one.")
    rows = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
    rng = np.random.default_rng(SEED)
    draws = rng.integers(len(names), size=(resamples, len(names)))
    return np.array([score(np.concatenate([rows[i] for i in draw])) for draw in draws], float)


def percentile_interval(value: float, draws: np.ndarray, n: int, level: float = 0.95) -> Interval:
    """The interval of a value between the percentiles of its bootstrap draws, NaN left out.

    Args:
        value: of all units.
        draws: (resamples,).
        n: number of units.
        level: coverage.
    """
    known = draws[np.isfinite(draws)]
    ends = np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) if len(known) else (np.nan,) * 2
    return Interval(value, float(ends[0]), float(ends[1]), n, level)


def gap_closed(
    method: ArrayLike,
    alone: ArrayLike,
    teacher: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """Share of the gap between student alone and teacher that a method closes.

    The ratio of means, mean(method - alone) / mean(teacher - alone), with a percentile bootstrap
    over units; draws in which the teacher is no better than the student alone are left out.

    Args:
        method, alone, teacher: (n,) scores of the same units.
        level: coverage.
        resamples: bootstrap samples.

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
    low, high = _bootstrapped_ratio(m - s, t - s, level, resamples)
    return Interval(float((m - s).mean() / (t - s).mean()), low, high, len(m), level)


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


def _standard_error(x: np.ndarray) -> float:
    """Of the mean; scipy.stats.sem and ttest_1samp spend milliseconds on a few numbers."""
    return float(x.std(ddof=1)) / len(x) ** 0.5


def _differences(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise InputError(
            f"Paired values must come in equal number and order; given are {a.shape} and {b.shape}."
        )
    return a - b


def _bootstrapped_ratio(
    numerators: np.ndarray, denominators: np.ndarray, level: float, resamples: int
) -> tuple[float, float]:
    """Percentile interval of Σ numerators / Σ denominators over units, both (n,).

    Draws whose denominators do not sum to a positive number are left out.
    """

    def sums(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
        return np.stack([x.sum(axis), y.sum(axis)])

    drawn = stats.bootstrap(
        (numerators, denominators),
        sums,
        paired=True,
        n_resamples=resamples,
        batch=max(1, MOST_DRAWN // len(numerators)),
        method="percentile",
        random_state=np.random.default_rng(SEED),
    ).bootstrap_distribution
    above, below = drawn[:, drawn[1] > 0]
    low, high = np.quantile(above / below, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
