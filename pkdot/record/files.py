"""Files of a record, opened so that a stranger's record can name and hold what it likes.

A name stays inside the record; links, pipes, sockets and folders are no files; what is larger than
its kind may be is not read; and a file whose digest differs from what was written is named.
"""

import errno
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path

from ..digests import digest, read_digests
from ..errors import RecordError
from . import schema

# Empty parts, one dot or two, an end of a name that is a folder; and what no name holds.
_OUTSIDE = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\x00\\]", re.MULTILINE)
_SUSPECT = ("..", "//", "/.", "./", "\n.", "\n/", "/\n", "\n\n", "\\", "\x00")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TRIES = 3


def damage(record: Path, what: str) -> RecordError:
    """The error for a record that is broken in some place."""
    return RecordError(f"The record {record.name} is damaged: {what}; run it again.")


def stays_inside(name: str) -> bool:
    """Whether a name is that of a file within a record: relative, without ``..``, without NUL."""
    return not _OUTSIDE.search(name)


def stay_inside(names: Collection[str]) -> bool:
    """Whether all names stay inside; a quick look first, as every list of records asks this."""
    text = "\n".join(["", *names, ""])
    return not any(part in text for part in _SUSPECT) or all(map(stays_inside, names))


def read_file(record: Path, name: str, most: int) -> bytearray:
    """The content of a file of a record.

    Args:
        record: its folder.
        name: of the file within it.
        most: bytes; a larger file is refused.

    Raises:
        RecordError: that names the file, if it is missing, lies outside, is a link or no file, is
            too large, or is not what was written.
    """
    for _ in range(_TRIES):  # a writer may replace file and digest between our two looks
        content = read_unchecked(record, name, most)
        known = read_digests(record / schema.DIGESTS).get(name)
        if not known or digest(content) in known:
            return content
    raise damage(record, f"{name} is not what was written: its digest is another")


def read_unchecked(record: Path, name: str, most: int) -> bytearray:
    """As :func:`read_file`, whatever its digest."""
    try:
        descriptor = os.open(_path(record, name), _FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise damage(record, f"{name} is not a file")
            if status.st_size > most:
                raise damage(record, f"{name} has {status.st_size} bytes, more than {most}")
            content = bytearray(status.st_size)
            filled = 0
            with memoryview(content) as view:
                while filled < len(content) and (count := os.readv(descriptor, [view[filled:]])):
                    filled += count
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise damage(record, f"{name} is missing") from None
    except (OSError, MemoryError) as error:
        raise damage(record, f"{name} cannot be read ({_reason(error)})") from None
    if filled < len(content):
        raise damage(record, f"{name} is cut short")
    return content


def file_size(record: Path, name: str) -> int:
    """Bytes of a file of a record; -1 where it is missing, a link, or no file."""
    try:
        status = os.lstat(_path(record, name))
    except (OSError, RecordError):
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1


def _path(record: Path, name: str) -> str:
    if not stays_inside(name):
        raise damage(record, f"it names the file {name[:80]!a}, which lies outside")
    *folders, _ = name.split("/")
    path = str(record)
    for folder in folders:
        path = f"{path}/{folder}"
        if os.path.islink(path):
            raise damage(record, f"{folder} is a link, and links are not followed")
    return f"{record}/{name}"


def _reason(error: OSError | MemoryError) -> str:
    if isinstance(error, MemoryError):
        return "no memory for it"
    if error.errno == errno.ELOOP:  # what O_NOFOLLOW says of a link
        return "it is a link, and links are not followed"
    return error.strerror or type(error).__name__
