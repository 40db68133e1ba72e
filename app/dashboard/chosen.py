"""A set of samples as the address writes it: positions and ranges of them, ``3-7.12``."""

import re
from collections.abc import Iterable

LONGEST = 1500
"""Characters of an address; a longer set is kept in the tab and can be downloaded."""
FORM = re.compile(r"(\d{1,7}(-\d{1,7})?)(\.\d{1,7}(-\d{1,7})?)*")


def write_chosen(positions: Iterable[int]) -> str:
    """Positions in rising order, neighbours joined; empty for none."""
    parts: list[list[int]] = []
    for position in sorted(set(positions)):
        if parts and position == parts[-1][1] + 1:
            parts[-1][1] = position
        else:
            parts.append([position, position])
    return ".".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def read_chosen(text: str, size: int) -> list[int]:
    """The positions below ``size`` that a text names; none where it is no such text."""
    if not FORM.fullmatch(text):
        return []
    found: set[int] = set()
    for part in text.split("."):
        first, _, last = part.partition("-")
        found.update(range(int(first), min(int(last or first), size - 1) + 1))
    return sorted(found)
