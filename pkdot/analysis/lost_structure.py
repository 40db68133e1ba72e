"""What a student lost of its teacher's structure, sample by sample.

Neighbours are those of the original spaces, by cosine, as the method compares directions; a map
in the plane takes no part.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .agreement import NEIGHBOURS
from .projection import unit_rows

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK = 2**22
"""Similarities that are held at a time."""


@dataclass(frozen=True)
class NeighbourChange:
    """A sample's nearest others in two spaces; each is (m,) positions, the nearest first.

    Attributes:
        kept: near in both, in the teacher's order.
        lost: near to the teacher alone.
        new: near to the student alone.
    """

    kept: Array
    lost: Array
    new: Array


@dataclass(frozen=True)
class Receivers:
    """To whom a plan sends one sample's mass.

    Attributes:
        positions: (m,) samples, the largest share first.
        shares: (m,) of the sample's own mass.
        rest: share that goes to all others.
        others: how many they are.
    """

    positions: Array
    shares: Array
    rest: float
    others: int


def nearest_samples(z: Array, neighbours: int = NEIGHBOURS, rows: Any = None) -> Array:
    """Positions of the most similar other samples by cosine, the nearest first.

    As :func:`pkdot.analysis.agreement.nearest`, without a matrix of all pairs.

    Args:
        z: embeddings (N, D).
        neighbours: how many, k; fewer where there are not so many others.
        rows: (n,) positions of the samples that are asked for; all by default.

    Returns:
        (n, k).

    Raises:
        InputError: for fewer than 3 samples, values that are not finite, or no neighbour asked.
    """
    unit = unit_rows(z).astype(np.float32)
    if neighbours < 1:
        raise InputError(f"{neighbours} neighbours cannot be found; ask for one or more.")
    k = min(neighbours, len(unit) - 1)
    asked = np.arange(len(unit)) if rows is None else np.asarray(rows, dtype=int)
    found = np.empty((len(asked), k), dtype=int)
    step = max(1, CHUNK // len(unit))
    for start in range(0, len(asked), step):
        own = asked[start : start + step]
        alike = unit[own] @ unit.T
        alike[np.arange(len(own)), own] = -np.inf
        near = np.argpartition(-alike, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(alike, near, axis=1)
        order = np.lexsort((near, -values), axis=1)  # equally near: in the order of the samples
        found[start : start + step] = np.take_along_axis(near, order, axis=1)
    return found


def neighbour_change(teacher: Array, student: Array) -> NeighbourChange:
    """Tell the nearest of one sample in two spaces apart.

    Args:
        teacher: (k,) positions, the nearest first.
        student: (k',) positions, the nearest first.
    """
    shared = np.isin(teacher, student)
    return NeighbourChange(teacher[shared], teacher[~shared], student[~np.isin(student, teacher)])


def share_lost(teacher: Array, student: Array) -> Array:
    """Share of each sample's teacher neighbours that are not near to the student, (n,).

    Args:
        teacher: (n, k) positions of neighbours.
        student: (n, k') positions of neighbours.

    Raises:
        InputError: if they are not of as many samples.
    """
    if len(teacher) != len(student):
        raise InputError(
            f"Neighbours of {len(teacher)} samples cannot be compared with those of {len(student)}."
        )
    shared = (teacher[:, :, None] == student[:, None, :]).any(axis=2)
    return np.asarray(1 - shared.mean(axis=1))


def mass_off_class(plan: Array, labels: Array) -> Array:
    """Share of each sample's mass that a plan sends out of its class, (n,), from 0 to 1.

    Samples without label (-1) are left out on both sides; NaN where nothing is left.

    Args:
        plan: (n, n).
        labels: (n,) class numbers.

    Raises:
        InputError: if the plan is not square with n labels.
    """
    plan, labels = np.asarray(plan, dtype=float), np.asarray(labels)
    if plan.shape != (len(labels), len(labels)):
        raise InputError(f"{len(labels)} labels need a square plan, not one of {plan.shape}.")
    known = plan * (labels >= 0)
    total = np.where(labels >= 0, known.sum(axis=1), 0.0)
    off = (known * (labels[:, None] != labels[None, :])).sum(axis=1)
    return np.divide(off, total, out=np.full(len(labels), np.nan), where=total > 0)


def receivers(plan: Array, position: int, most: int = 5) -> Receivers:
    """The samples that receive most of one sample's mass.

    Args:
        plan: (n, m).
        position: of the sample among the n.
        most: how many are named.

    Raises:
        InputError: if there is no such sample, or it sends no mass.
    """
    plan = np.asarray(plan, dtype=float)
    if plan.ndim != 2 or not 0 <= position < len(plan):
        raise InputError(f"A plan of shape {plan.shape} has no sample {position}.")
    total = plan[position].sum()
    if not total > 0:
        raise InputError(f"The plan sends no mass of sample {position}.")
    shares = plan[position] / total
    named = np.argsort(-shares, kind="stable")[:most]
    rest = max(0.0, 1 - float(shares[named].sum()))
    return Receivers(
        named, shares[named], rest, int((shares > 0).sum() - (shares[named] > 0).sum())
    )


def lost_structure(
    teacher: Array,
    student: Array,
    *,
    plan: Array | None = None,
    labels: Array | None = None,
    errors: Array | None = None,
    neighbours: int = NEIGHBOURS,
    rows: Any = None,
) -> "pd.DataFrame":
    """Samples in the order of what the student lost of them.

    Args:
        teacher: embeddings (N, D).
        student: embeddings (N, D').
        plan: (N, N), from the teacher's samples to the student's.
        labels: (N,) class numbers, -1 for none.
        errors: (N,) how wrong the student's answers are; NaN where there is none.
        neighbours: how many count as near.
        rows: (n,) positions of the samples that are measured; all by default.

    Returns:
        A table of n rows, the largest loss first: ``position``; ``lost``, the share of the
        teacher's neighbours that the student lost; ``off_class``, the share of mass that the
        plan sends out of the class; ``error``. What is not known is NaN. Samples that lost as
        much stand in the order of their mass off class, then of their error.

    Raises:
        InputError: for fewer than 3 samples, values that are not finite, or unequal numbers.
    """
    import pandas as pd

    if len(teacher) != len(student):
        raise InputError(
            f"Teacher and student need the same samples; given are {len(teacher)} and "
            f"{len(student)} rows."
        )
    asked = np.arange(len(teacher)) if rows is None else np.asarray(rows, dtype=int)
    nan = np.full(len(teacher), np.nan)
    off = nan if plan is None or labels is None else mass_off_class(plan, labels)
    table = pd.DataFrame(
        {
            "position": asked,
            "lost": share_lost(
                nearest_samples(teacher, neighbours, asked),
                nearest_samples(student, neighbours, asked),
            ),
            "off_class": off[asked],
            "error": (nan if errors is None else np.asarray(errors, dtype=float))[asked],
        }
    )
    return table.sort_values(
        ["lost", "off_class", "error"], ascending=False, kind="stable", ignore_index=True
    )
