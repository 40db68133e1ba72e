"""Matrices of embeddings: checked, and joined by the names of their rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..validation import array
from .files import Rows, read_embeddings
from .names import Array, check_texts
from .tables import CHUNK

SHOWN = 5
"""Names that a message gives at most."""
FEWEST = 3
"""Samples that a comparison needs."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Embeddings of the same N samples in two networks.

    Attributes:
        teacher: (N, D).
        student: (M, D'), M >= N where it holds further rows.
        index: (N,) the student's row of each sample; None where it is the sample's position.
        ids: (N,) names of the samples; their positions where nobody named them.
        named: whether somebody did.
        joined: ``by id`` or ``by row``.
        rows: (N,) the teacher's row of each sample; None where it is the sample's position.
    """

    teacher: Any
    student: Any
    index: Array | None
    ids: Array
    named: bool
    joined: str
    rows: Array | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Any) -> tuple[Array, Array]:
        """Both matrices at some rows (an array or a slice), float32."""
        of_teacher = rows if self.rows is None else self.rows[rows]
        of_student = rows if self.index is None else self.index[rows]
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and reported as such
            return (
                np.asarray(self.teacher[of_teacher], dtype=np.float32),
                np.asarray(self.student[of_student], dtype=np.float32),
            )

    def only(self, kept: Array) -> "Pair":
        """The pair of some of the samples, given by their positions (n,)."""
        own = (kept if rows is None else rows[kept] for rows in (self.rows, self.index))
        of_teacher, of_student = own
        return replace(self, ids=self.ids[kept], rows=of_teacher, index=of_student)

    def chunks(self) -> Iterator[tuple[int, Array, Array]]:
        """Where each chunk of rows begins, and both matrices there."""
        for start in range(0, len(self), CHUNK):
            yield start, *self.take(slice(start, min(start + CHUNK, len(self))))


def as_rows(value: Any, ids: Any, where: str) -> Rows:
    """A matrix with the names of its rows.

    Args:
        value: (N, D), an array, tensor or table, or the path of a file.
        ids: (N,) names; those in a file where left out.
        where: what messages call it, unless it is a file.

    Raises:
        InputError: for what is no matrix of numbers, or names that do not fit.
    """
    given = read_embeddings(value) if isinstance(value, str | Path) else None
    rows = given or Rows(_in_memory(value), None, f"The {where} matrix")
    values, place = rows.values, rows.where
    if values.dtype.kind == "O":
        raise InputError(f"{place} holds Python objects, not numbers; convert it to float32.")
    if values.dtype.kind not in "biuf":
        raise InputError(f"{place} holds {values.dtype}, not real numbers.")
    if values.ndim != 2 or not values.size:
        raise InputError(
            f"{place} has shape {values.shape}; a matrix (N, D) with one row a sample is needed."
        )
    if len(values) < FEWEST:
        raise InputError(
            f"{place} has {len(values)} rows; a comparison needs {FEWEST} samples or more."
        )
    names = rows.ids if ids is None else _names(ids)
    if names is not None:
        if len(names) != len(values):
            raise InputError(f"{place} has {len(values)} rows, but {len(names)} names.")
        kinds, counts = np.unique(names, return_counts=True)
        if len(kinds) < len(names):
            raise InputError(f"{place} names {listed(kinds[counts > 1])} twice or more.")
    return Rows(values, names, place)


def joined(teacher: Rows, student: Rows) -> Pair:
    """Rows of the same samples side by side: by name where both have names, else by position.

    Raises:
        InputError: if a side lacks names of the other, or there are no names and lengths differ.
    """
    n, m = len(teacher.values), len(student.values)
    ids, others = teacher.ids, student.ids
    if ids is None or others is None:
        if n != m:
            raise InputError(
                f"{teacher.where} has {n} rows and {student.where} {m}; give as many, or names of "
                f"the rows to join them by."
            )
        known = others if ids is None else ids
        names = np.arange(n).astype(str) if known is None else known
        return Pair(teacher.values, student.values, None, names, known is not None, "by row")
    index, back = positions(ids, others), positions(others, ids)
    for one, other, where in ((teacher, student, index), (student, teacher, back)):
        if (where < 0).any():
            lacking = np.asarray(one.ids)[where < 0]
            raise InputError(
                f"{other.where} lacks {len(lacking)} of the {len(one.values)} names in "
                f"{one.where}: {listed(lacking)}; give both of the same samples."
            )
    order = None if np.array_equal(index, np.arange(n)) else index
    return Pair(teacher.values, student.values, order, ids, True, "by id")


def positions(wanted: Any, names: Any) -> Array:
    """Where each of some names stands among others, -1 where it does not, (n,)."""
    import pandas as pd

    return np.asarray(pd.Index(names).get_indexer(pd.Index(np.asarray(wanted, dtype=str))))


def listed(names: Any) -> str:
    """The first few of some names, and how many more there are."""
    shown = ", ".join(repr(str(name)) for name in names[:SHOWN])
    more = len(names) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _in_memory(value: Any) -> Array:
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    return array(value)


def _names(ids: Any) -> Array:
    names = [str(name) for name in (ids.tolist() if hasattr(ids, "tolist") else ids)]
    if "" in names:
        raise InputError("A row has an empty name; name each row once.")
    check_texts("The list of names", names)
    return np.array(names, dtype=str)
