"""Corpora of which a seed draws who is labelled, who validates and who tests, for any bundled one.

Every sample is its own group there, as nothing in the bundled copies says who made it.
"""

import numpy as np
from pydantic import Field

from ..errors import DataError
from ..settings import Settings
from .corpus import IndexArray, Split


class DrawnSettings(Settings):
    """How many samples serve what. A corpus adds its name and what is its own."""

    name: str
    n_labelled: int = Field(100, ge=10, description="training samples with a label")
    n_unlabelled: int = Field(900, ge=0, description="training samples in pairs without a label")
    n_validation: int = Field(100, ge=10, description="labelled samples of the inner split")
    label_noise: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of given labels (training and validation) replaced by a wrong one",
    )

    @property
    def has_unlabelled(self) -> bool:
        """Whether there are training samples without a label."""
        return self.n_unlabelled > 0

    @property
    def is_simulated(self) -> bool:
        """Whether a simulator makes the data."""
        return False


def draw_split(
    labels: np.ndarray,
    settings: DrawnSettings,
    rng: np.random.Generator,
    *,
    what: str,
    test: IndexArray | None = None,
) -> Split:
    """Labelled and validating samples with classes as even as they come, then unlabelled ones.

    Args:
        labels: (N,) classes.
        settings: how many of each.
        rng: draws them.
        what: the samples, in words, e.g. ``digits``.
        test: samples that test and serve nothing else; all that are left over where None.

    Raises:
        DataError: if there are too few samples.
    """
    pool = np.arange(len(labels))
    if test is not None:
        pool = np.setdiff1d(pool, test)
    wanted = settings.n_labelled + settings.n_unlabelled + settings.n_validation
    least = wanted + (test is None)
    if least > len(pool):
        rest = "and some must be left for the test" if test is None else "beside the test"
        raise DataError(
            f"n_labelled + n_unlabelled + n_validation = {wanted}, but there are {len(pool)} "
            f"{what} {rest}; ask for fewer."
        )
    parts = []
    for size in (settings.n_labelled, settings.n_validation):
        parts.append(_stratified(pool, labels, size, rng))
        pool = np.setdiff1d(pool, parts[-1])
    pool = rng.permutation(pool)
    left = pool[settings.n_unlabelled :]
    return Split(
        labelled=parts[0],
        unlabelled=pool[: settings.n_unlabelled],
        validation=parts[1],
        test=np.sort(left if test is None else test),
    )


def corrupt_labels(
    labels: np.ndarray, share: float, n_classes: int, rng: np.random.Generator
) -> np.ndarray:
    """Replace a share of the labels (N,) by another class, drawn evenly."""
    wrong = rng.random(len(labels)) < share
    shift = rng.integers(1, n_classes, size=len(labels))
    return np.where(wrong, (labels + shift) % n_classes, labels)


def noisy_columns(values: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Values (N, D) plus Gaussian noise of ``noise`` times each column's standard deviation."""
    if not noise:
        return values
    drawn = rng.standard_normal(values.shape, dtype=np.float32)
    return values + np.float32(noise) * values.std(0) * drawn


def as_pictures(images: np.ndarray) -> np.ndarray:
    """Grey values 0 to 1, or beyond them by noise, as bytes of the same shape."""
    return np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)


def _stratified(
    pool: IndexArray, labels: np.ndarray, size: int, rng: np.random.Generator
) -> IndexArray:
    """Draw ``size`` of the pool with classes as even as they come, in random order."""
    rank = np.empty(len(pool))
    order = rng.permutation(len(pool))
    seen: dict[int, int] = {}
    for position in order:
        label = int(labels[pool[position]])
        seen[label] = seen.get(label, 0) + 1
        rank[position] = seen[label] + rng.random()
    return pool[np.argsort(rank, kind="stable")[:size]]
