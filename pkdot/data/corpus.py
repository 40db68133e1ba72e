"""The protocol that every corpus follows: samples seen through several modalities, and a split.

A corpus module offers a frozen settings model (its ``name`` field tells corpora apart) and
``load(settings, seed) -> Corpus``; ``pkdot.data`` lists them. Nothing after this room knows which
corpus it works on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError
from ..tasks import Task

IndexArray = np.ndarray[Any, np.dtype[np.int64]]


class Samples(Protocol):
    """The samples of one modality: a tensor, a memory map, or anything that reads on demand."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> Any:
        """An integer array of n indices gives an array or tensor (n, ...)."""
        ...


@dataclass(frozen=True)
class Split:
    """Who may be used for what; disjoint sets of sample indices.

    Attributes:
        labelled: training samples whose label the task loss reads.
        unlabelled: training samples recorded with all modalities whose label is never read; where
            there is ``teacher_only``, the student's recordings, and their pairs count for nothing.
        validation: the inner split, labelled, for early stopping and selection only.
        test: touched once, at the end.
        teacher_only: training samples that only the teacher saw; neither their prevalent
            modalities nor their labels are ever read.
    """

    labelled: IndexArray
    unlabelled: IndexArray
    validation: IndexArray
    test: IndexArray
    teacher_only: IndexArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def train(self) -> IndexArray:
        """Labelled and unlabelled training samples: what the student sees."""
        return np.concatenate([self.labelled, self.unlabelled])

    def check(self, size: int, groups: np.ndarray | None = None) -> None:
        """Raise :class:`DataError` unless the sets are disjoint, in range and not empty.

        With ``groups`` (N,), also refuses a group on both sides of train and test, or of train and
        validation; what only the teacher saw is training.
        """
        parts = {name: getattr(self, name) for name in ("labelled", "validation", "test")}
        for name, indices in parts.items():
            if len(indices) == 0:
                raise DataError(f"The {name} part of the split is empty; ask for fewer samples.")
        training = np.concatenate([self.train, self.teacher_only])
        everything = np.concatenate([training, self.validation, self.test])
        if len(np.unique(everything)) != len(everything):
            raise DataError(
                "A sample stands in two parts of the split; the parts must be disjoint."
            )
        if everything.min() < 0 or everything.max() >= size:
            raise DataError(f"The split names samples outside 0..{size - 1}.")
        if groups is None:
            return
        for name in ("validation", "test"):
            both = set(groups[training]) & set(groups[parts[name]])
            if both:
                raise DataError(
                    f"Group '{min(both)}' stands in training and {name} both ({len(both)} such); "
                    f"split by group."
                )


Kind = Literal["vector", "columns", "tokens", "signal", "sound", "picture", "clip", "frames"]
"""What a sample of a modality is: numbers of one unit (D,); numbers of a unit each (D,), as columns
of a table; tokens (T, D); a signal (C, L); a sound (1, L); a
picture (C, H, W); a clip (3, T, H, W); or a vector a frame, (L, D)."""


@dataclass(frozen=True)
class Corpus:
    """N samples, each seen through every modality, with target, group and split.

    Attributes:
        name: which corpus, e.g. ``"digits"``.
        modalities: name -> samples (N, ...).
        prevalent: the modalities that exist at test time.
        privileged: the modalities that only the teacher sees.
        targets: the truth, as the task has it: classes (N,), values (N, T), or of L frames a
            sample (N, L, T); evaluation reads it. Missing: -1, or NaN.
        given_targets: what training and validation read: ``targets``, or with noise in them.
        groups: the group of each sample, (N,) str: subject, actor, video; splits respect it.
        ids: unique sample names, (N,) str.
        task: what is to be learnt; fitted to the labelled training targets where it is not yet.
        split: its parts.
        simulated: whether a simulator made the data; every figure then says "simulated".
        fingerprint: hash of data and options, for caches and records.
        kinds: modality -> what its samples are; told by their shape where absent.
        present: modality -> (N,) bool, which samples have it; all where absent. Only what nobody
            but the teacher saw lacks a prevalent one.
        sources: modality -> hash of its samples as they are served, for caches that outlive a
            split; where one is absent, ``fingerprint`` stands in.
        frames: (N, L) names of the frames of windows; a frame that several windows cover has one
            name, and is scored once. Made on demand where they are many; by id and position
            where absent.
        smoothing: frames over which answers are averaged before they are scored, in the sequence
            of each frame (its name without the number at the end); odd, 1: none; None: still to be
            chosen, see :mod:`pkdot.experiments.smoothing`.
        unit: what a group is, in words: subject, actor, video.
        posterior: (N, C) probabilities of the classes given what a simulator drew behind each
            sample; None where they are unknown.
        restricted: whether pictures of the samples must not be passed on; a record then keeps none
            unless its settings ask for them.
        media: pictures for people to look at, by the name of the view, e.g. "the teacher sees":
            each (N, H, W) or (N, H, W, 3) uint8, read on demand.
        facts: further short facts for the record (left out samples, licences, …).

    Raises:
        DataError: for columns of unequal length, an unknown modality, or targets that the task
            cannot have.
    """

    name: str
    modalities: Mapping[str, Samples]
    prevalent: tuple[str, ...]
    privileged: tuple[str, ...]
    targets: np.ndarray
    given_targets: np.ndarray
    groups: np.ndarray
    ids: np.ndarray
    task: Task
    split: Split
    simulated: bool
    fingerprint: str
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    present: Mapping[str, np.ndarray] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    frames: Samples | None = None
    smoothing: int | None = 1
    unit: str = "group"
    posterior: np.ndarray | None = None
    restricted: bool = False
    media: Mapping[str, Samples] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.ids)
        columns = {
            "targets": self.targets,
            "given_targets": self.given_targets,
            "groups": self.groups,
        }
        for name, column in {**columns, **self.modalities, **self.media, **self.present}.items():
            if len(column) != size:
                raise DataError(
                    f"Corpus {self.name!r}: {name} has {len(column)} samples, ids has {size}."
                )
        width = self.task.output_width
        if self.posterior is not None and self.posterior.shape != (size, width):
            raise DataError(
                f"Corpus {self.name!r}: posterior has shape {self.posterior.shape}, not "
                f"({size}, {width})."
            )
        if not self.prevalent:
            raise DataError(f"Corpus {self.name!r} has no prevalent modality; name one or more.")
        for name in self.names:
            if name not in self.modalities:
                raise DataError(f"Corpus {self.name!r} has no modality {name!r}.")
        if len(set(self.names)) != len(self.names):
            raise DataError(
                f"Corpus {self.name!r}: a modality is named twice among {', '.join(self.names)}."
            )
        for name in ("targets", "given_targets"):
            try:
                checked = self.task.check(getattr(self, name))
            except DataError as error:
                raise DataError(f"Corpus {self.name!r}: {error}") from None
            object.__setattr__(self, name, checked)  # whole numbers could not hold a missing value
        self.split.check(size)
        self._check_unpaired()
        if not self.task.is_fitted:
            fitted = self.task.fitted(self.given_targets[self.split.labelled])
            object.__setattr__(self, "task", fitted)

    def _check_unpaired(self) -> None:
        """Refuse a labelled sample without a pair where only labelled ones are trusted pairs."""
        if not self.is_unpaired:
            return
        lacking = int((~self.complete[self.split.labelled]).sum())
        if lacking:
            raise DataError(
                f"Corpus {self.name!r}: {lacking} labelled training samples lack a modality, and "
                f"where other recordings are unpaired the labelled ones are the trusted pairs; "
                f"leave these samples out, e.g. by data.drop_missing."
            )

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_arrays(
        cls,
        modalities: Mapping[str, Any],
        targets: Any,
        *,
        groups: Any = None,
        ids: Any = None,
        split: Any = None,
        frames: Any = None,
        task: Task | str | None = None,
        seed: int = 0,
        **options: Any,
    ) -> "Corpus":
        """A corpus of arrays in memory.

        Args:
            modalities: name -> array or tensor (N, ...) of numbers. A row of nothing but NaN means
                that the sample lacks the modality. Bytes (uint8) with the colour last are pixels.
            targets: (N,) classes (text or whole numbers) or values, (N, T) values or labels, or
                (N, L, T) with a target a frame. Missing: -1, NaN or an empty text.
            groups: (N,) names of what must stay on one side of a split; each sample by itself
                where left out.
            ids: (N,) unique names; numbers where left out.
            split: (N,) of train, test, validation (optional) and unlabelled; drawn where left out.
            frames: (N, L) names of the frames of windows.
            task: a task, its name, or None: told by the targets.
            seed: of the inner validation and of the choice of labels.
            options: ``prevalent`` and ``privileged`` (names; the first modality is prevalent, the
                others privileged, where left out), ``name`` and ``unit`` for people, and further
                settings of :class:`pkdot.data.own.OwnSettings`, e.g. ``label_fraction=0.2``,
                ``kinds={"eda": "signal"}``, ``protocol="kfold"``, ``drop_missing=True``.

        Raises:
            ConfigError: for an option that there is not.
            DataError: for arrays that make no corpus, in one sentence.
        """
        from .own.arrays import from_arrays

        columns = {"groups": groups, "ids": ids, "split": split, "frames": frames}
        return from_arrays(modalities, targets, columns, task, seed, options)

    @property
    def names(self) -> tuple[str, ...]:
        """All modalities that anything reads, the prevalent ones first."""
        return (*self.prevalent, *self.privileged)

    @property
    def is_sequence(self) -> bool:
        """Whether a sample is a window of L frames with a target each."""
        return self.targets.ndim == 3

    @property
    def is_unpaired(self) -> bool:
        """Whether some training recordings were seen by the teacher alone.

        Pairs are then trusted only where they have a label.
        """
        return len(self.split.teacher_only) > 0

    @property
    def complete(self) -> np.ndarray:
        """Which samples have every modality, (N,)."""
        whole = np.ones(len(self), dtype=bool)
        for name in self.names:
            if name in self.present:
                whole &= self.present[name]
        return whole

    def frame_names(self, indices: IndexArray) -> np.ndarray:
        """Names (n, L) of the frames of n windows."""
        if self.frames is not None:
            return np.asarray(self.frames[indices])
        places = np.arange(self.targets.shape[1])
        return np.array([[f"{self.ids[i]}#{place}" for place in places] for i in indices])

    def source(self, modality: str) -> str:
        """A text that differs wherever the samples of a modality differ."""
        return self.sources.get(modality) or f"{self.fingerprint}/{modality}"

    def shape(self, modality: str) -> tuple[int, ...]:
        """Shape of one sample of a modality."""
        return tuple(self.modalities[modality][np.zeros(1, dtype=np.int64)].shape[1:])

    def kind(self, modality: str) -> Kind:
        """What a sample of a modality is; told by its shape where ``kinds`` does not say."""
        return self.kinds.get(modality) or kind_of(self.shape(modality))

    def batch(self, modality: str, indices: IndexArray) -> Tensor:
        """Samples (n, ...) of one modality as a float32 tensor on the CPU."""
        chosen = self.modalities[modality][indices]
        if isinstance(chosen, np.memmap):  # torch would warn of a map that cannot be written to
            chosen = np.array(chosen)
        return torch.as_tensor(chosen, dtype=torch.float32)


def kind_of(shape: tuple[int, ...]) -> Kind:
    """What a sample of this shape is taken for.

    Raises:
        DataError: for a shape that no kind has.
    """
    if len(shape) == 1:
        return "vector"
    if len(shape) == 2:
        return "signal" if shape[0] == 1 else "tokens"
    if len(shape) == 3:
        return "picture"
    if len(shape) == 4 and shape[0] == 3:
        return "clip"
    raise DataError(
        f"Samples of shape {shape} are of no known kind; vectors (D,), tokens (T, D), signals "
        f"(1, L), pictures (C, H, W) and clips (3, T, H, W) are understood."
    )
