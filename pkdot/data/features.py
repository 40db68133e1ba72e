"""Features of frozen backbones, computed once for every sample and kept.

They depend on the samples as the corpus serves them, the weights, the form and the versions; see
:mod:`pkdot.keyed_cache`.
"""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import torch

from ..array_files import load_array
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

    A second process that wants the same ones waits for the first.

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
        values = load_array(path, mapped=True)
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

    if folder is None:
        return np.concatenate(list(compute()))
    cache: KeyedCache[Any] = KeyedCache(folder, ".npy", read, write)
    cache.find_or_compute(key, compute)  # what was computed now went from its chunks to the disk
    kept: np.ndarray | None = cache.find(key)
    assert kept is not None
    return kept


def groups_repeat(groups: np.ndarray) -> bool:
    """Whether at least half of some samples share their group, (N,), with another one."""
    _, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return bool(2 * (sizes[which] > 1).sum() >= len(groups) > 0)


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
    hand as a whole. Groups of one sample become zeros, so that it is of no use where most are such
    (:func:`groups_repeat`).

    Args:
        features: (N, ...).
        groups: (N,), whose sample each is.
        present: (N,), which samples have the modality; all where left out. The others are read for
            no mean.

    Attributes:
        overall: the deviation over all entries and groups. One of a single entry is taken to be no
            less than a tenth of it, so that an entry that hardly varies is not blown up.
    """

    def __init__(
        self, features: Samples, groups: np.ndarray, present: np.ndarray | None = None
    ) -> None:
        self._features = features
        names, group = np.unique(groups, return_inverse=True)
        number = np.zeros(len(names), dtype=np.int64)
        means: list[np.ndarray] = []
        deviations: list[np.ndarray] = []
        for i in range(len(names)):
            rows = np.flatnonzero((group == i) & (True if present is None else present))
            if len(rows):  # a group without the modality keeps number 0: none of it is ever read
                values = np.asarray(features[rows], dtype=np.float32)
                number[i] = len(means)
                means.append(values.mean(0))
                deviations.append(values.std(0))
        self._group, self._mean = number[group], np.stack(means)
        deviation = np.stack(deviations)
        self.overall = float(np.sqrt(np.square(deviation).mean()))
        self._deviation = np.maximum(deviation, deviation_floor(self.overall))

    def __len__(self) -> int:
        return len(self._group)

    def __getitem__(self, index: IndexArray) -> np.ndarray:
        who = self._group[index]
        return (np.asarray(self._features[index]) - self._mean[who]) / self._deviation[who]


def deviation_floor(overall: float) -> float:
    """The least deviation that features are divided by, see :class:`GroupNormalised`."""
    return 0.1 * overall if overall > 0 else 1.0


def with_features(corpus: Corpus, features: dict[str, Samples]) -> Corpus:
    """The same corpus, some of its modalities seen as features instead of raw samples."""
    kinds = dict(corpus.kinds)
    for name, samples in features.items():
        axes = np.asarray(samples[np.zeros(1, dtype=np.int64)]).ndim - corpus.is_sequence
        kinds[name] = "tokens" if axes == 3 else "frames" if corpus.is_sequence else "vector"
    return replace(corpus, modalities={**corpus.modalities, **features}, kinds=kinds)
