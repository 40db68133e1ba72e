"""Results kept on disk under a key that holds everything they depend on.

A file is therefore never stale. It appears whole or not at all; one that is absent or damaged is
computed again, by whoever claims it first: the claim is a lock that ends with its process. The
file's digest lies beside it (:mod:`pkdot.digests`): a changed byte counts as damage.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from .atomic_files import WriterLock, disk_errors, remove_leftovers, written_aside
from .digests import SUFFIX, add_digest, file_digest, read_digests
from .errors import HeldError

Value = TypeVar("Value")

UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError)
"""What reading a damaged file raises."""
LARGE = 2**28
"""Bytes up to which a file's digest is checked before it is used, once a process. Larger ones (of
features, read through a memory map) are checked for size and form here, and for every byte by
``python -m pkdot verify``: reading 2 GB takes seconds that a map saves."""
_checked: dict[Path, tuple[int, ...]] = {}


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
        file = self.file(key)
        try:
            return self.read(file) if is_whole(file) else None
        except UNREADABLE:
            return None

    def keep(self, key: str, value: Any) -> None:
        """Write the result of a key.

        Raises:
            RecordError: if the disk refuses.
        """
        if self.folder is None:
            return
        file = self.file(key)

        with written_with_digest(file) as aside:
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
        with self._lock(key, patience=math.inf):
            found = self.find(key)
            if found is None:
                remove_leftovers(self.folder, self.file(key).name)
                found = compute()
                self.keep(key, found)
        return found

    def claim(self, key: str) -> WriterLock | None:
        """The right to compute a result, to be released; None while another process has it.

        The kernel takes it back from a process that dies. :meth:`find` once more with the claim in
        hand: whoever had it may just have finished. There must be a folder.

        Raises:
            RecordError: if the disk refuses.
        """
        try:
            return self._lock(key, patience=0.0)
        except HeldError:
            return None

    def _lock(self, key: str, patience: float) -> WriterLock:
        lock = self.file(key).with_suffix(".lock")
        with disk_errors(lock):
            lock.parent.mkdir(parents=True, exist_ok=True)
        return WriterLock(lock, patience=patience)

    def file(self, key: str) -> Path:
        """Where the result of a key lies; there must be a folder."""
        assert self.folder is not None
        return self.folder / f"{key}{self.suffix}"


@contextmanager
def claimed(cache: KeyedCache[Any], keys: Iterable[str]) -> Iterator[dict[str, WriterLock]]:
    """The right to compute some results, by key, without those that another process is at.

    Raises:
        RecordError: if the disk refuses.
    """
    claims: dict[str, WriterLock] = {}
    try:
        for key in keys:
            if key not in claims and (claim := cache.claim(key)) is not None:
                claims[key] = claim
        yield claims
    finally:
        for claim in claims.values():
            claim.release()


def digests_file(file: Path) -> Path:
    """Where the digests of a result's file lie."""
    return file.with_name(file.name + SUFFIX)


def written_with_digest(file: Path) -> AbstractContextManager[Path]:
    """As :func:`written_aside`, and the digest is kept beside the file.

    Raises:
        RecordError: if the disk refuses.
    """

    def note(aside: Path) -> None:
        add_digest(digests_file(file), file.name, file_digest(aside))

    return written_aside(file, before_rename=note)


def is_whole(file: Path) -> bool:
    """Whether a file is what was written, as far as is known of it (see :data:`LARGE`).

    Raises:
        OSError: if it cannot be read.
    """
    stat = file.stat()
    state = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    if stat.st_size > LARGE or _checked.get(file) == state:
        return True
    known = read_digests(digests_file(file)).get(file.name)
    if known and file_digest(file) not in known:
        return False
    _checked[file] = state
    return True
