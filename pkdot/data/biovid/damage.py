"""What can be wrong with a window's files."""

from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError


@dataclass(frozen=True)
class Damage:
    """One window that cannot be used.

    Attributes:
        sample: the window's name.
        file: its file or folder, as named in the index.
        kind: one word: missing, unreadable, short, separator, column, time, gaps, flat.
        reason: the rest of a sentence that begins with the file.
    """

    sample: str
    file: str
    kind: str
    reason: str


class DamagedFile(DataError):
    """A file of one window that cannot be used; the window is left out, or a strict run stops."""

    def __init__(self, path: Path, kind: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}.")
        self.path, self.kind, self.reason = path, kind, reason

    def __reduce__(self):  # so that the error can travel between processes
        return type(self), (self.path, self.kind, self.reason)
