"""Results kept on disk under a key that holds everything they depend on.

A file is therefore never stale. It appears whole or not at all, so that two processes may compute
the same result at once; one that is absent or damaged is computed again.
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from .atomic_files import WriterLock, written_aside

Value = TypeVar("Value")

UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError)
"""What reading a damaged file raises."""


def short_hash(content: Any, digits: int = 16) -> str:
    """Hexadecimal digits that depend on all of ``content``.

    Args:
        content: what JSON can hold, in any order of keys; other values count by their text.
        digits: how many.
    """
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


@dataclass(frozen=True)
class KeyedCache(Generic[Value]):
    """A folder of results of one kind.

    Attributes:
        folder: where files lie; None keeps nothing and finds nothing.
        suffix: of the files, e.g. ``.json``.
        read: the result in a file; raises one of :data:`UNREADABLE` where it is damaged.
        write: writes a result to a path.
    """

    folder: Path | None
    suffix: str
    read: Callable[[Path], Value]
    write: Callable[[Path, Any], None]

    def find(self, key: str) -> Value | None:
        """The result of a key; None where it is absent or damaged."""
        if self.folder is None:
            return None
        try:
            return self.read(self._file(key))
        except UNREADABLE:
            return None

    def keep(self, key: str, value: Any) -> None:
        """Write the result of a key.

        Raises:
            RecordError: if the disk refuses.
        """
        if self.folder is not None:
            with written_aside(self._file(key)) as aside:
                self.write(aside, value)

    def find_or_compute(self, key: str, compute: Callable[[], Value]) -> Value:
        """The result of a key, computed and kept where it is absent.

        A second process that wants the same result waits for the first.

        Raises:
            RecordError: if the disk refuses.
        """
        found = self.find(key)
        if found is not None or self.folder is None:
            return compute() if found is None else found
        self.folder.mkdir(parents=True, exist_ok=True)
        with WriterLock(self._file(key).with_suffix(".lock"), patience=math.inf):
            found = self.find(key)
            if found is None:
                found = compute()
                self.keep(key, found)
        return found

    def _file(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}{self.suffix}"
