"""Which samples remain, and whether a teacher has enough of them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..corpus import Split
from .findings import OwnDataError, some
from .source import Source


def thinned(source: Source, rows: np.ndarray) -> Source:
    """The same source with some of its samples; its modalities still have all of them."""
    if len(rows) == len(source):
        return source
    pick = lambda column: None if column is None else column[rows]  # noqa: E731
    return replace(
        source,
        ids=source.ids[rows],
        groups=pick(source.groups),
        targets=pick(source.targets),
        split=pick(source.split),
        frames=pick(source.frames),
    )


def check_complete(split: Split, present: Mapping[str, np.ndarray]) -> None:
    """Each part that a teacher is trained or judged on needs samples with all modalities.

    Args:
        split: of N samples.
        present: privileged modality -> (N,) bool, which samples have it.

    Raises:
        OwnDataError: naming the part and what is missing there.
    """
    complete = np.logical_and.reduce(list(present.values()))
    for part in ("labelled", "validation", "test"):
        rows = getattr(split, part)
        if not complete[rows].any():
            lacking = [name for name, there in present.items() if not there[rows].all()]
            raise OwnDataError(
                f"No {part} sample has all of {some(list(present))} ({some(lacking)} is missing); "
                f"a teacher needs some there."
            )
