"""Which samples form each training batch."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import ConfigError
from .corpus import IndexArray


class _Stream:
    """Chunks of ``size`` distinct samples, for ever; what is left of each shuffle is dropped."""

    def __init__(self, indices: IndexArray, size: int, rng: np.random.Generator) -> None:
        self._indices, self._size, self._rng = indices, size, rng
        self._order, self._at = indices[:0], 0
        self._before: Any = None

    def draw(self) -> IndexArray:
        if self._at + self._size > len(self._order):
            self._shuffle()
        self._at += self._size
        return self._order[self._at - self._size : self._at]

    def _shuffle(self) -> None:
        self._before = self._rng.bit_generator.state
        self._order, self._at = self._rng.permutation(self._indices), 0

    def get_state(self) -> dict[str, Any]:
        """The generator before the last shuffle tells its order, whatever the number of samples."""
        return {"before": self._before, "at": self._at}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Shuffle as it was; the caller gives the generator its state afterwards."""
        self._order, self._before = self._indices[:0], None
        if state["before"] is not None:
            self._rng.bit_generator.state = state["before"]
            self._shuffle()
        self._at = state["at"]


class _BalancedStream:
    """Chunks of ``size`` samples, for ever, with as many of each class as its neighbours.

    Which classes have one more where the numbers do not divide is drawn for each chunk. A class
    with fewer samples than its share stands in a chunk several times.
    """

    def __init__(
        self, indices: IndexArray, classes: np.ndarray, size: int, rng: np.random.Generator
    ) -> None:
        members = [indices[classes == label] for label in np.unique(classes)]
        self._queues = [_Stream(own, 1, rng) for own in members]
        self._size, self._rng = size, rng

    def draw(self) -> IndexArray:
        count = len(self._queues)
        share = np.full(count, self._size // count)
        share[self._rng.permutation(count)[: self._size % count]] += 1
        drawn = [q.draw() for q, n in zip(self._queues, share, strict=True) for _ in range(n)]
        return np.concatenate(drawn)

    def get_state(self) -> dict[str, Any]:
        return {"queues": [queue.get_state() for queue in self._queues]}

    def set_state(self, state: Mapping[str, Any]) -> None:
        for queue, own in zip(self._queues, state["queues"], strict=True):
            queue.set_state(own)


class Batches:
    """An epoch of batches, each with a fixed share of labelled samples.

    Labelled and unlabelled samples run through separate shuffled streams, so that a few labels
    stand in every batch beside many unlabelled samples. An epoch sees each sample of the larger
    stream about once; a short last batch is dropped, because batch norm and the distillation see
    batches of one size only. Without unlabelled samples every sample of a batch is labelled.

    Args:
        labelled: indices of labelled samples.
        unlabelled: indices of unlabelled samples, may be empty.
        batch_size: B; it shrinks to the number of training samples where that is smaller.
        labelled_share: share of a batch that is labelled where unlabelled samples exist; no more
            than there are labelled samples.
        seed: of the order.
        least: batches of an epoch at least; few samples are then seen several times in it.
        classes: of the labelled samples, in their order; given, each batch has as many labelled
            samples of one class as of another.
        teacher_only: indices of samples that only the teacher saw, or whose pair is doubtful. They
            run through a stream with draws of its own, so that the student's batches do not depend
            on them, and as many of them as of the unlabelled ones follow in each batch.

    Attributes:
        n_labelled, n_unlabelled, n_teacher_only: of a batch, in this order.

    Iterating yields int64 arrays (B,), labelled samples first, or (B + n_teacher_only,); each pass
    is a new epoch.

    Raises:
        ConfigError: for fewer than two samples, of which there is nothing to compare.
    """

    def __init__(
        self,
        labelled: IndexArray,
        unlabelled: IndexArray,
        batch_size: int,
        labelled_share: float,
        seed: int,
        least: int = 1,
        classes: np.ndarray | None = None,
        teacher_only: IndexArray | None = None,
    ) -> None:
        size = min(batch_size, len(labelled) + len(unlabelled))
        if size < 2:
            samples = "sample" if size == 1 else "samples"
            raise ConfigError(
                f"{size} training {samples} can be learnt from here (with a target, and with every "
                f"modality that is read), and a batch needs at least 2; give more."
            )
        self.n_labelled = labelled_in_batch(
            len(labelled), len(unlabelled), batch_size, labelled_share
        )
        self.n_unlabelled = size - self.n_labelled
        lengths = [len(labelled) // self.n_labelled]
        if self.n_unlabelled:
            lengths.append(len(unlabelled) // self.n_unlabelled)
        self._length = max(least, *lengths)
        self._rng = rng = np.random.default_rng(seed)
        self._labelled = (
            _Stream(labelled, self.n_labelled, rng)
            if classes is None
            else _BalancedStream(labelled, classes, self.n_labelled, rng)
        )
        self._unlabelled = _Stream(unlabelled, self.n_unlabelled, rng)
        others = labelled[:0] if teacher_only is None else teacher_only
        self.n_teacher_only = min(len(others), self.n_unlabelled)
        self._teacher_rng = np.random.default_rng([seed, 1])
        self._teacher_only = _Stream(others, self.n_teacher_only, self._teacher_rng)

    @property
    def trusted(self) -> int | None:
        """How many samples of a batch, its first, are pairs; None where all are."""
        return self.n_labelled if self.n_teacher_only else None

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many samples of each kind a batch holds."""
        if self.n_teacher_only:
            return (self.n_labelled, self.n_unlabelled, self.n_teacher_only)
        return (self.n_labelled + self.n_unlabelled,)

    def of_student(self, drawn: IndexArray) -> IndexArray:
        """What the student sees of a batch, or of several: (..., B)."""
        return drawn[..., : self.n_labelled + self.n_unlabelled]

    def of_teacher(self, drawn: IndexArray) -> IndexArray:
        """What the teacher sees of it: the same samples, or the trusted pairs and its own."""
        if not self.n_teacher_only:
            return drawn
        own = drawn[..., self.n_labelled + self.n_unlabelled :]
        return np.concatenate([drawn[..., : self.n_labelled], own], axis=-1)

    def __len__(self) -> int:
        """Batches an epoch."""
        return self._length

    def __iter__(self) -> Iterator[IndexArray]:
        for _ in range(self._length):
            yield self.draw()

    def draw(self) -> IndexArray:
        """The next batch of this epoch or another, as iterating yields it."""
        chosen = self._labelled.draw()
        if self.n_unlabelled:
            chosen = np.concatenate([chosen, self._unlabelled.draw()])
        if self.n_teacher_only:
            chosen = np.concatenate([chosen, self._teacher_only.draw()])
        return chosen

    def get_state(self) -> dict[str, Any]:
        """Where the order stands, in plain values; :meth:`set_state` goes on from there."""
        state = {
            "rng": self._rng.bit_generator.state,
            "labelled": self._labelled.get_state(),
            "unlabelled": self._unlabelled.get_state(),
        }
        if self.n_teacher_only:
            state["teacher_rng"] = self._teacher_rng.bit_generator.state
            state["teacher_only"] = self._teacher_only.get_state()
        return state

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on as batches of the same samples did that were asked for their state."""
        self._labelled.set_state(state["labelled"])
        self._unlabelled.set_state(state["unlabelled"])
        self._rng.bit_generator.state = state["rng"]
        if self.n_teacher_only:
            self._teacher_only.set_state(state["teacher_only"])
            self._teacher_rng.bit_generator.state = state["teacher_rng"]


def labelled_in_batch(
    labelled: int, unlabelled: int, batch_size: int, labelled_share: float
) -> int:
    """How many samples of each of :class:`Batches` are labelled.

    Args:
        labelled, unlabelled: how many there are.
        batch_size, labelled_share: as for the batches.
    """
    size = min(batch_size, labelled + unlabelled)
    if not unlabelled:
        return size
    wanted = max(1, round(size * labelled_share))
    return max(min(wanted, labelled, size - 1), size - unlabelled)
