"""SP: row-normalised Gram matrices of teacher and student agree."""

from pydantic import Field
from torch import Tensor

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import of_size_one, unit


class SPSettings(DistillerSettings):
    """Weight."""

    weight: float = Field(700.0, ge=0, description="λ; each of B² differences is of order 1 / B")


def _gram(z: Tensor) -> Tensor:
    z = of_size_one(z)
    return unit(z @ z.T)


class SP(Distiller):
    """‖G_T − G_S‖_F² / B², where G = Z Zᵀ, (B, B), with every row divided by its length.

    Unlike a cosine matrix, G lets long embeddings weigh more. Reads embeddings; no labels.

    Source: Tung and Mori, "Similarity-Preserving Knowledge Distillation", ICCV 2019,
    arXiv 1907.09682.
    """

    name = "sp"
    title = "SP"
    Settings = SPSettings
    settings: SPSettings
    tuning = tuning_grid((200.0, 700.0, 2000.0, 7000.0, 20_000.0, 70_000.0))
    mapped = True

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return (_gram(teacher.embedding) - _gram(student.embedding)).square().mean()
