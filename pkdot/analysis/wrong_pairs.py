"""Which share of the pairs of two views is wrong, where some pairs are known to be right.

A pair is wrong where its second view is another sample's. Nothing but the views is read: how well
they agree (:func:`agreement`), for trusted pairs, for doubtful ones, and for doubtful ones whose
partners were exchanged. The doubtful pairs are a mixture of the two others.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from scipy.stats import norm

from ..errors import InputError

Array = np.ndarray

FOLDS = 5
MOST_DIRECTIONS = 32
"""Principal directions of each view that are compared, at most."""
PERMUTATIONS = 20
FAR = 4.0
"""Standard deviations beyond which a value counts as so far: a rare pixel must not decide alone."""


@dataclass(frozen=True, eq=False)
class WrongPairs:
    """What is found about n doubtful pairs.

    Attributes:
        share: of them that is wrong, 0 to 1; NaN where the views tell nothing of one another.
        low, high: its 95 % interval.
        belief: (n,) probability that each is right; 1 where the share is not known.
        separation: how often a trusted pair agrees better than an exchanged one; 0.5 is chance.
    """

    share: float
    low: float
    high: float
    belief: Array
    separation: float


def wrong_pairs(
    first: Array, second: Array, trusted: Array, groups: Array | None = None, seed: int = 0
) -> WrongPairs:
    """Estimate how many doubtful pairs are wrong.

    With u(s) a bounded score of agreement (the probability that a trusted pair, not an exchanged
    one, agrees so well), and ū its means over trusted (T), doubtful (D) and exchanged (X) pairs,
    the share is (ū_T − ū_D) / (ū_T − ū_X), whatever u. Its interval is by the delta method, with
    means over groups. Where pairs are doubted, agreement is measured once more by what the believed
    ones have in common: wrong pairs blur it.

    Args:
        first: (N, P) first view of each pair.
        second: (N, Q) second view.
        trusted: (N,) bool, which pairs are known to be right.
        groups: (N,) of samples that resemble one another, such as a subject's; each sample by
            itself where None.
        seed: of folds and exchanges.

    Raises:
        InputError: for trusted or doubtful pairs of fewer than five groups.
    """
    rng = np.random.default_rng(seed)
    groups = np.arange(len(first)) if groups is None else np.unique(groups, return_inverse=True)[1]
    doubtful = np.flatnonzero(~trusted)
    fewest = min(len(np.unique(groups[part])) for part in (trusted, ~trusted))
    if fewest < FOLDS:
        raise InputError(
            f"Trusted and doubtful pairs of {FOLDS} groups each are needed to tell which are "
            f"wrong; there are {fewest}."
        )
    found = _estimate(first, second, trusted, groups, np.ones(len(first), dtype=bool), rng)
    if found.share > 0:
        believed = trusted.copy()
        believed[doubtful] = found.belief >= 0.5
        found = _estimate(first, second, trusted, groups, believed, rng)
    return found


def _estimate(
    first: Array,
    second: Array,
    trusted: Array,
    groups: Array,
    believed: Array,
    rng: np.random.Generator,
) -> WrongPairs:
    doubtful = np.flatnonzero(~trusted)
    own, exchanged = agreement(first, second, groups, (doubtful, believed), rng)
    slope, offset = _logistic(own[trusted], exchanged)
    right, doubt, wrong = (
        expit(offset + slope * scores) for scores in (own[trusted], own[doubtful], exchanged)
    )
    separation = _separation(own[trusted], exchanged)
    gap = right.mean() - wrong.mean()
    noise = _variance(right, groups[trusted]) + _variance(wrong[: len(doubtful)], groups[doubtful])
    if slope <= 0 or gap <= 2 * noise**0.5:
        return WrongPairs(np.nan, 0.0, 1.0, np.ones(len(doubtful)), separation)
    share = float(np.clip((right.mean() - doubt.mean()) / gap, 0, 1))
    variance = (1 - share) ** 2 * _variance(right, groups[trusted])
    variance += _variance(doubt, groups[doubtful])
    variance += share**2 * _variance(wrong[: len(doubtful)], groups[doubtful]) / PERMUTATIONS
    raw = (right.mean() - doubt.mean()) / gap
    reach = norm.ppf(0.975) * variance**0.5 / gap
    low, high = (float(np.clip(raw + side, 0, 1)) for side in (-reach, reach))
    prior = np.clip(share, 1e-6, 1 - 1e-6)
    belief = expit(offset + slope * own[doubtful] + np.log((1 - prior) / prior))
    return WrongPairs(share, low, high, belief, separation)


def agreement(
    first: Array,
    second: Array,
    groups: Array,
    pairs: tuple[Array, Array],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """How well the views of each pair agree, by canonical correlations of the other pairs.

    The score of a pair is the logarithm of how much likelier it is under two Gaussian views with
    the canonical correlations found than under independent ones. Correlations come from the pairs
    of other folds; a group lies in one fold.

    Args:
        first, second: (N, P) and (N, Q).
        groups: (N,) numbers from 0.
        pairs: places of those whose partners are exchanged; and (N,) bool, by which ones the
            correlations are found.
        rng: of folds and exchanges.

    Returns:
        Scores of the pairs, (N,), and of exchanged ones, (exchanges · doubtful,).
    """
    doubtful, believed = pairs
    fold_of_group = rng.permutation(int(groups.max()) + 1) % FOLDS
    fold = fold_of_group[groups]
    views = [_principal(first), _principal(second)]
    own, exchanged = np.empty(len(first)), np.empty((PERMUTATIONS, len(doubtful)))
    partners = np.stack([_exchanged(doubtful, rng) for _ in range(PERMUTATIONS)])
    for held in np.unique(fold):
        out = fold == held
        a, b, rho = _canonical(views[0], views[1], ~out & believed)
        own[out] = _log_ratio(a[out], b[out], rho)
        some = np.flatnonzero(out[doubtful])
        for row, partner in zip(exchanged, partners, strict=True):
            row[some] = _log_ratio(a[doubtful[some]], b[partner[some]], rho)
    return own, exchanged.reshape(-1)


def _exchanged(places: Array, rng: np.random.Generator) -> Array:
    """Another of the places for each: a cycle through a random order."""
    order = rng.permutation(len(places))
    partner = np.empty_like(places)
    partner[order] = places[np.roll(order, 1)]
    return partner


def _principal(view: Array) -> Array:
    """Standardised principal components, (N, R)."""
    view = np.asarray(view, dtype=np.float64)
    view = view - view.mean(0)
    view = np.clip(view / np.where(view.std(0) > 0, view.std(0), 1.0), -FAR, FAR)
    sizes, directions = np.linalg.eigh(view.T @ view / len(view))
    most = max(1, min(MOST_DIRECTIONS, len(view) // 10))
    kept = np.flatnonzero(sizes > 1e-9 * max(sizes[-1], 1e-300))[::-1][:most]
    return view @ directions[:, kept] / sizes[kept] ** 0.5


def _canonical(x: Array, y: Array, used: Array) -> tuple[Array, Array, Array]:
    """Canonical variates of all pairs, (N, K) each, and correlations (K,), by the used pairs."""
    whitened = []
    for view in (x, y):
        mean = view[used].mean(0)
        covariance = np.cov(view[used].T, bias=True).reshape(view.shape[1], -1)
        factor = np.linalg.cholesky(covariance + 1e-3 * np.eye(view.shape[1]))
        whitened.append(np.linalg.solve(factor, (view - mean).T).T)
    n = int(used.sum())
    u, rho, v = np.linalg.svd(whitened[0][used].T @ whitened[1][used] / n, full_matrices=False)
    # What n pairs of independent views would show in one direction, taken off as from R².
    by_chance = (x.shape[1] + y.shape[1]) / n
    rho = np.sqrt(np.clip((rho**2 - by_chance) / max(1 - by_chance, 1e-9), 0, 0.99))
    a, b = (np.clip(z, -FAR, FAR) for z in (whitened[0] @ u, whitened[1] @ v.T))
    return a, b, rho


def _log_ratio(a: Array, b: Array, rho: Array) -> Array:
    """log N(a, b; correlations ρ) − log N(a) N(b), (n,)."""
    left = 1 - rho**2
    quadratic = (rho**2 * (a**2 + b**2) - 2 * rho * a * b) / left
    return -0.5 * (np.log(left) + quadratic).sum(1)


def _logistic(right: Array, wrong: Array) -> tuple[float, float]:
    """Slope and offset of the log ratio of densities, right over wrong, as a line in the score."""
    scale = np.concatenate([right, wrong]).std() or 1.0

    def loss(line: Array) -> tuple[float, Array]:
        slope, offset = line
        above, below = offset + slope * right / scale, -offset - slope * wrong / scale
        value = -log_expit(above).mean() - log_expit(below).mean() + 1e-4 * slope**2
        left, other = expit(-above), expit(-below)
        by_slope = (other * wrong).mean() / scale - (left * right).mean() / scale
        return value, np.array([by_slope + 2e-4 * slope, other.mean() - left.mean()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return float(slope / scale), float(offset)


def _variance(values: Array, groups: Array) -> float:
    """Variance of a mean, robust to groups whose members resemble one another."""
    residuals = np.bincount(np.unique(groups, return_inverse=True)[1], values - values.mean())
    count = len(residuals)
    return float((residuals**2).sum() / len(values) ** 2 * count / max(count - 1, 1))


def _separation(right: Array, wrong: Array) -> float:
    """Area under the ROC curve of the scores."""
    place = np.searchsorted(np.sort(wrong), right, side="left")
    after = np.searchsorted(np.sort(wrong), right, side="right")
    return float((place + after).mean() / 2 / len(wrong))
