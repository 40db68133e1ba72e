"""A file of a corpus that cannot be used, or only in part."""

from pathlib import Path

from ...errors import DataError


class DamagedFile(DataError):
    """A file that cannot be used; what depends on it is left out, or a strict run stops.

    Attributes:
        path: of the file.
        kind: one word: missing, unreadable, damaged, short, …
        reason: the rest of a sentence that begins with the file.
    """

    def __init__(self, path: Path, kind: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}.")
        self.path, self.kind, self.reason = path, kind, reason

    def __reduce__(self):  # so that the error can travel between processes
        return type(self), (self.path, self.kind, self.reason)


def cause(error: BaseException) -> str:
    """The system's or decoder's own words for an error, in one line."""
    text = getattr(error, "strerror", None) or str(error)
    return (text.splitlines() or [type(error).__name__])[0]
