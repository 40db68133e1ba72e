"""Annotation files: a pair of valence and arousal for each frame of a video."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..media.damage import DamagedFile, cause

TARGETS = ("valence", "arousal")
UNMARKED = -5.0
"""What annotators wrote where they gave no value."""

SEPARATORS = (",", ";", "\t")
"""What may stand between the two numbers; the database has commas."""

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

    Semicolons or tabs may stand for the commas, a line may end in one, and the first line may name
    the two the other way round.

    Raises:
        DamagedFile: if it is missing, cannot be read, names other columns, holds a column of
            frames or seconds, or no row holds two numbers.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise DamagedFile(path, "missing", "it is not there") from None
    except OSError as error:
        raise DamagedFile(path, "unreadable", f"it cannot be read ({cause(error)})") from None
    lines = text.rstrip().splitlines()
    separator = _separator(lines)
    has_header = bool(lines) and _is_header(lines[0], separator)
    order = _order(path, _cells(lines[0], separator)) if has_header else (0, 1)
    pairs = [_pair(line, separator) for line in lines[has_header:]]
    first = 1 + has_header
    malformed = tuple(first + row for row, pair in enumerate(pairs) if pair is None)
    if len(malformed) == len(pairs):
        _refuse_other_columns(path, lines[has_header:], separator)
        raise DamagedFile(path, "annotation", "it holds no row of two numbers, valence,arousal")
    values = np.array([pair or (np.nan, np.nan) for pair in pairs], dtype=float)[:, order]
    _refuse_counted_rows(path, values)
    inside = (np.abs(values) <= 1).all(axis=1)  # NaN is never inside
    values[~inside] = np.nan
    return Annotation(values, has_header, malformed)


def _separator(lines: list[str]) -> str:
    """What stands between the numbers of most lines: a comma, as in the database, or another."""
    counts = {sign: sum(sign in line for line in lines) for sign in SEPARATORS}
    return max(counts, key=lambda sign: counts[sign])


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line; a separator at its end begins no further one."""
    return [cell.strip() for cell in line.strip().rstrip(separator).split(separator)]


def _is_header(line: str, separator: str) -> bool:
    """Whether a first line names columns; one of numbers that do not parse is a frame's."""
    parts = _cells(line, separator)
    return not any(map(_number, parts)) and (not line.strip() or any(map(str.isalpha, line)))


def _order(path: Path, names: list[str]) -> tuple[int, int]:
    """Where valence and arousal stand, by a first line that names two columns.

    Raises:
        DamagedFile: if it names others.
    """
    known = [name.lower() for name in names]
    if len(known) == 2 and sorted(known) == sorted(TARGETS):
        return known.index(TARGETS[0]), known.index(TARGETS[1])
    if len(known) == 2 and all(known):
        raise DamagedFile(
            path,
            "annotation",
            f"its columns are {', '.join(names)[:80]}; they should be valence,arousal, one row a "
            f"frame",
        )
    return 0, 1


def _refuse_other_columns(path: Path, lines: list[str], separator: str) -> None:
    """Raise :class:`DamagedFile` where rows hold numbers, but not two."""
    widths = {len(cells) for line in lines if all(map(_number, cells := _cells(line, separator)))}
    if len(widths) == 1 and max(widths) > 2:
        raise DamagedFile(
            path,
            "annotation",
            f"its rows hold {widths.pop()} numbers; leave out columns of frames or seconds, so "
            f"that row after row holds one frame's valence,arousal",
        )


def _refuse_counted_rows(path: Path, values: np.ndarray) -> None:
    """Raise :class:`DamagedFile` where a first column counts frames or seconds."""
    first = values[np.isfinite(values).all(axis=1), 0]
    if len(first) > 2 and first[-1] > 1 and (np.diff(first) > 0).all():
        raise DamagedFile(
            path,
            "annotation",
            f"its first column rises from {first[0]:g} to {first[-1]:g}, as frames or seconds do; "
            f"give valence,arousal, one row a frame",
        )


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _pair(line: str, separator: str) -> tuple[float, float] | None:
    """Two numbers with a separator between them; None for anything else."""
    parts = _cells(line, separator)
    if len(parts) != 2 or not all(map(_number, parts)):
        return None
    return float(parts[0]), float(parts[1])
