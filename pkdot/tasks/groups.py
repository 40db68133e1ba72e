"""Samples sorted by their target into a few groups, and the words for them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class GroupWords:
    """What groups of samples are called.

    Attributes:
        one: a single group: ``class``, ``range``.
        many: several of them.
        none: what a sample without target has: ``no label``.
        note: what the groups are, a clause without a full stop; empty where the words say it.
    """

    one: str = "class"
    many: str = "classes"
    none: str = "no label"
    note: str = ""

    @property
    def without(self) -> str:
        """How a sample without target is: ``without label``."""
        return self.none.replace("no ", "without ", 1)


CLASS_WORDS = GroupWords()


class TargetGroups(NamedTuple):
    """Samples sorted by their target, for colours and blocks of figures.

    Attributes:
        numbers: (N,) group of each sample, -1: no target.
        names: one name a group.
        by: what sorts them, in the words of legends and axes: ``class``, a target's name.
        words: what the groups are called.
        ordered: whether the groups stand in rising order; colours then do, too.
        values: (N,) what the groups are ranges of, NaN where missing; None where they are none.
    """

    numbers: Array
    names: tuple[str, ...]
    by: str
    words: GroupWords = CLASS_WORDS
    ordered: bool = False
    values: Array | None = None
