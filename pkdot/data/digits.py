"""Corpus ``digits``: 1,797 real images as a problem of privileged information.

The teacher sees an 8 × 8 image and a coarse, noisy view of it; the student sees the coarse view
alone. The images are the UCI test set of optical recognition of handwritten digits, bundled with
scikit-learn, so nothing is downloaded. Their writers are not named in that copy: every image is
its own group, and intervals are conditional on this data set.
"""

import hashlib
from typing import Literal

import numpy as np
from pydantic import Field
from sklearn.datasets import load_digits

from ..tasks import Classification, Multilabel, Task
from .corpus import Corpus
from .drawn import DrawnSettings, as_pictures, corrupt_labels, draw_split


class DigitsSettings(DrawnSettings):
    """How the digits become a problem of privileged information."""

    name: Literal["digits"] = "digits"
    noise: float = Field(
        0.2, ge=0, description="standard deviation added to the coarse view (0 to 1 grey)"
    )
    privileged_noise: float = Field(
        0.0, ge=0, description="standard deviation added to the full image that the teacher sees"
    )
    target: Literal["digit", "attributes"] = Field(
        "digit", description="what is learnt: which digit, or what holds of it (multilabel)"
    )


def coarse_view(images: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Means of 2 × 2 blocks plus Gaussian noise.

    Args:
        images: (N, 8, 8), grey values 0 to 1.
        noise: standard deviation, in the same unit.
        rng: source of the noise.

    Returns:
        Views (N, 4, 4); the noise may carry them outside 0 to 1.
    """
    blocks = images.reshape(len(images), 4, 2, 4, 2).mean(axis=(2, 4))
    return blocks + noise * rng.standard_normal(blocks.shape)


ATTRIBUTES = {
    "closed loop": (0, 6, 8, 9),
    "straight stroke": (1, 4, 5, 7),
    "open bow": (2, 3, 5),
    "even": (0, 2, 4, 6, 8),
}
"""Labels and the digits of which they hold: three of the usual shape, one of the number."""


def attributes(labels: np.ndarray) -> np.ndarray:
    """Which of :data:`ATTRIBUTES` hold of the digits (N,): (N, 4) of 0 and 1."""
    return np.stack([np.isin(labels, holds) for holds in ATTRIBUTES.values()], 1).astype(np.int64)


_FINGERPRINTED = (
    *("name", "noise", "privileged_noise", "n_labelled", "n_unlabelled", "n_validation"),
    "label_noise",
)


def _options(settings: DigitsSettings) -> str:
    """What the data depend on, in the order and form of before, so that old records compare."""
    names = [*_FINGERPRINTED, *(["target"] if settings.target != "digit" else [])]
    members = (settings.model_dump_json(include={name})[1:-1] for name in names)
    return "{" + ",".join(members) + "}"


def load(settings: DigitsSettings, seed: int) -> Corpus:
    """The corpus of one seed: the split, the coarse view's noise and the wrong labels follow it.

    Raises:
        DataError: if the parts leave no image for the test.
    """
    bundled = load_digits()
    images = bundled.images / 16.0
    labels = bundled.target.astype(np.int64)
    split_seed, view_seed, label_seed, full_seed = np.random.SeedSequence(seed).spawn(4)
    split = draw_split(labels, settings, np.random.default_rng(split_seed), what="digits")
    views = coarse_view(images, settings.noise, np.random.default_rng(view_seed))
    noise = settings.privileged_noise * np.random.default_rng(full_seed).standard_normal(
        images.shape
    )
    seen = images + noise
    given = corrupt_labels(labels, settings.label_noise, 10, np.random.default_rng(label_seed))
    ids = np.array([f"digit-{i:04d}" for i in range(len(labels))])
    task: Task = Classification(classes=tuple(str(digit) for digit in range(10)))
    if settings.target == "attributes":
        labels, given = attributes(labels), attributes(given)
        task = Multilabel(labels=tuple(ATTRIBUTES))
    content = f"{_options(settings)}|{seed}".encode() + bundled.data.tobytes()
    return Corpus(
        name="digits",
        modalities={
            "coarse": views.reshape(-1, 16).astype(np.float32),
            "full": seen.reshape(-1, 64).astype(np.float32),
        },
        prevalent=("coarse",),
        privileged=("full",),
        targets=labels,
        given_targets=given,
        groups=ids,
        ids=ids,
        task=task,
        split=split,
        simulated=False,
        unit="image",
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
        media={"the teacher sees": as_pictures(seen), "the student sees": as_pictures(views)},
        facts={
            "source": "scikit-learn load_digits (UCI optical recognition of handwritten digits)"
        },
    )
