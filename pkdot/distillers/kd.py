"""KD, soft labels: the teacher's softened class probabilities as targets."""

from pydantic import Field
from torch import Tensor

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid


class KDSettings(DistillerSettings):
    """Weight and temperature."""

    weight: float = Field(4.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(2.0, gt=0, description="T, softens both distributions")


class KD(Distiller):
    """T² · mean over samples i of KL(p_T[i] ‖ p_S[i]), with p = softmax(logits / T), (B, C).

    The factor T² keeps the gradient's size when T changes. For other tasks than classes the
    teacher's outputs are imitated as the task has it (:meth:`pkdot.tasks.Task.soft_loss`): squared
    error of standardised values, or one binary divergence a label. Reads outputs; no targets.

    Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015,
    arXiv 1503.02531.
    """

    name = "kd"
    title = "soft labels"
    Settings = KDSettings
    settings: KDSettings
    reads: tuple[str, ...] = ("outputs",)
    tuning = tuning_grid((0.8, 4.0, 20.0), temperature=(2.0, 4.0))
    mapped = True

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return self.task.soft_loss(teacher.outputs, student.outputs, self.settings.temperature)
