"""What can be wrong with a window's files."""

from dataclasses import dataclass

from ..media.damage import DamagedFile


@dataclass(frozen=True)
class Damage:
    """One window that cannot be used.

    Attributes:
        sample: the window's name.
        file: its file or folder, as named in the index.
        kind: one word: missing, unreadable, damaged, short, separator, column, time, gaps, flat,
            rate.
        reason: the rest of a sentence that begins with the file.
    """

    sample: str
    file: str
    kind: str
    reason: str


__all__ = ["Damage", "DamagedFile"]


def check_cells(content: bytes) -> None:
    """Refuse a table whose lines have more cells than its first line names, unless those are empty.

    pandas takes the first cells of such lines for names of rows, and every value for its
    neighbour's.

    Args:
        content: of a file with tabs between cells.

    Raises:
        ValueError: with the two numbers.
    """
    named, first, *_ = [line.split(b"\t") for line in content.split(b"\n", 2)] + [[b""]]
    if any(cell.strip() for cell in first[len(named) :]):
        raise ValueError(f"its lines have {len(first)} cells, its first line {len(named)}")
