"""Soft labels: the student imitates the teacher's softened class probabilities."""

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid


class SoftLabelSettings(DistillerSettings):
    """Weight and temperature."""

    weight: float = Field(4.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(2.0, gt=0, description="T, softens both distributions")


class SoftLabels(Distiller):
    """T² · mean over the batch of KL(softmax(teacher / T) ‖ softmax(student / T)).

    The factor T² keeps the gradient's size when T changes. Needs no labels.

    Source: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015,
    arXiv 1503.02531.
    """

    name = "kd"
    title = "soft labels"
    Settings = SoftLabelSettings
    reads = ("logits",)
    tuning = tuning_grid((0.8, 4.0, 20.0), temperature=(2.0, 4.0))
    settings: SoftLabelSettings

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        t = self.settings.temperature
        target = functional.log_softmax(teacher.logits / t, dim=-1)
        imitation = functional.log_softmax(student.logits / t, dim=-1)
        return t**2 * functional.kl_div(imitation, target, reduction="batchmean", log_target=True)
