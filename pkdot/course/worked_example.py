"""The loss of four samples, every step: the numbers of lesson 5 and of the page to print."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ..method.loss import PKDOTLoss
from ..method.transport import sinkhorn, sinkhorn_divergence, squared_cost

Array = npt.NDArray[np.float64]

TEACHER, STUDENT = (0.0, 60.0, 90.0, 180.0), (0.0, 90.0, 90.0, 180.0)
"""Degrees on a circle, where each network puts its four samples."""


@dataclass(frozen=True)
class WorkedExample:
    """Every step of the loss of one batch, B samples with k shared anchors.

    Attributes:
        teacher, student: embeddings, (B, 2) each.
        teacher_similarity, student_similarity: cosines, (B, B).
        to_others: mean cosine of each sample to the others, in the teacher's matrix, (B,).
        anchors: samples, counted from 0, the least similar first, (k,).
        teacher_rows, student_rows: (B, k).
        cost, plan: (B, B), teacher's samples down, student's across.
        between, of_teacher, of_student: values of transport from teacher to student, and of each
            cloud to itself, in squared cosines.
        divergence: ``between`` less half of the other two.
        gradient: of the divergence for the student's rows, (B, k).
        epsilon: weight of the entropy, in squared cosines.
    """

    teacher: Array
    student: Array
    teacher_similarity: Array
    student_similarity: Array
    to_others: Array
    anchors: npt.NDArray[np.int64]
    teacher_rows: Array
    student_rows: Array
    cost: Array
    plan: Array
    between: float
    of_teacher: float
    of_student: float
    divergence: float
    gradient: Array
    epsilon: float


def four_samples(blur: float = 0.1, k: int = 2) -> WorkedExample:
    """The example, computed by the kit's own loss in float64.

    Args:
        blur: square root of ε, in cosines.
        k: number of anchors, 1 to 4.

    Raises:
        InputError: for a blur or a k that the loss does not take.
    """
    z_teacher, z_student = _on_circle(TEACHER), _on_circle(STUDENT)
    steps = PKDOTLoss(k=k, blur=blur, policy="shared").structure(z_teacher, z_student)
    clouds = steps.teacher_rows, steps.student_rows
    between, of_teacher, of_student = (
        float(sinkhorn(squared_cost(clouds[i], clouds[j]), epsilon=blur**2).value)
        for i, j in ((0, 1), (0, 0), (1, 1))
    )
    moving = steps.student_rows.clone().requires_grad_()
    divergence = sinkhorn_divergence(steps.teacher_rows, moving, blur=blur)
    (gradient,) = torch.autograd.grad(divergence, moving)
    similarity = steps.teacher_similarity
    to_others = (similarity.sum(1) - similarity.diagonal()) / (len(similarity) - 1)
    return WorkedExample(
        z_teacher.numpy(),
        z_student.numpy(),
        similarity.numpy(),
        steps.student_similarity.numpy(),
        to_others.numpy(),
        steps.anchors.numpy(),
        steps.teacher_rows.numpy(),
        steps.student_rows.numpy(),
        steps.cost.numpy(),
        steps.transport.plan.numpy(),
        between,
        of_teacher,
        of_student,
        float(divergence.detach()),
        gradient.numpy(),
        blur**2,
    )


def _on_circle(degrees: tuple[float, ...]) -> torch.Tensor:
    angle = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], 1)
