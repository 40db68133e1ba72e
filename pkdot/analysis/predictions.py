"""Answers of teacher and student for given samples, from a record's table of predictions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..tasks import Task

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Outputs:
    """Recorded outputs for the same samples; a row is NaN where a sample was not predicted.

    Attributes:
        task: which gives them their meaning; classes without a name have their number.
        teacher: (N, W).
        student: (N, W).
        targets: of the N samples.
    """

    task: Task
    teacher: Array
    student: Array
    targets: Array

    @property
    def known(self) -> Array:
        """Which samples have an answer of both, (N,) booleans."""
        both = np.concatenate([self.teacher, self.student], axis=1)
        return np.asarray(np.isfinite(both).all(axis=1))

    def take(self, rows: Array) -> "Outputs":
        """Those of some samples, by their places (M,) or booleans (N,)."""
        return Outputs(self.task, self.teacher[rows], self.student[rows], self.targets[rows])

    def of(self, network: str) -> Array:
        """Outputs (N, W) of ``teacher`` or ``student``."""
        return {"teacher": self.teacher, "student": self.student}[network]

    def answers(self, network: str) -> Array:
        """What a network says of each sample, see :meth:`pkdot.tasks.Task.answers`."""
        return self.task.answers(self.of(network))

    def errors(self, network: str) -> Array:
        """How wrong a network's answers are, (N,), see :meth:`pkdot.tasks.Task.errors`."""
        return self.task.errors(self.of(network), self.targets)

    @property
    def disagreement(self) -> Array:
        """How far the two answers are from each other, (N,), 0 alike."""
        return self.task.disagreement(self.teacher, self.student)


def outputs_of(
    predictions: "pd.DataFrame", sample_ids: Any, targets: Any, task: Task
) -> Outputs | None:
    """The outputs of some samples, in their order.

    Args:
        predictions: a record's table, with columns teacher_0 … and student_0 ….
        sample_ids: (N,) names; those that the table lacks get NaN.
        targets: of the N samples.
        task: of the record.

    Returns:
        None where the table holds no outputs of both networks for any of them.

    Raises:
        InputError: if there are not as many targets as names.
    """
    ids, targets = np.asarray(sample_ids).astype(str), np.asarray(targets)
    if len(ids) != len(targets):
        raise InputError(f"{len(ids)} samples need as many targets, not {len(targets)}.")
    width = 0
    while {f"teacher_{width}", f"student_{width}"} <= set(predictions.columns):
        width += 1
    recorded = task.of_recorded(width)
    if recorded is None:
        return None
    table = predictions.assign(sample_id=predictions["sample_id"].astype(str))
    table = table.drop_duplicates("sample_id").set_index("sample_id").reindex(ids)
    teacher, student = (
        table[[f"{who}_{j}" for j in range(width)]].to_numpy(dtype=float)
        for who in ("teacher", "student")
    )
    outputs = Outputs(recorded, teacher, student, targets)
    return outputs if outputs.known.any() else None
