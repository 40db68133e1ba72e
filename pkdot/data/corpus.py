"""The protocol that every corpus follows: samples seen through several modalities, and a split.

A corpus module offers a frozen settings model (its ``name`` field tells corpora apart) and
``load(settings, seed) -> Corpus``; ``pkdot.data`` lists them. Nothing after this room knows which
corpus it works on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError, InputError

IndexArray = np.ndarray[Any, np.dtype[np.int64]]


class Samples(Protocol):
    """The samples of one modality: a tensor, a memory map, or anything that reads on demand."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> Any:
        """An integer array of n indices gives an array or tensor (n, ...)."""
        ...


@dataclass(frozen=True)
class Split:
    """Who may be used for what; four disjoint sets of sample indices.

    Attributes:
        labelled: training samples whose label the task loss reads.
        unlabelled: training samples recorded with all modalities whose label is never read.
        validation: the inner split, labelled, for early stopping and selection only.
        test: touched once, at the end.
    """

    labelled: IndexArray
    unlabelled: IndexArray
    validation: IndexArray
    test: IndexArray

    @property
    def train(self) -> IndexArray:
        """Labelled and unlabelled training samples: what distillation and the T-Net see."""
        return np.concatenate([self.labelled, self.unlabelled])

    def check(self, size: int, subjects: np.ndarray | None = None) -> None:
        """Raise :class:`DataError` unless the sets are disjoint, in range and not empty.

        With ``subjects`` (N,), also refuses a subject on both sides of train and test, or of
        train and validation.
        """
        parts = {name: getattr(self, name) for name in ("labelled", "validation", "test")}
        for name, indices in parts.items():
            if len(indices) == 0:
                raise DataError(f"The {name} part of the split is empty; ask for fewer samples.")
        everything = np.concatenate([self.train, self.validation, self.test])
        if len(np.unique(everything)) != len(everything):
            raise DataError(
                "A sample stands in two parts of the split; the parts must be disjoint."
            )
        if everything.min() < 0 or everything.max() >= size:
            raise DataError(f"The split names samples outside 0..{size - 1}.")
        if subjects is None:
            return
        for name in ("validation", "test"):
            both = set(subjects[self.train]) & set(subjects[parts[name]])
            if both:
                raise DataError(
                    f"Subject '{min(both)}' stands in training and {name} both "
                    f"({len(both)} such); split by subject."
                )


@dataclass(frozen=True)
class Corpus:
    """N samples, each seen through every modality, with label, subject and split.

    Attributes:
        name: which corpus, e.g. ``"digits"``.
        modalities: name -> samples (N, ...); the prevalent modality and the privileged ones.
        prevalent: the modality that exists at test time.
        privileged: the modalities that only the teacher sees.
        labels: the truth, (N,) int64; evaluation reads it.
        given_labels: what training and validation read, (N,) int64: ``labels``, or a version with
            label noise.
        subjects: the group of each sample, (N,) str; splits respect it.
        ids: unique sample names, (N,) str.
        class_names: one name a class.
        split: the four parts.
        simulated: whether a simulator made the data; every figure then says "simulated".
        fingerprint: hash of data and options, for caches and records.
        sources: modality -> hash of its samples as they are served, for caches that outlive a
            split; where one is absent, ``fingerprint`` stands in.
        ordinal: whether the classes are levels of one quantity, in rising order.
        posterior: (N, C) probabilities of the classes given what a simulator drew behind each
            sample; None where they are unknown.
        restricted: whether pictures of the samples must not be passed on; a record then keeps none
            unless its settings ask for them.
        media: pictures for people to look at, by the name of the view, e.g. "the teacher sees":
            each (N, H, W) or (N, H, W, 3) uint8, read on demand.
        facts: further short facts for the record (left out samples, licences, …).
    """

    name: str
    modalities: Mapping[str, Samples]
    prevalent: str
    privileged: tuple[str, ...]
    labels: np.ndarray
    given_labels: np.ndarray
    subjects: np.ndarray
    ids: np.ndarray
    class_names: tuple[str, ...]
    split: Split
    simulated: bool
    fingerprint: str
    sources: Mapping[str, str] = field(default_factory=dict)
    ordinal: bool = False
    posterior: np.ndarray | None = None
    restricted: bool = False
    media: Mapping[str, Samples] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.ids)
        named = {
            "labels": self.labels,
            "given_labels": self.given_labels,
            "subjects": self.subjects,
        }
        for name, column in {**named, **self.modalities, **self.media}.items():
            if len(column) != size:
                raise DataError(
                    f"Corpus {self.name!r}: {name} has {len(column)} samples, ids has {size}."
                )
        if self.posterior is not None and self.posterior.shape != (size, self.n_classes):
            raise DataError(
                f"Corpus {self.name!r}: posterior has shape {self.posterior.shape}, not "
                f"({size}, {self.n_classes})."
            )
        for name in (self.prevalent, *self.privileged):
            if name not in self.modalities:
                raise DataError(f"Corpus {self.name!r} has no modality {name!r}.")
        for name in ("labels", "given_labels"):
            column = getattr(self, name)
            if column.min() < 0 or column.max() >= self.n_classes:
                raise InputError(
                    f"Corpus {self.name!r}: {name} must lie in 0..{self.n_classes - 1}, found "
                    f"{int(column.min())} to {int(column.max())}."
                )
        self.split.check(size)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    def source(self, modality: str) -> str:
        """A text that differs wherever the samples of a modality differ."""
        return self.sources.get(modality) or f"{self.fingerprint}/{modality}"

    def shape(self, modality: str) -> tuple[int, ...]:
        """Shape of one sample of a modality."""
        return tuple(self.modalities[modality][np.zeros(1, dtype=np.int64)].shape[1:])

    def batch(self, modality: str, indices: IndexArray) -> Tensor:
        """Samples (n, ...) of one modality as a float32 tensor on the CPU."""
        chosen = self.modalities[modality][indices]
        if isinstance(chosen, np.memmap):  # torch would warn of a map that cannot be written to
            chosen = np.array(chosen)
        return torch.as_tensor(chosen, dtype=torch.float32)
