"""Recordings of faces without annotation, and answers to them in the form of the challenge.

Nothing here needs a video library.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..corpus import Kind, Samples


@dataclass(frozen=True)
class FaceReading:
    """One modality of every window.

    Attributes:
        samples: (N, L, ...), read on demand.
        kind: what a window is.
        usable: (N,) bool.
    """

    samples: Samples
    kind: Kind
    usable: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a window."""
        return tuple(np.asarray(self.samples[np.zeros(1, dtype=np.int64)]).shape[1:])


@dataclass(frozen=True)
class FaceRecordings:
    """Windows over the faces to be predicted, each frame in one of them.

    Attributes:
        place: the folder, as sentences name it.
        ids: of the windows, (N,).
        groups: recording of each window, (N,).
        frames: name of each frame, (N, L): face and number.
        readings: of each modality.
        pictured: names of the frames that have a crop.
        smoothing: frames over which answers are averaged, as for the scores of the training.
        left_out: what is damaged or missing, one sentence each.
    """

    place: str
    ids: np.ndarray
    groups: np.ndarray
    frames: np.ndarray
    readings: Mapping[str, FaceReading]
    pictured: frozenset[str]
    smoothing: int
    left_out: tuple[str, ...]

    @property
    def modalities(self) -> tuple[str, ...]:
        return tuple(self.readings)

    def reading(self, name: str) -> FaceReading:
        return self.readings[name]


def submission(answers: pd.DataFrame, pictured: frozenset[str]) -> str:
    """Answers in the form of the challenge: ``image_location,valence,arousal``, a crop a line.

    Args:
        answers: columns sample_id (face and number of the frame), valence, arousal.
        pictured: frames that have a crop; the others have no line.

    Values are kept within −1 and 1.
    """
    own = answers[answers["sample_id"].isin(pictured)].sort_values("sample_id")
    lines = [
        f"{row.sample_id}.jpg,{min(max(row.valence, -1), 1):.5f},{min(max(row.arousal, -1), 1):.5f}"
        for row in own.itertuples()
    ]
    return "\n".join(["image_location,valence,arousal", *lines]) + "\n"
