"""The Free Spoken Digit Dataset: ``7_jackson_32.wav`` is digit 7, spoken by jackson, number 32."""

import re
from pathlib import Path

from .index import Found, OpenIndex, checked_root, files_below

CLASSES = tuple(str(digit) for digit in range(10))
MEDIA = ("sound",)

_NAME = re.compile(r"([0-9])_([A-Za-z][A-Za-z-]*)_([0-9]+)")


def read_index(root: Path | str) -> OpenIndex:
    """All recordings below a folder.

    Raises:
        ConfigError: if there is no such folder.
        DataError: if it holds no recording.
    """
    root, found = checked_root(root), Found()
    for medium, stem, path in files_below(root, {".wav": "sound"}):
        name = _NAME.fullmatch(stem)
        facts = name and {"id": stem, "group": name[2], "class_id": int(name[1])}
        found.add(facts, medium, path)
    return found.index("fsdd", root, CLASSES, MEDIA)
