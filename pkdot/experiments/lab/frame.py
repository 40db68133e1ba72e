"""What there is to see after a batch, as plain arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .settings import LabSettings

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class BatchFrame:
    """The batch that was learnt last, its B samples sorted by class.

    Attributes:
        indices: (B,) samples of the corpus.
        partners: (B,) samples whose privileged recording the teacher saw; others in wrong pairs.
        classes: (B,) true classes, for the eye alone.
        is_labelled: (B,) bool, whether the students were told the class.
        teacher_similarity, student_similarity: (B, B) cosines of the embeddings.
        anchors: (k,) places in the batch.
        plan: (B, B) transport from the teacher's samples to the student's, of total mass 1: that
            of the loss; for a method without one, that of PKDOT under the same settings.
        has_own_plan: whether the plan is the loss's own.
        pulls: (B,) length of the gradient of the weighted distillation at each embedding.
        losses: name -> value, of the task and of the weighted distillation.
    """

    indices: Array
    partners: Array
    classes: Array
    is_labelled: Array
    teacher_similarity: Array
    student_similarity: Array
    anchors: Array
    plan: Array
    has_own_plan: bool
    pulls: Array
    losses: dict[str, float]

    @property
    def is_wrong(self) -> Array:
        """Which pairs are wrong, (B,) bool."""
        return self.indices != self.partners

    @property
    def most_pulled(self) -> Array:
        """Places (B,) of the batch, the strongest pull first."""
        return np.argsort(-self.pulls, kind="stable")


@dataclass(frozen=True, eq=False)
class LabFrame:
    """Both students after so many batches.

    Attributes:
        batch: batches learnt.
        settings: under which the last one was learnt; those of the first where there is none.
        scores: (batch + 1, 2), the task's first score on the test samples before the first batch
            and after each: of the student that is taught, and of the one alone.
        last: the last batch; None before the first.
        probe: (P,) test samples that the maps show.
        probe_classes: (P,).
        teacher_map, student_map, alone_map: (P, 2), see :func:`pkdot.analysis.projection.project`.
    """

    batch: int
    settings: LabSettings
    scores: Array
    last: BatchFrame | None
    probe: Array
    probe_classes: Array
    teacher_map: Array
    student_map: Array
    alone_map: Array
