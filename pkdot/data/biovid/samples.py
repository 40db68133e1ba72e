"""Prepared windows for a training loop: chosen rows, as float32, normalised on reading.

Nothing is copied out of the memory map until a batch is asked for.
"""

from typing import Any

import cv2
import numpy as np

from .settings import Normalisation

PIXELS = {
    "kinetics": ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
"""Mean and deviation of red, green and blue, in 0–1: of the data that public weights saw."""

_BLOCK = 512  # rows that are read at a time


class VideoSamples:
    """Clips (n, 3, frames, size, size) float32 out of a map (N, frames, size, size, 3) uint8."""

    def __init__(self, values: np.ndarray, rows: np.ndarray, pixels: str) -> None:
        self._values, self._rows = values, rows
        mean, deviation = PIXELS[pixels]
        colours = np.array([mean, deviation], np.float32).reshape(2, 3, 1, 1, 1)
        self._scale = np.float32(1 / 255) / colours[1]
        self._shift = colours[0] / colours[1]

    def __len__(self) -> int:
        return len(self._rows)

    def pictures(self, index: Any) -> np.ndarray:
        """Clips as people look at them, (n, frames, size, size, 3) uint8."""
        return np.asarray(self._values[self._rows[np.asarray(index)]])

    def __getitem__(self, index: Any) -> np.ndarray:
        # Moved while they are bytes: as floats, that takes ten times as long.
        pictures = np.moveaxis(self._values[self._rows[np.asarray(index)]], -1, -4)
        clips = np.ascontiguousarray(pictures).astype(np.float32)
        clips *= self._scale
        clips -= self._shift
        return clips


class SignalSamples:
    """Signals (n, 1, length) float32, each minus its mean and over its deviation.

    Args:
        values: memory map (N, length).
        rows: which rows, (n,).
        mean: what to subtract from each sample, (n,).
        deviation: what to divide each sample by, (n,).
    """

    def __init__(
        self, values: np.ndarray, rows: np.ndarray, mean: np.ndarray, deviation: np.ndarray
    ) -> None:
        self._values, self._rows = values, rows
        self._mean, self._deviation = mean.astype(np.float32), deviation.astype(np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        index = np.asarray(index)
        traces = self._values[self._rows[index]]
        traces = (traces - self._mean[index][..., None]) / self._deviation[index][..., None]
        return traces[..., None, :]


class Pictures:
    """The middle frame of each clip, (n, size, size, 3) uint8, for people to look at."""

    def __init__(self, values: np.ndarray, rows: np.ndarray) -> None:
        self._values, self._rows = values, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self._values[self._rows[np.asarray(index)], self._values.shape[1] // 2])


class Curves:
    """Each signal as a small drawing, (n, 64, 112) uint8, from its lowest to its highest value."""

    _HEIGHT, _WIDTH = 64, 112

    def __init__(self, values: np.ndarray, rows: np.ndarray) -> None:
        self._values, self._rows = values, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        traces = np.asarray(self._values[self._rows[np.asarray(index)]])
        flat = traces.reshape(-1, traces.shape[-1])
        drawn = np.stack([self._draw(trace) for trace in flat])
        return drawn.reshape(*traces.shape[:-1], self._HEIGHT, self._WIDTH)

    def _draw(self, trace: np.ndarray) -> np.ndarray:
        picture: np.ndarray = np.full((self._HEIGHT, self._WIDTH), 255, np.uint8)
        low, span = trace.min(), max(float(np.ptp(trace)), 1e-12)
        x = np.linspace(2, self._WIDTH - 3, len(trace))
        y = (self._HEIGHT - 4) - (trace - low) / span * (self._HEIGHT - 8)
        points = np.round(np.stack([x, y], axis=1) * 16).astype(np.int32)
        return cv2.polylines(picture, [points], False, (0,), 1, cv2.LINE_AA, 4)


def signal_samples(
    values: np.ndarray,
    rows: np.ndarray,
    subjects: np.ndarray,
    train: np.ndarray,
    normalisation: Normalisation,
) -> SignalSamples:
    """Signals, normalised in one of the ways that do not leak.

    Args:
        values: memory map (N, length).
        rows: rows of the samples, (n,).
        subjects: of the samples, (n,).
        train: indices into the samples that training sees, (m,).
        normalisation: ``"subject"``: each subject's own mean and deviation over all its windows
            (needs no label; at test time it stands for a calibration of the sensor to the
            person); ``"fold"``: those of the training windows, for everybody; ``"window"``: each
            window's own; ``"none"``. There is no way to use statistics of all subjects: they
            would leak the test into the training.
    """
    if normalisation == "none":
        return SignalSamples(values, rows, np.zeros(len(rows)), np.ones(len(rows)))
    mean, square = _moments(values, rows)
    if normalisation == "fold":
        mean, square = (np.full(len(rows), moment[train].mean()) for moment in (mean, square))
    elif normalisation == "subject":
        _, who = np.unique(subjects, return_inverse=True)
        count = np.bincount(who)
        mean, square = (
            (np.bincount(who, weights=moment) / count)[who] for moment in (mean, square)
        )
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return SignalSamples(values, rows, mean, np.maximum(deviation, 1e-8))


def _moments(values: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square of each window, (n,) float64 each."""
    mean, square = np.empty(len(rows)), np.empty(len(rows))
    for at in range(0, len(rows), _BLOCK):
        part = slice(at, at + _BLOCK)
        block = np.asarray(values[rows[part]], dtype=np.float64)
        mean[part], square[part] = block.mean(1), (block**2).mean(1)
    return mean, square
