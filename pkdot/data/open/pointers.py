"""Pointers of git-lfs: small texts that stand where a file was not fetched.

Source: the specification of git-lfs, docs/spec.md, version 1.
"""

import re
from dataclasses import dataclass
from pathlib import Path

LARGEST = 1024
"""Bytes that a pointer has at most; those in use have about 130."""

ADVICE = (
    "it is a pointer of git-lfs, not the recording: run `git lfs pull` in the folder, or fetch it "
    "again with `python -m pkdot fetch`"
)
"""What to do, as the end of a sentence that begins with the file."""

_FORM = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?"
)


@dataclass(frozen=True)
class Pointer:
    """What a pointer stands for.

    Attributes:
        oid: SHA-256 of the file, hexadecimal.
        size: of the file, in bytes.
    """

    oid: str
    size: int


def parse_pointer(content: bytes) -> Pointer | None:
    """The pointer that a file's content is, or None."""
    found = _FORM.fullmatch(content) if len(content) <= LARGEST else None
    return Pointer(found[1].decode(), int(found[2])) if found else None


def read_pointer(path: Path) -> Pointer | None:
    """The pointer that a file is; None for any other file, or one that cannot be read."""
    try:
        with path.open("rb") as stream:
            return parse_pointer(stream.read(LARGEST + 1))
    except OSError:
        return None
