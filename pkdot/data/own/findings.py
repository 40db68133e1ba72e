"""What can be wrong with own data: of one sample, of a whole source, and how sentences say it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from ...errors import ConfigError, DataError

MOST_NAMED = 5
"""Samples that a sentence names; of further ones it gives the number."""


class OwnDataError(DataError, ConfigError):
    """Own data that cannot be used as they are given: one sentence, and misuse to a command."""


class Unusable(Exception):
    """A sample that is there and cannot be used.

    Attributes:
        kind: one word, see :class:`Damage`.
        reason: a clause about the sample's file or row, e.g. ``"it ends after 1.2 of 3.0 s"``.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


@dataclass(frozen=True)
class Damage:
    """Why a sample of a modality, though there, cannot be used.

    Attributes:
        row: of the sample in its source.
        kind: unreadable, half, empty, numbers (NaN or infinite), or shape (unlike the first's).
        reason: a clause that begins with "it".
    """

    row: int
    kind: str
    reason: str


Consequence = Literal["stops", "left out", "absent", "none"]
"""What training does: it stops; it leaves the samples out; it takes a privileged modality as
absent from them; nothing."""


@dataclass(frozen=True)
class Finding:
    """One thing that a source has, lacks or repeats.

    Attributes:
        kind: missing, damaged, ids, duplicate, group, target, split, constant, unread.
        sentence: what it is, with the samples concerned and what to try; ends with a full stop.
        consequence: what training does about it.
        ids: all samples concerned.
    """

    kind: str
    sentence: str
    consequence: Consequence = "none"
    ids: tuple[str, ...] = ()

    @property
    def is_damage(self) -> bool:
        """Whether it is more than a remark."""
        return self.consequence != "none"


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are: ``"a, b, c, d, e and 7 more"``."""
    shown = ", ".join(str(name) for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def count(number: int, singular: str, plural: str = "") -> str:
    """``"1 sample"``, ``"2 samples"``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def nearest(name: str, known: Collection[str]) -> str:
    """A clause with the nearest known name, else with the first of them."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {some(list(known))}." if known else "there are none."
