"""Cosine-similarity matrices of teacher and student agree, entry by entry."""

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..method.similarity import cosine_similarity_matrix
from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid


class SimilarityMatrixSettings(DistillerSettings):
    """Weight."""

    weight: float = Field(50.0, ge=0, description="λ, factor of this loss beside the task loss")


class SimilarityMatrix(Distiller):
    """‖S_T − S_S‖_F² / B², the mean squared difference of the cosine matrices S, (B, B).

    PKDOT compares the same matrices by transport over their rows. Reads embeddings; no labels.

    Source: the linear kernel, on embeddings of length 1, of Peng et al., "Correlation Congruence
    for Knowledge Distillation", ICCV 2019, arXiv 1904.01802.
    """

    name = "matrix"
    title = "similarity matrix"
    Settings = SimilarityMatrixSettings
    settings: SimilarityMatrixSettings
    tuning = tuning_grid((15.0, 50.0, 150.0, 500.0, 1500.0, 5000.0))
    mapped = True

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        s_teacher, s_student = (cosine_similarity_matrix(o.embedding) for o in (teacher, student))
        return functional.mse_loss(s_student, s_teacher)
