"""Whether the samples of a corpus are numbers, before a training learns that they are not."""

import numpy as np

from ..errors import DataError
from .corpus import Corpus

SHOWN = 5


def check_numbers(corpus: Corpus) -> None:
    """Refuse NaN and infinity in what a training or its scores would read.

    Samples in memory are looked at; what is decoded or mapped from disk was when it was written.

    Raises:
        DataError: naming the modality and the first samples.
    """
    split = corpus.split
    used = np.zeros(len(corpus), dtype=bool)
    used[np.concatenate([split.train, split.teacher_only, split.validation, split.test])] = True
    for name in corpus.names:
        rows = corpus.modalities[name]
        if not isinstance(rows, np.ndarray) or isinstance(rows, np.memmap):
            continue
        if rows.dtype.kind != "f":
            continue
        wrong = ~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1) & used
        if name in corpus.present:
            wrong &= corpus.present[name]
        if wrong.any():
            found = corpus.ids[wrong]
            more = ", …" if len(found) > SHOWN else ""
            raise DataError(
                f"Corpus {corpus.name!r}: {len(found)} samples ({', '.join(found[:SHOWN])}{more}) "
                f"hold NaN or infinity in {name!r}; mend them, leave them out of the split, or say "
                f"by `present` that they lack it."
            )
