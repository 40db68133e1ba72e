"""Corpus ``vowels``: 640 real recordings of nine men who say the same two vowels; who speaks?

The UCI data set *Japanese Vowels* (Kudo, Toyama and Shimbo, 1999): twelve cepstrum coefficients,
one after another over 7 to 29 moments. The student sees the course of a few coefficients, the
teacher that of the others as well. Each course is laid over the same number of moments, so how long
a recording took is lost.

Speakers are the classes, so they stand on both sides of every split, and each recording is its own
group: intervals say nothing about other speakers. The data's own test recordings were made at other
times than those for training; ``split: own`` keeps them apart, which is the harder test.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ..errors import ConfigError, DataError
from ..tasks import Classification
from .corpus import Corpus
from .drawn import DrawnSettings, corrupt_labels, draw_split, noisy_columns
from .packaged import Bundle

BUNDLE = Bundle(
    ("aeon", "sktime"),
    "datasets/data/JapaneseVowels",
    "UCI Japanese Vowels (Kudo, Toyama and Shimbo, 1999), bundled with aeon and sktime",
    "CC BY 4.0",
)
COEFFICIENTS, SPEAKERS = 12, 9


class VowelsSettings(DrawnSettings):
    """Which coefficients the student sees, and which recordings test."""

    name: Literal["vowels"] = "vowels"
    coefficients: tuple[int, ...] = Field(
        (1, 2), min_length=1, description=f"the student's, 1 to {COEFFICIENTS}; others privileged"
    )
    moments: int = Field(10, ge=2, description="at how many moments each course is read")
    privileged_noise: float = Field(
        0.0,
        ge=0,
        description="noise on what only the teacher sees, in standard deviations of each number",
    )
    split: Literal["drawn", "own"] = Field(
        "drawn", description="test recordings: those left over, or the 370 that the data name"
    )
    n_labelled: int = Field(60, ge=10, description="training recordings with a label")
    n_unlabelled: int = Field(150, ge=0, description="training recordings without a label")
    n_validation: int = Field(60, ge=10, description="labelled recordings of the inner split")

    @model_validator(mode="after")
    def _coefficients_exist(self) -> "VowelsSettings":
        told = self.coefficients
        if len(set(told)) < len(told) or not set(told) < set(range(1, COEFFICIENTS + 1)):
            raise ConfigError(
                f"coefficients are {list(told)}; they should be different numbers from 1 to "
                f"{COEFFICIENTS}, and leave one to the teacher."
            )
        return self


def load(settings: VowelsSettings, seed: int) -> Corpus:
    """The corpus of one seed: split, noise and wrong labels follow it.

    Raises:
        DataError: if neither package is installed, a file is damaged, or there are too few
            recordings for the parts.
    """
    courses, labels, test = _recordings(settings.moments)
    split_seed, label_seed, noise_seed = np.random.SeedSequence(seed).spawn(3)
    split = draw_split(
        labels,
        settings,
        np.random.default_rng(split_seed),
        what="recordings",
        test=test if settings.split == "own" else None,
    )
    chance = np.random.default_rng(label_seed)
    shown = np.array(settings.coefficients) - 1
    hidden = np.setdiff1d(np.arange(COEFFICIENTS), shown)
    others = courses[:, hidden].reshape(len(labels), -1)
    others = noisy_columns(others, settings.privileged_noise, np.random.default_rng(noise_seed))
    ids = np.array([f"recording-{i:03d}" for i in range(len(labels))])
    content = f"{settings.model_dump_json()}|{seed}".encode() + courses.tobytes()
    return Corpus(
        name="vowels",
        modalities={
            "few": courses[:, shown].reshape(len(labels), -1),
            "others": others,
        },
        prevalent=("few",),
        privileged=("others",),
        targets=labels,
        given_targets=corrupt_labels(labels, settings.label_noise, SPEAKERS, chance),
        groups=ids,
        ids=ids,
        task=Classification(classes=tuple(f"speaker {n}" for n in range(1, SPEAKERS + 1))),
        split=split,
        simulated=False,
        unit="recording",
        fingerprint=hashlib.sha256(content).hexdigest()[:16],
        kinds={"few": "columns", "others": "columns"},
        facts={**BUNDLE.facts, "coefficients": list(settings.coefficients)},
    )


@cache
def _recordings(moments: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Courses (N, 12, moments), speakers (N,) from 0, and the data's own test recordings."""
    parts = [_read(BUNDLE.file(f"JapaneseVowels_{part}.ts")) for part in ("TRAIN", "TEST")]
    courses = np.stack([laid_over(one, moments) for found, _ in parts for one in found])
    labels = np.concatenate([speakers for _, speakers in parts])
    test = np.arange(len(parts[0][1]), len(labels))
    for column in (courses, labels, test):
        column.setflags(write=False)  # every later corpus shares them
    return courses, labels, test


def laid_over(course: np.ndarray, moments: int) -> np.ndarray:
    """A course (C, L) read at so many evenly spaced moments, (C, moments), linear in between."""
    own, wanted = np.linspace(0, 1, course.shape[1]), np.linspace(0, 1, moments)
    return np.stack([np.interp(wanted, own, row) for row in course]).astype(np.float32)


def _read(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Recordings (12, L) of a ``.ts`` file, and their speakers from 0.

    A line holds the values of each coefficient with commas, a colon after each, and the speaker.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(":") for line in lines if line and line[0] not in "#@"]
    try:
        courses = [np.array([c.split(",") for c in row[:-1]], dtype=float) for row in rows]
        speakers = np.array([int(row[-1]) - 1 for row in rows])
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); install its package again.") from None
    if any(course.shape[0] != COEFFICIENTS for course in courses):
        raise DataError(
            f"{path} is damaged: a line lacks a coefficient; install its package again."
        )
    return courses, speakers
