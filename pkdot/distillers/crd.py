"""CRD: contrastive representation distillation, with the batch itself as negatives."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import unit


class CRDSettings(DistillerSettings):
    """Weight, temperature and the width of the common space."""

    weight: float = Field(7.0, ge=0, description="λ, factor of this loss beside the task loss")
    temperature: float = Field(0.1, gt=0, description="divides the cosines")
    width: int = Field(128, ge=1, description="of the space that both embeddings are projected to")


class CRD(Distiller):
    """½ [mean_i −log softmax_j(c_ij / τ)_i + mean_j −log softmax_i(c_ij / τ)_j].

    c_ij, (B, B), is the cosine between a linear projection of the student's embedding of sample i
    and one of the teacher's of sample j; both projections learn with the student. Reads embeddings;
    no labels.

    The paper contrasts each pair with thousands of negatives of other classes from a memory bank,
    by noise-contrastive estimation. Here the negatives are the B − 1 other samples of the batch, of
    whatever class, and the loss is InfoNCE in both directions: it keeps no state, but pushes
    samples of one class apart too, and weakens as the batch shrinks.

    Source: Tian, Krishnan and Isola, "Contrastive Representation Distillation", ICLR 2020,
    arXiv 1910.10699; InfoNCE: van den Oord, Li and Vinyals, 2018, arXiv 1807.03748.
    """

    name = "crd"
    title = "CRD (in batch)"
    Settings = CRDSettings
    settings: CRDSettings
    tuning = tuning_grid((1.0, 7.0, 50.0), temperature=(0.1, 0.3))
    mapped = True

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Build both projections."""
        super().prepare(teacher, student)
        for network, output in (("teacher", teacher), ("student", student)):
            self.adapters[network] = nn.Linear(output.embedding.shape[1], self.settings.width)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        z_teacher = unit(self.adapted("teacher", teacher.embedding))
        z_student = unit(self.adapted("student", student.embedding))
        scores = z_student @ z_teacher.T / self.settings.temperature
        same_sample = torch.arange(len(scores), device=scores.device)
        return 0.5 * (
            functional.cross_entropy(scores, same_sample)
            + functional.cross_entropy(scores.T, same_sample)
        )
