"""The methods that doubt pairs by hand, in NumPy, pair by pair."""

from typing import Any

import numpy as np

Array = np.ndarray


def correlation_of_rows(teacher: Array, student: Array, weights: Array, i: int, j: int) -> float:
    """Of the teacher's sample i and the student's j, over all other samples, columns centred."""
    size = len(weights)

    def row(s: Array, own: int) -> Array:
        means = np.array([np.delete(s[:, c], c).mean() for c in range(size)])
        values = np.sqrt(weights) * (s[own] - means)
        values[own] = 0
        return values / np.linalg.norm(values)

    return float(row(teacher, i) @ row(student, j))


def mixture(p: Array, known: Array) -> Array:
    """Eight steps of EM for (1 − share) + share · a p^(a − 1)."""
    a, share = 0.3, 0.5
    for _ in range(8):
        density = share * a * p ** (a - 1)
        right = np.where(known, 1, density / (density + 1 - share))
        share = np.clip((right[~known].sum() + 0.5) / ((~known).sum() + 1), 0.02, 0.98)
        a = np.clip(right.sum() / max(-(right * np.log(p)).sum(), 1e-6), 0.02, 0.9)
    density = share * a * p ** (a - 1)
    return np.where(known, 1, (density - share * a) / (density + 1 - share))


def belief(teacher: Array, student: Array, known: Array, points: Any = None) -> Array:
    """Of each pair, from similarities (B, B) and points (B, C)."""
    size = len(known)
    found = np.ones(size)
    for _ in range(2):
        weights = (found + 0.05) / (found + 0.05).mean()
        agree = np.array(
            [
                [correlation_of_rows(teacher, student, weights, i, j) for j in range(size)]
                for i in range(size)
            ]
        )
        if points is not None:
            one, two = (x - x.mean(0) for x in points)
            one, two = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (one, two))
            agree = agree + one @ two.T
        p = np.empty(size)
        for i in range(size):
            strangers = [*np.delete(agree[i], i), *np.delete(agree[:, i], i)]
            p[i] = (1 + np.sum(np.array(strangers) >= agree[i, i])) / (2 * size - 1)
        found = mixture(p, known)
    return found


def small_losses(losses: Array) -> Array:
    """The posterior of the lower of two normal components, after eight steps of EM."""
    x = (losses - losses.min()) / (losses.max() - losses.min())
    means, shares = np.quantile(x, [0.25, 0.75]), np.array([0.5, 0.5])
    deviations = np.array([x.std(), x.std()])
    for _ in range(8):
        width = np.maximum(deviations, 1e-3)
        density = [
            shares[k] * np.exp(-0.5 * ((x - means[k]) / width[k]) ** 2) / width[k] for k in (0, 1)
        ]
        member = np.array(density) / np.sum(density, axis=0)
        total = member.sum(1)
        means = (member @ x) / total
        deviations = np.sqrt([(member[k] * (x - means[k]) ** 2).sum() / total[k] for k in (0, 1)])
        shares = np.clip(total / len(x), 0.02, 0.98)
    return member[int(means.argmin())]
