"""KD, soft labels: the teacher's softened class probabilities as targets."""

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid


class KDSettings(DistillerSettings):
    """Weight and temperature."""

    weight: float = Field(4.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(2.0, gt=0, description="T, softens both distributions")


class KD(Distiller):
    """T² · mean over samples i of KL(p_T[i] ‖ p_S[i]), with p = softmax(logits / T), (B, C).

    The factor T² keeps the gradient's size when T changes. Reads logits; no labels.

    Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015,
    arXiv 1503.02531.
    """

    name = "kd"
    title = "soft labels"
    Settings = KDSettings
    settings: KDSettings
    reads = ("logits",)
    tuning = tuning_grid((0.8, 4.0, 20.0), temperature=(2.0, 4.0))

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        t = self.settings.temperature
        teacher_logs = functional.log_softmax(teacher.logits / t, dim=-1)
        student_logs = functional.log_softmax(student.logits / t, dim=-1)
        kl = functional.kl_div(student_logs, teacher_logs, reduction="batchmean", log_target=True)
        return t**2 * kl
