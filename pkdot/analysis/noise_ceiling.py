"""The scale of an agreement: how alike two teachers are that differ in their seed alone.

A student that follows its teacher as closely as a second teacher does has learnt what training
decides; the rest of the structure is chance. In similarity analysis this is called a noise ceiling
(Nili et al., "A Toolbox for Representational Similarity Analysis", PLoS Comput. Biol. 2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from .agreement import agreement

Array = np.ndarray[Any, np.dtype[Any]]

LEAST = 20
"""Samples that two records must share: 190 pairs."""


@dataclass(frozen=True)
class NoiseCeiling:
    """Agreements on the samples that two records share.

    Attributes:
        teachers: measure of :data:`~pkdot.analysis.agreement.MEASURES` -> that of both teachers.
        student: measure -> that of the first teacher and its student, on the same samples.
        n: samples that both records have.
        of: samples of the first.
    """

    teachers: dict[str, float]
    student: dict[str, float]
    n: int
    of: int

    @property
    def is_whole(self) -> bool:
        """Whether both records have all samples of the first."""
        return self.n == self.of


def shared_samples(ids: Sequence[str], others: Sequence[str]) -> tuple[Array, Array]:
    """Where the samples that two records share stand in each, in the order of the first.

    Args:
        ids: (N,) names.
        others: (M,) names.

    Returns:
        Positions (n,) in ``ids`` and (n,) in ``others``.

    Raises:
        InputError: if a name stands twice, or fewer than :data:`LEAST` samples are shared.
    """
    for names in (ids, others):
        if len(set(names)) < len(names):
            raise InputError("A sample stands twice in a record, so two cannot be aligned by name.")
    place = {name: position for position, name in enumerate(others)}
    pairs = [(i, place[name]) for i, name in enumerate(ids) if name in place]
    if len(pairs) < LEAST:
        raise InputError(
            f"The other teacher was recorded on other test samples: {len(pairs)} of {len(ids)} are "
            f"the same, and {LEAST} are needed; record more of them (probe_size), or take a seed "
            f"with the same split."
        )
    one, other = np.array(pairs, dtype=np.intp).T
    return one, other


def noise_ceiling(
    ids: Sequence[str], teacher: Array, student: Array, other_ids: Sequence[str], other: Array
) -> NoiseCeiling:
    """How alike a teacher is to another one, and to its student, on the samples that they share.

    Args:
        ids: (N,) names of the samples.
        teacher: (N, D) embeddings.
        student: (N, D') embeddings of the same samples.
        other_ids: (M,) names of the samples of the other teacher, in any order.
        other: (M, D'') its embeddings.

    Raises:
        InputError: as :func:`shared_samples`, or if an array has not one row a name.
    """
    for names, z in ((ids, teacher), (ids, student), (other_ids, other)):
        if len(names) != len(z):
            raise InputError(f"{len(z)} embeddings cannot be those of {len(names)} samples.")
    rows, others = shared_samples(ids, other_ids)
    own = np.asarray(teacher)[rows]
    return NoiseCeiling(
        teachers=agreement(own, np.asarray(other)[others]),
        student=agreement(own, np.asarray(student)[rows]),
        n=len(rows),
        of=len(ids),
    )
