"""Frames of sequences by their names, ``sequence/17``: which sequence, and when in it."""

import re
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_FRAME = re.compile(r"(.+)[/#](\d{1,9})")


def frames_of(names: Any) -> tuple[Array, Array] | None:
    """The sequence of each of M frames and its number there, (M,) each.

    Returns:
        None where a name is not one of a frame, or no sequence has two of them.
    """
    found = [_FRAME.fullmatch(str(name)) for name in names]
    if not found or any(match is None for match in found):
        return None
    sequences = np.array([match[1] for match in found if match])
    numbers = np.array([int(match[2]) for match in found if match])
    return (sequences, numbers) if len(np.unique(sequences)) < len(sequences) else None
