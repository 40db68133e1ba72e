"""What the loss shows of its steps, and which embeddings it takes."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from ..errors import InputError
from .checks import check_tensor
from .transport import Transport
from .transport.validation import all_finite


class Steps(NamedTuple):
    """Steps 1 and 2, with leading axes and with gradient; fields as in :class:`Structure`."""

    teacher_similarity: Tensor
    student_similarity: Tensor
    anchors: Tensor
    student_anchors: Tensor
    teacher_rows: Tensor
    student_rows: Tensor


@dataclass(frozen=True, eq=False)
class Structure:
    """Every step from embeddings to divergence, for B samples and k anchors.

    Between clouds of different sizes B is B_T for the teacher and B_S for the student.

    Attributes:
        teacher_similarity: cosine similarities of the teacher's embeddings, (B, B).
        student_similarity: the same of the student's, (B, B).
        anchors: indices among the teacher's samples, (k,) or (B, k): chosen on its matrix, or the
            trusted pairs that were given.
        student_anchors: the same anchors among the student's samples.
        teacher_rows: the teacher's similarities to the anchors, shifted where asked for, (B, k).
        student_rows: the student's similarities to the same anchors, (B, k).
        cost: ½‖teacher row i − student row j‖², plus what identity adds, (B_T, B_S).
        transport: the plan from teacher rows (i) to student rows (j) under that cost.
        divergence: the loss, a scalar; unlike ``transport.value`` it is debiased.
    """

    teacher_similarity: Tensor
    student_similarity: Tensor
    anchors: Tensor
    student_anchors: Tensor
    teacher_rows: Tensor
    student_rows: Tensor
    cost: Tensor
    transport: Transport
    divergence: Tensor


def check_embeddings(z_teacher: Tensor, z_student: Tensor, same_samples: bool) -> None:
    """Raise InputError for embeddings that have no similarities, or are not of one batch."""
    for network, z in (("teacher", z_teacher), ("student", z_student)):
        check_tensor(f"The {network}'s embeddings", z)
        if z.ndim < 2:
            raise InputError(
                f"The {network}'s embeddings must have shape (B, D), not {tuple(z.shape)}."
            )
        if not all_finite(z):
            raise InputError(
                f"The {network}'s embeddings contain NaN or infinity; lower the learning rate, "
                f"or look at the layer before them."
            )
    if same_samples and z_teacher.shape[:-1] != z_student.shape[:-1]:
        raise InputError(
            f"Teacher and student must embed the same samples; the batches have "
            f"{_sizes(z_teacher)} and {_sizes(z_student)} rows. Where they do not, give "
            f"anchors=(teacher's, student's), the indices of trusted pairs."
        )
    if z_teacher.shape[:-2] != z_student.shape[:-2]:
        raise InputError(
            f"Teacher and student must have the same leading axes, not those of "
            f"{tuple(z_teacher.shape)} and {tuple(z_student.shape)}."
        )


def _sizes(z: Tensor) -> str:
    """Rows of a batch, or of several."""
    return " x ".join(map(str, z.shape[:-1]))
