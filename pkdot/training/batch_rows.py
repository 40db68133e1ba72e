"""Which rows of a batch the distillation loss compares: samples, or frames of windows.

A sample that lacks a privileged modality has no counterpart at the teacher, and is left out unless
others are the teacher's alone. A batch of windows has
far more frames than a similarity matrix may have rows, and neighbouring frames say the same twice:
some are picked, spread over the windows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..data.corpus import Corpus, IndexArray
from ..distillers import Distiller
from ..networks.models import NetworkOutput

MOST_ROWS = 256
Batched = TypeVar("Batched", Tensor, NetworkOutput)


@dataclass(frozen=True, eq=False)
class ComparedRows:
    """Rows of a batch of B samples.

    Attributes:
        size: how many rows.
        index: None for all samples; else (R,) samples of the batch.
        place: (R,) frame of each row where samples are windows; else None.
    """

    size: int
    index: Tensor | None = None
    place: Tensor | None = None

    def take(self, batched: Batched) -> Batched:
        """The rows of a tensor (B, ...) or of a network's output."""
        if isinstance(batched, NetworkOutput):
            return batched.map(self.take)
        if self.index is None:
            return batched
        return batched[self.index] if self.place is None else batched[self.index, self.place]

    def samples(self, batch: IndexArray) -> IndexArray:
        """The sample of the corpus of each row, (R,)."""
        return batch if self.index is None else batch[self.index.cpu().numpy()]

    @property
    def frames(self) -> IndexArray | None:
        """The frame of each row, (R,), where samples are windows."""
        return None if self.place is None else self.place.cpu().numpy()

    def enough(self, distiller: Distiller) -> bool:
        """Whether the distiller can compare so many rows."""
        return self.size >= 2 and self.size > distiller.settings.anchors_in_batch()


class BatchRows:
    """Picks the rows of each batch of a corpus.

    Args:
        corpus: says which samples are complete, and whether they are windows.
        rng: of the frames.
    """

    def __init__(self, corpus: Corpus, rng: np.random.Generator) -> None:
        self._is_sequence = corpus.is_sequence
        self._complete = corpus.complete
        # What lacks a modality there is no half of a pair, and has a part of the batch of its own.
        self._whole = bool(self._complete.all()) or corpus.is_unpaired
        self._rng = rng

    def get_state(self) -> dict[str, Any]:
        """Where its draws stand."""
        return {"rng": self._rng.bit_generator.state}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Draw as from there."""
        self._rng.bit_generator.state = state["rng"]

    def pick(self, batch: IndexArray, targets: Tensor) -> ComparedRows:
        """Rows of a batch.

        Args:
            batch: (B,) samples of the corpus.
            targets: of the batch; of windows (B, L, T).
        """
        if self._is_sequence:
            known = targets.isfinite().any(-1)
            # A window without a target is unlabelled: all of its frames may be compared.
            known = known | ~known.any(1, keepdim=True)
            known &= torch.as_tensor(self._complete[batch], device=known.device)[:, None]
            window, place = pick_frames(known, self._rng)
            return ComparedRows(len(window), window, place)
        if self._whole:
            return ComparedRows(len(batch))
        kept = np.flatnonzero(self._complete[batch])
        return ComparedRows(len(kept), torch.as_tensor(kept, device=targets.device))


def pick_frames(
    known: Tensor, rng: np.random.Generator, most: int = MOST_ROWS
) -> tuple[Tensor, Tensor]:
    """Frames of a batch of windows that serve as its rows.

    Args:
        known: (B, L) bool, frames that may be picked.
        rng: of the place where picking begins in each window.
        most: rows at most.

    Returns:
        Window and frame of each row, (R,) each, in rising order. Of a window that has more frames
        than its share, they are picked at equal steps, so that two are neighbours only where there
        is no choice.
    """
    frames = [torch.nonzero(row).flatten().cpu().numpy() for row in known]
    share = max(1, most // max(1, sum(len(own) > 0 for own in frames)))
    windows, places = [], []
    for number, own in enumerate(frames):
        if len(own) > share:
            steps = (np.arange(share) + rng.random()) * len(own) / share
            own = own[np.floor(steps).astype(int)]
        windows.append(np.full(len(own), number))
        places.append(own)
    window, place = (torch.as_tensor(np.concatenate(x)[:most]) for x in (windows, places))
    return window.to(known.device), place.to(known.device)
