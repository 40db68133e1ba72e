"""PKT: each sample's neighbours in the batch as conditional probabilities."""

from pydantic import Field
from torch import Tensor

from ..method.similarity import cosine_similarity_matrix
from ..networks.models import NetworkOutput
from ..tasks.arrays import divergence_of_logs
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import off_diagonal

SMALLEST = 1e-6  # a kernel of zero, between opposite embeddings, would cost infinitely much


class PKTSettings(DistillerSettings):
    """Weight."""

    weight: float = Field(100.0, ge=0, description="λ, factor of this loss beside the task loss")


def _log_probabilities(z: Tensor) -> Tensor:
    """log p(j | i) of embeddings (B, D), (B, B - 1)."""
    kernel = off_diagonal((cosine_similarity_matrix(z) + 1.0) / 2.0).clamp_min(SMALLEST)
    return kernel.log() - kernel.sum(1, keepdim=True).log()


class PKT(Distiller):
    """Mean over samples i of KL(p_T(· | i) ‖ p_S(· | i)), p(j | i) = K(i, j) / Σ_{l ≠ i} K(i, l).

    K(i, j) = ½ (cos(z_i, z_j) + 1), kept above 1e-6, and j ≠ i. With two samples each has but one
    neighbour, and the loss is zero. Reads embeddings (B, D); no labels.

    Source: Passalis and Tefas, "Learning Deep Representations with Probabilistic Knowledge
    Transfer", ECCV 2018, arXiv 1803.10837.
    """

    name = "pkt"
    title = "PKT"
    Settings = PKTSettings
    settings: PKTSettings
    tuning = tuning_grid((30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0))
    mapped = True

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        teacher_logs, student_logs = (_log_probabilities(o.embedding) for o in (teacher, student))
        return divergence_of_logs(teacher_logs, student_logs)
