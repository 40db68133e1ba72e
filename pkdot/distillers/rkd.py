"""Relational knowledge distillation: distances of pairs and angles of triples agree."""

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import length, unit, without_own


class RelationalSettings(DistillerSettings):
    """Weight and the ratio of the two parts."""

    weight: float = Field(50.0, ge=0, description="λ, factor of this loss beside the task loss")
    distance: float = Field(1.0, ge=0, description="factor of the distances' part")
    angle: float = Field(2.0, ge=0, description="factor of the angles' part")


def _distances(between: Tensor) -> Tensor:
    """Distances of pairs over their mean, (B, B - 1), of all differences (B, B, D)."""
    distances = without_own(length(between))
    mean = distances.mean()
    return distances / mean.masked_fill(mean == 0, 1.0)


def _angles(told: Tensor, imitated: Tensor) -> Tensor:
    """The angles' part, of all differences (B, B, D) in either network."""
    # cosines of the angles at j, (j, i, k)
    yours, mine = (directions @ directions.mT for directions in (unit(told), unit(imitated)))
    total = functional.smooth_l1_loss(mine, yours, reduction="sum")
    # where i = k there is no triple
    yours, mine = (cosines.diagonal(dim1=1, dim2=2) for cosines in (yours, mine))
    total = total - functional.smooth_l1_loss(mine, yours, reduction="sum")
    size = len(told)
    return total / max(size * (size - 1) * (size - 2), 1)


class Relational(Distiller):
    """λ_D · mean huber(ψ_T(i, j) − ψ_S(i, j)) + λ_A · mean huber(cos ∠_T(i, j, k) − cos ∠_S).

    ψ(i, j) = ‖z_i − z_j‖ / (mean distance of all pairs); ∠(i, j, k) is the angle at z_j between the
    directions to z_i and z_k; huber(x) is ½ x² for |x| <= 1, else |x| − ½. Means run over pairs and
    triples of distinct samples; with two samples there is no triple, and that part is zero. Between
    equal embeddings there is no direction, and the cosine counts as 0. Needs no labels.

    Source: Park, Kim, Lu and Cho, "Relational Knowledge Distillation", CVPR 2019,
    arXiv 1904.05068.
    """

    name = "rkd"
    title = "RKD"
    Settings = RelationalSettings
    settings: RelationalSettings
    tuning = tuning_grid((50.0, 250.0, 1250.0), angle=(2.0, 0.0))

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        told, imitated = (
            z.unsqueeze(0) - z.unsqueeze(1) for z in (teacher.embedding, student.embedding)
        )
        distance = functional.smooth_l1_loss(_distances(imitated), _distances(told))
        loss = self.settings.distance * distance
        if self.settings.angle:  # B³ numbers, left alone where nobody wants them
            loss = loss + self.settings.angle * _angles(told, imitated)
        return loss
