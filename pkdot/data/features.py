"""Features of frozen backbones, computed once for every sample and kept.

They depend on the samples as the corpus serves them, the weights, the form and the versions; see
:mod:`pkdot.keyed_cache`.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import torch

from ..atomic_files import reserve
from ..keyed_cache import KeyedCache, short_hash
from .corpus import Corpus, IndexArray, Samples

VERSION = 1
"""Raised whenever the same samples and weights give other features."""

Form = Literal["pooled", "tokens"]
"""One vector (F,) a sample, or a sequence of places (T, F)."""


def cache_folder() -> Path:
    """``PKDOT_CACHE``, else the place where this system keeps caches."""
    import pooch

    return Path(os.environ.get("PKDOT_CACHE") or pooch.os_cache("pkdot")).expanduser()


def feature_key(corpus: Corpus, modality: str, weights: str, form: Form, side: int) -> str:
    """Short hash of all that the features of a modality depend on.

    Args:
        corpus: whose samples.
        modality: which of them.
        weights: hash of the backbone's weights.
        form: pooled or tokens.
        side: tokens along each side of a clip's map at most.
    """
    dependencies = [VERSION, torch.__version__, corpus.source(modality), weights, form]
    if form == "tokens":
        dependencies.append(side)
    return f"{modality}-{form}-{short_hash(dependencies)}"


def kept_features(
    key: str,
    size: int,
    compute: Callable[[], Iterator[np.ndarray]],
    folder: Path | None,
) -> np.ndarray:
    """Features of all samples, read from a file or computed now.

    Args:
        key: from :func:`feature_key`.
        size: N, number of samples.
        compute: gives the features of all samples in order, in chunks (n, ...), float32.
        folder: where files are kept; None keeps the features in memory only.

    Returns:
        (N, ...) float32, a read-only memory map where there is a folder.

    Raises:
        RecordError: if the file cannot be written.
    """

    def read(path: Path) -> np.ndarray:
        values: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        if len(values) != size:
            raise ValueError("another number of samples")
        return values

    def write(path: Path, chunks: Iterator[np.ndarray]) -> None:
        # Written, not mapped: where a disk is full, a store into a map kills the process.
        with path.open("wb") as stream:
            for number, chunk in enumerate(chunks):
                values = np.ascontiguousarray(chunk, dtype=np.float32)
                if number == 0:
                    _begin(stream, (size, *values.shape[1:]))
                stream.write(values.data)

    cache = KeyedCache(folder, ".npy", read, write)
    kept = cache.find(key)
    if kept is not None:
        return kept
    if folder is None:
        return np.concatenate(list(compute()))
    cache.keep(key, compute())
    written = cache.find(key)
    assert written is not None
    return written


def _begin(stream: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the head of a ``.npy`` file of float32, and claim the space for its content."""
    head = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, head)
    stream.flush()
    reserve(stream, stream.tell() + 4 * math.prod(shape))


class GroupNormalised:
    """Features with each group's own mean and deviation taken out, entry by entry.

    A face or a skin at rest carries no pain, and differs from person to person. No target is read,
    but all samples of a group are, also of a test group: it is meant for recordings that are at
    hand as a whole.

    Args:
        features: (N, ...).
        groups: (N,), whose sample each is.

    A deviation is taken to be no less than a tenth of the overall one, so that an entry that
    hardly varies is not blown up; a group of one sample becomes zeros.
    """

    def __init__(self, features: Samples, groups: np.ndarray) -> None:
        self._features = features
        names, self._group = np.unique(groups, return_inverse=True)
        means, deviations = [], []
        for i in range(len(names)):
            rows = np.asarray(features[np.flatnonzero(self._group == i)], dtype=np.float32)
            means.append(rows.mean(0))
            deviations.append(rows.std(0))
        self._mean = np.stack(means)
        deviation = np.stack(deviations)
        overall = float(np.sqrt(np.square(deviation).mean()))
        self._deviation = np.maximum(deviation, 0.1 * overall if overall > 0 else 1.0)

    def __len__(self) -> int:
        return len(self._group)

    def __getitem__(self, index: IndexArray) -> np.ndarray:
        who = self._group[index]
        return (np.asarray(self._features[index]) - self._mean[who]) / self._deviation[who]


def with_features(corpus: Corpus, features: dict[str, Samples]) -> Corpus:
    """The same corpus, some of its modalities seen as features instead of clips or signals."""
    kinds = {name: kind for name, kind in corpus.kinds.items() if name not in features}
    return replace(corpus, modalities={**corpus.modalities, **features}, kinds=kinds)
