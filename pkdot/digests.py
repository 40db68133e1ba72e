"""SHA-256 of files, kept beside them, so that a byte that changed on disk is noticed.

The form is that of ``sha256sum``: ``<64 hex digits>  <name>``, a line each; ``sha256sum -c`` reads
it, too. A line is written *before* its file takes its name. A writer that is killed between
the two leaves a line too many, never one too few; hence a file is whole if any of its lines fits.
A digest finds accidents. It proves nothing about a stranger, who can write both.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

SUFFIX = ".sha256"
"""Of the digests of a single file, beside it."""
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_MOST = 2**24


def digest(content: bytes | bytearray | memoryview) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """64 hexadecimal digits of a file's content, read in pieces.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_digests(path: Path) -> dict[str, tuple[str, ...]]:
    """Digests by file name; a file has several where it was written again. Empty without a file.

    Lines of another form, such as one cut short by a kill, are skipped.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for line in text.split("\n"):
        if match := _LINE.fullmatch(line):
            found[match[2]] = (*found.get(match[2], ()), match[1])
    return found


def add_digest(path: Path, name: str, value: str) -> None:
    """Append a line and force it to disk; two writers at once keep both lines.

    Raises:
        OSError: if the disk refuses.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o644)
    try:
        # It begins a line of its own, as the one before may have been cut short.
        whole = f"{value}  {name}\n".encode()
        line = whole if os.fstat(descriptor).st_size == 0 else b"\n" + whole
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_lines(digests: Iterable[tuple[str, str]]) -> str:
    """The text of a file of digests, from some of name and digest."""
    return "".join(f"{value}  {name}\n" for name, value in digests)
