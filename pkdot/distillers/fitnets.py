"""FitNets: the student's embedding, mapped by a regressor, matches the teacher's."""

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid


class FitNetsSettings(DistillerSettings):
    """Weight."""

    weight: float = Field(10.0, ge=0, description="λ, factor of this loss beside the task loss")


class FitNets(Distiller):
    """(1 / BD) ‖Z_T − (Z_S W + b)‖², with Z_T (B, D), Z_S (B, D_S); W (D_S, D) and b (D,) learn.

    The paper fits hint layer and regressor in a stage of their own, before soft labels; here the
    term stands beside the task loss throughout, at the embedding. Reads embeddings; no labels.

    Source: Romero et al., "FitNets: Hints for Thin Deep Nets", ICLR 2015, arXiv 1412.6550.
    """

    name = "fitnets"
    title = "FitNets"
    Settings = FitNetsSettings
    settings: FitNetsSettings
    tuning = tuning_grid((1.0, 3.0, 10.0, 30.0, 100.0, 300.0))
    mapped = True

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Build the regressor."""
        super().prepare(teacher, student)
        widths = student.embedding.shape[1], teacher.embedding.shape[1]
        self.adapters["regressor"] = nn.Linear(*widths)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return functional.mse_loss(self.adapted("regressor", student.embedding), teacher.embedding)
