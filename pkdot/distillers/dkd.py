"""DKD: soft labels with the target class and the other classes apart."""

import torch
from pydantic import Field
from torch import Tensor

from ..errors import InputError
from ..networks.models import NetworkOutput
from ..tasks.arrays import divergence_of_logs
from .base import Distiller, DistillerSettings, tuning_grid


class DKDSettings(DistillerSettings):
    """Weight, temperature and the balance of the two parts."""

    weight: float = Field(4.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(4.0, gt=0, description="T, softens both distributions")
    alpha: float = Field(1.0, ge=0, description="α, factor of the target class's part")
    beta: float = Field(8.0, ge=0, description="β, factor of the other classes' part")


def _split(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of (target, any other), (B, 2), and among the others, (B, C - 1)."""
    classes = logits.shape[1]
    target = target.unsqueeze(1)
    others = torch.arange(classes - 1, device=logits.device)
    others = others + (others >= target)  # (B, C - 1), the classes that skip the target
    of_target, of_others = logits.gather(1, target), logits.gather(1, others)
    binary = torch.cat([of_target, of_others.logsumexp(1, keepdim=True)], dim=1)
    return binary.log_softmax(1), of_others.log_softmax(1)


class DKD(Distiller):
    """T² · (α TCKD + β NCKD), means over the batch, of probabilities p = softmax(logits / T).

    TCKD = KL between the teacher's and the student's (p_t, 1 − p_t) of the target class t; NCKD =
    KL between their distributions over the classes other than t, renormalised to 1. With two
    classes NCKD is zero. Reads logits (B, C) and labels (B,): t is the label; where that is absent
    (-1), the class that the teacher finds most probable.

    Raises:
        InputError: for fewer than two classes.

    Source: Zhao, Cui, Song, Qiu and Liang, "Decoupled Knowledge Distillation", CVPR 2022,
    arXiv 2203.08679.
    """

    name = "dkd"
    title = "DKD"
    Settings = DKDSettings
    settings: DKDSettings
    reads = ("outputs", "targets")
    needs = frozenset({"classes"})
    tuning = tuning_grid((0.5, 4.0, 30.0), beta=(8.0, 2.0))
    mapped = True

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        if teacher.outputs.shape[1] < 2:
            raise InputError(
                f"DKD parts the target class from the others; logits of shape "
                f"{tuple(teacher.outputs.shape)} have no others: give at least 2 classes."
            )
        s = self.settings
        target = torch.where(targets < 0, teacher.outputs.argmax(1), targets)
        teacher_parts = _split(teacher.outputs / s.temperature, target)
        student_parts = _split(student.outputs / s.temperature, target)
        tckd, nckd = (
            divergence_of_logs(teacher_logs, student_logs)
            for student_logs, teacher_logs in zip(student_parts, teacher_parts, strict=True)
        )
        return s.temperature**2 * (s.alpha * tckd + s.beta * nckd)
