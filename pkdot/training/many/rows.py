"""Rows of many members' data, taken for all members at once."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ...data.corpus import Corpus, IndexArray
from ...networks.models import NetworkOutput
from ..outputs import TeacherTargets

MOST_BYTES = 2**29
"""Up to so many, rows of all members lie in one table; beyond it each member's are read apart."""


class StackedRows:
    """Rows (N, ...) of each member; members may share theirs, which then lie in memory once.

    Args:
        sources: of each member.
        device: where rows are wanted.
    """

    def __init__(self, sources: Sequence[Tensor], device: torch.device) -> None:
        unique = {id(source): source for source in sources}
        starts = dict(zip(unique, np.cumsum([0, *map(len, unique.values())]), strict=False))
        self._starts = np.array([starts[id(source)] for source in sources])
        tables = list(unique.values())
        self._table = (tables[0] if len(tables) == 1 else torch.cat(tables)).to(device)

    def take(self, members: Sequence[int], indices: IndexArray) -> Tensor:
        """(m, B, ...) of m members, for indices (m, B) into the rows of each."""
        rows = torch.from_numpy(indices + self._starts[list(members), None]).reshape(-1)
        taken = self._table.index_select(0, rows.to(self._table.device))
        return taken.view(*indices.shape, *self._table.shape[1:])


class SeparateRows:
    """The same, read by a function for each member in turn.

    Args:
        read: of each member: indices (B,) -> rows (B, ...).
    """

    def __init__(self, read: Sequence[Callable[[IndexArray], Tensor]]) -> None:
        self._read = list(read)

    def take(self, members: Sequence[int], indices: IndexArray) -> Tensor:
        """As :meth:`StackedRows.take`."""
        parts = zip(members, indices, strict=True)
        return torch.stack([self._read[member](own) for member, own in parts])


Rows = StackedRows | SeparateRows


def rows_of(sources: Sequence[Tensor], device: torch.device) -> Rows:
    """One table where it is small enough, else each member's rows apart."""
    unique = {id(source): source for source in sources}
    if sum(s.numel() * s.element_size() for s in unique.values()) <= MOST_BYTES:
        return StackedRows(sources, device)

    def reader(source: Tensor) -> Callable[[IndexArray], Tensor]:
        return lambda indices: source[torch.as_tensor(indices)].to(device)

    return SeparateRows([reader(source) for source in sources])


def samples_of(corpora: Sequence[Corpus], modality: str, device: torch.device) -> Rows:
    """Samples of one modality, as :meth:`pkdot.data.corpus.Corpus.batch` gives them."""
    given = [corpus.modalities[modality] for corpus in corpora]
    unique = {id(samples): corpus for samples, corpus in zip(given, corpora, strict=True)}
    size = sum(len(c) * int(np.prod(c.shape(modality))) * 4 for c in unique.values())
    if size <= MOST_BYTES:
        whole = {key: c.batch(modality, np.arange(len(c))) for key, c in unique.items()}
        return StackedRows([whole[id(samples)] for samples in given], device)

    def reader(corpus: Corpus) -> Callable[[IndexArray], Tensor]:
        return lambda indices: corpus.batch(modality, indices).to(device)

    return SeparateRows([reader(corpus) for corpus in corpora])


class StackedTargets:
    """Outputs of each member's teacher.

    Args:
        targets: of each member.
        device: where they are wanted.
        features: whether features are read too; else there are none.
    """

    def __init__(
        self, targets: Sequence[TeacherTargets], device: torch.device, features: bool
    ) -> None:
        # A control may draw anew which targets it gives.
        self._drawn = [t for t in targets if type(t) is not TeacherTargets]
        self._targets, self._device = list(targets), device
        outputs = [t.output for t in targets]
        names = outputs[0].features if features else ()
        self._names = tuple(names)
        if not self._drawn:
            self._outputs = rows_of([o.outputs for o in outputs], device)
            self._embedding = rows_of([o.embedding for o in outputs], device)
            self._features = {n: rows_of([o.features[n] for o in outputs], device) for n in names}

    def take(self, members: Sequence[int], indices: IndexArray) -> NetworkOutput:
        """The teachers' outputs, each tensor (m, B, ...), for indices (m, B)."""
        if self._drawn:
            parts = zip(members, indices, strict=True)
            return stacked([self._targets[m].at(own, self._device) for m, own in parts])
        return NetworkOutput(
            self._outputs.take(members, indices),
            self._embedding.take(members, indices),
            {name: rows.take(members, indices) for name, rows in self._features.items()},
        )


def stacked(outputs: Sequence[NetworkOutput]) -> NetworkOutput:
    """Outputs of several networks as one, with an axis of members in front."""
    return NetworkOutput(
        torch.stack([o.outputs for o in outputs]),
        torch.stack([o.embedding for o in outputs]),
        {name: torch.stack([o.features[name] for o in outputs]) for name in outputs[0].features},
    )
