"""Answers of teacher and student for given samples, from a record's table of predictions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Outputs:
    """Class probabilities of the same samples; a row is NaN where a sample was not predicted.

    Attributes:
        teacher: (N, C).
        student: (N, C).
        labels: (N,) true classes, -1 for none.
    """

    teacher: Array
    student: Array
    labels: Array

    @property
    def known(self) -> Array:
        """Which samples have an answer of both, (N,) booleans."""
        both = np.concatenate([self.teacher, self.student], axis=1)
        return np.asarray(np.isfinite(both).all(axis=1))

    def answers(self, network: str) -> Array:
        """The likeliest class of each sample, (N,); -1 where there is no answer."""
        probabilities = {"teacher": self.teacher, "student": self.student}[network]
        finite = np.isfinite(probabilities).all(axis=1)
        return np.where(finite, np.nan_to_num(probabilities).argmax(axis=1), -1)

    def correct(self, network: str) -> Array:
        """1 where the answer is the label, 0 where not, -1 where either is missing, (N,)."""
        answers = self.answers(network)
        judged = (answers >= 0) & (self.labels >= 0)
        return np.where(judged, (answers == self.labels).astype(int), -1)

    @property
    def disagreement(self) -> Array:
        """Total variation distance of the two answers, ½ Σ |p − q|, (N,): 0 alike, 1 apart."""
        return 0.5 * np.abs(self.teacher - self.student).sum(axis=1)


def outputs_of(predictions: "pd.DataFrame", sample_ids: Any, labels: Any) -> Outputs | None:
    """The outputs of some samples, in their order.

    Args:
        predictions: a record's table, with columns teacher_0 … and student_0 ….
        sample_ids: (N,) names; those that the table lacks get NaN.
        labels: (N,) classes, -1 for none.

    Returns:
        None where the table holds no class probabilities of both networks for any of them.

    Raises:
        InputError: if there are not as many labels as names.
    """
    ids, labels = np.asarray(sample_ids).astype(str), np.asarray(labels)
    if len(ids) != len(labels):
        raise InputError(f"{len(ids)} samples need as many labels, not {len(labels)}.")
    classes = 0
    while {f"teacher_{classes}", f"student_{classes}"} <= set(predictions.columns):
        classes += 1
    if classes < 2:
        return None
    table = predictions.assign(sample_id=predictions["sample_id"].astype(str))
    table = table.drop_duplicates("sample_id").set_index("sample_id").reindex(ids)
    teacher, student = (
        table[[f"{who}_{c}" for c in range(classes)]].to_numpy(dtype=float)
        for who in ("teacher", "student")
    )
    outputs = Outputs(teacher, student, labels)
    return outputs if outputs.known.any() else None
