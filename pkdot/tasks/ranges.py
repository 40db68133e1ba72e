"""Real values sorted into ranges that hold a fifth of them each."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .groups import Array, GroupWords, TargetGroups

BINS = 5


def fifths(values: Array) -> Array:
    """The edges between fifths of the values that are known; zeros where none is."""
    known = values[np.isfinite(values)]
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.quantile(known, shares) if len(known) else np.zeros(len(shares))


def ranges(values: Array, edges: Sequence[float], name: str) -> TargetGroups:
    """Values (N,) sorted into the ranges between edges; between their own fifths without any.

    Args:
        values: NaN where missing.
        edges: rising; empty where they are to be found.
        name: of what the values are.
    """
    note = f"the groups are fifths of {name}, from low to high"
    if not edges:
        edges, note = tuple(fifths(values)), f"{note}, among these samples"
    texts = [f"{edge:.3g}" for edge in edges]
    names = [f"up to {texts[0]}", *(f"{a} to {b}" for a, b in pairwise(texts))]
    names.append(f"above {texts[-1]}")
    numbers = np.where(np.isfinite(values), np.searchsorted(edges, values), -1)
    words = GroupWords("range", "ranges", "no target", note)
    return TargetGroups(numbers, tuple(names), name, words, ordered=True, values=values)
