"""Which samples form each training batch."""

from collections.abc import Iterator

import numpy as np

from .corpus import IndexArray


def _endless(indices: IndexArray, size: int, rng: np.random.Generator) -> Iterator[IndexArray]:
    """Chunks of ``size`` distinct samples, for ever; what is left of each shuffle is dropped."""
    while True:
        order = rng.permutation(indices)
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]


def _endless_by_class(
    indices: IndexArray, classes: np.ndarray, size: int, rng: np.random.Generator
) -> Iterator[IndexArray]:
    """Chunks of ``size`` samples, for ever, with as many of each class as its neighbours.

    Which classes have one more where the numbers do not divide is drawn for each chunk. A class
    with fewer samples than its share stands in a chunk several times.
    """
    members = [indices[classes == label] for label in np.unique(classes)]
    queues = [_endless(own, 1, rng) for own in members]
    while True:
        share = np.full(len(queues), size // len(queues))
        share[rng.permutation(len(queues))[: size % len(queues)]] += 1
        drawn = [next(q) for q, n in zip(queues, share, strict=True) for _ in range(n)]
        yield np.concatenate(drawn)


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

    Iterating yields int64 arrays (B,), labelled samples first; each pass is a new epoch.
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
    ) -> None:
        size = min(batch_size, len(labelled) + len(unlabelled))
        if len(unlabelled):
            wanted = max(1, round(size * labelled_share))
            self.n_labelled = max(min(wanted, len(labelled), size - 1), size - len(unlabelled))
        else:
            self.n_labelled = size
        self.n_unlabelled = size - self.n_labelled
        lengths = [len(labelled) // self.n_labelled]
        if self.n_unlabelled:
            lengths.append(len(unlabelled) // self.n_unlabelled)
        self._length = max(least, *lengths)
        rng = np.random.default_rng(seed)
        self._labelled = (
            _endless(labelled, self.n_labelled, rng)
            if classes is None
            else _endless_by_class(labelled, classes, self.n_labelled, rng)
        )
        self._unlabelled = _endless(unlabelled, self.n_unlabelled, rng)

    def __len__(self) -> int:
        """Batches an epoch."""
        return self._length

    def __iter__(self) -> Iterator[IndexArray]:
        for _ in range(self._length):
            chosen = next(self._labelled)
            if self.n_unlabelled:
                chosen = np.concatenate([chosen, next(self._unlabelled)])
            yield chosen
