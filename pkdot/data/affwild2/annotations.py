"""Annotation files: a pair of valence and arousal for each frame of a video."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..media.damage import DamagedFile, cause

TARGETS = ("valence", "arousal")
UNMARKED = -5.0
"""What annotators wrote where they gave no value."""


@dataclass(frozen=True)
class Annotation:
    """The rows of a file; row i, from 0, is of frame i and of the crop numbered i + 1.

    Attributes:
        values: (n, 2) float64, valence and arousal in −1 to 1; both NaN where either is not.
        malformed: rows that do not hold two numbers; they are invalid, and keep their place.
        has_header: whether the first line names the columns.
    """

    values: np.ndarray
    malformed: int
    has_header: bool

    def __len__(self) -> int:
        return len(self.values)

    @property
    def valid(self) -> np.ndarray:
        """Which rows count, (n,)."""
        return np.isfinite(self.values[:, 0])


def read_annotation(path: Path) -> Annotation:
    """Read a file ``valence,arousal`` with one pair a frame.

    Raises:
        DamagedFile: if it is missing, cannot be read, or no row holds two numbers.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise DamagedFile(path, "missing", "it is not there") from None
    except OSError as error:
        raise DamagedFile(path, "unreadable", f"it cannot be read ({cause(error)})") from None
    lines = text.rstrip().splitlines()
    has_header = bool(lines) and _pair(lines[0]) is None
    pairs = [_pair(line) for line in lines[has_header:]]
    malformed = pairs.count(None)
    if malformed == len(pairs):
        raise DamagedFile(path, "annotation", "it holds no row of two numbers, valence,arousal")
    values = np.array([pair or (np.nan, np.nan) for pair in pairs], dtype=float)
    inside = (np.abs(values) <= 1).all(axis=1)  # NaN is never inside
    values[~inside] = np.nan
    return Annotation(values, malformed, has_header)


def _pair(line: str) -> tuple[float, float] | None:
    """Two numbers with a comma between them; None for anything else."""
    parts = line.split(",")
    if len(parts) != 2:
        return None
    try:
        return float(parts[0]), float(parts[1])
    except ValueError:
        return None
