"""Annotation files: a pair of valence and arousal for each frame of a video."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..media.damage import DamagedFile, cause

TARGETS = ("valence", "arousal")
UNMARKED = -5.0
"""What annotators wrote where they gave no value."""

NAMED = 5
"""How many malformed lines a remark names."""


@dataclass(frozen=True)
class Annotation:
    """The rows of a file; row i, from 0, is of frame i and of the crop numbered i + 1.

    Attributes:
        values: (n, 2) float64, valence and arousal in −1 to 1; both NaN where either is not.
        has_header: whether the first line names the columns.
        malformed: lines of the file, from 1, that do not hold two numbers; their rows are invalid,
            and keep their place.
    """

    values: np.ndarray
    has_header: bool = True
    malformed: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def remarks(self, file: str) -> tuple[str, ...]:
        """What is wrong with lines of the file of this name, as one sentence or none."""
        if not self.malformed:
            return ()
        lines = ", ".join(map(str, self.malformed[:NAMED]))
        more = ", …" if len(self.malformed) > NAMED else ""
        return (
            f"{file}: {len(self.malformed)} rows hold no two numbers valence,arousal and count as "
            f"invalid (line {lines}{more})",
        )

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
    has_header = bool(lines) and _is_header(lines[0])
    pairs = [_pair(line) for line in lines[has_header:]]
    first = 1 + has_header
    malformed = tuple(first + row for row, pair in enumerate(pairs) if pair is None)
    if len(malformed) == len(pairs):
        raise DamagedFile(path, "annotation", "it holds no row of two numbers, valence,arousal")
    values = np.array([pair or (np.nan, np.nan) for pair in pairs], dtype=float)
    inside = (np.abs(values) <= 1).all(axis=1)  # NaN is never inside
    values[~inside] = np.nan
    return Annotation(values, has_header, malformed)


def _is_header(line: str) -> bool:
    """Whether a first line names columns; one of numbers that do not parse is a frame's."""
    return _pair(line) is None and (not line.strip() or any(map(str.isalpha, line)))


def _pair(line: str) -> tuple[float, float] | None:
    """Two numbers with a comma between them; None for anything else."""
    parts = line.split(",")
    if len(parts) != 2:
        return None
    try:
        return float(parts[0]), float(parts[1])
    except ValueError:
        return None
