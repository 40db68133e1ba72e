"""Contrastive representation distillation, with the batch itself as negatives."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import unit


class ContrastiveSettings(DistillerSettings):
    """Weight, temperature and the width of the common space."""

    weight: float = Field(7.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(0.1, gt=0, description="divides the cosines")
    width: int = Field(128, ge=1, description="of the space that both embeddings are projected to")


class Contrastive(Distiller):
    """Recognise a sample's teacher embedding among the batch's by its student's, and vice versa.

    ½ [mean_i −log softmax_j(c_ij / τ)_i + mean_j −log softmax_i(c_ij / τ)_j], where c_ij is the
    cosine between a linear projection of the student's embedding of sample i and one of the
    teacher's of sample j; both projections learn with the student.

    The paper contrasts each pair with thousands of negatives of other classes from a memory bank,
    by noise-contrastive estimation. Here the negatives are the B − 1 other samples of the batch, of
    whatever class, and the loss is InfoNCE in both directions: it keeps no state and needs no
    labels, but pushes samples of one class apart too, and weakens as the batch shrinks.

    Source: Tian, Krishnan and Isola, "Contrastive Representation Distillation", ICLR 2020,
    arXiv 1910.10699; InfoNCE: van den Oord, Li and Vinyals, 2018, arXiv 1807.03748.
    """

    name = "crd"
    title = "CRD (in batch)"
    Settings = ContrastiveSettings
    settings: ContrastiveSettings
    tuning = tuning_grid((1.0, 7.0, 50.0), temperature=(0.1, 0.3))

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Make both projections."""
        super().prepare(teacher, student)
        for who, output in (("teacher", teacher), ("student", student)):
            self.adapters[who] = nn.Linear(output.embedding.shape[1], self.settings.width)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        told = unit(self.adapted("teacher", teacher.embedding))
        imitated = unit(self.adapted("student", student.embedding))
        scores = imitated @ told.T / self.settings.temperature
        own = torch.arange(len(scores), device=scores.device)
        return 0.5 * (
            functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)
        )
