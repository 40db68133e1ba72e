"""Samples sorted by their target into a few groups, and the words for them."""

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class TargetGroups(NamedTuple):
    """Samples sorted by their target, for colours and blocks of figures.

    Attributes:
        numbers: (N,) group of each sample, -1: no target.
        names: one name a group.
        by: what sorts them, in the words of legends and axes: ``class``, a target's name.
        one: what a single group is called: ``class``, ``range``.
        many: the same for several.
        none: what a sample without target is called.
        ordered: whether the groups stand in rising order; colours then do, too.
        note: what the groups are, a clause without a full stop; empty where the words say it.
    """

    numbers: Array
    names: tuple[str, ...]
    by: str
    one: str = "class"
    many: str = "classes"
    none: str = "no label"
    ordered: bool = False
    note: str = ""
