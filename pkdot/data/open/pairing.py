"""Recordings of digits paired with pictures of digits: by class, and by nothing else."""

import numpy as np
from sklearn.datasets import load_digits

from ..digits import coarse_view

SAID = (
    "a pairing by class: each recording stands beside a picture of the same digit, and nothing "
    "else links the two; no picture is shared by two speakers"
)


def deal_pictures(classes: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """A picture of the same class for each recording; no picture serves two groups.

    The pictures of a class are shuffled and dealt out to the groups, and a group's recordings take
    its pictures in turn: where they are fewer, a picture serves several recordings of the group.

    Args:
        classes: digit of each recording, (N,).
        groups: who spoke it, (N,).
        seed: of the shuffling.

    Returns:
        (N,) numbers of pictures of scikit-learn's digits.
    """
    labels = load_digits().target
    names = sorted(set(groups.tolist()))
    chance = np.random.default_rng([seed, 0])
    dealt = np.empty(len(classes), dtype=np.int64)
    for digit in range(10):
        pictures = chance.permutation(np.flatnonzero(labels == digit))
        for place, name in enumerate(names):
            own = pictures[place :: len(names)]
            rows = np.flatnonzero((classes == digit) & (groups == name))
            dealt[rows] = own[np.arange(len(rows)) % len(own)]
    return dealt


def coarse_pictures(numbers: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Coarse views (N, 16) float32 of pictures, each with noise of its own."""
    images = load_digits().images[numbers] / 16.0
    views = coarse_view(images, noise, np.random.default_rng([seed, 1]))
    return views.reshape(-1, 16).astype(np.float32)
