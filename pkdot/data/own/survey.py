"""What the values of a modality are like: their range, what never varies, what occurs twice."""

import hashlib
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

from .served import blocks
from .source import Reading


@dataclass(frozen=True)
class Survey:
    """One pass over the usable samples of a modality.

    Attributes:
        low: least value, NaN where there is no usable sample.
        high: greatest value.
        same_everywhere: (shape of a sample) bool, entries that are the same in all samples.
        flat: (n,) rows whose sample is one value throughout, of samples with several values.
        repeats: (m,) rows whose sample has occurred before.
        first_of: (m,) row where the sample of ``repeats`` stood first.
    """

    low: float
    high: float
    same_everywhere: np.ndarray
    flat: np.ndarray
    repeats: np.ndarray
    first_of: np.ndarray


def survey(reading: Reading, name: str, *, progress: bool = True) -> Survey:
    """Read a modality once.

    Args:
        reading: of N samples.
        name: of the modality, for the bar.
        progress: show a bar over samples.
    """
    low = high = np.full(reading.shape, np.nan, dtype=np.float32)
    flat: list[np.ndarray] = []
    seen: dict[bytes, int] = {}
    repeats: list[tuple[int, int]] = []
    with tqdm(
        total=len(reading.usable), desc=f"looking at {name}", unit="sample", disable=not progress
    ) as bar:
        for rows in blocks(reading.samples, reading.shape):
            bar.update(len(rows))
            rows = rows[reading.usable[rows]]
            if not len(rows):
                continue
            block = np.ascontiguousarray(reading.samples[rows], dtype=np.float32)
            low, high = np.fmin(low, block.min(0)), np.fmax(high, block.max(0))
            across = block.reshape(len(rows), -1)
            if across.shape[1] > 1:
                flat.append(rows[across.min(1) == across.max(1)])
            for row, sample in zip(rows.tolist(), across, strict=True):
                digest = hashlib.blake2b(sample.data, digest_size=16).digest()
                first = seen.setdefault(digest, row)
                if first != row:
                    repeats.append((row, first))
    pairs = np.array(repeats, dtype=np.int64).reshape(-1, 2)
    return Survey(
        low=float(np.min(low)),
        high=float(np.max(high)),
        same_everywhere=low == high,
        flat=np.concatenate([*flat, np.zeros(0, dtype=np.int64)]).astype(np.int64),
        repeats=pairs[:, 0],
        first_of=pairs[:, 1],
    )
