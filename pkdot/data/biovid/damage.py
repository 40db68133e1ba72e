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
