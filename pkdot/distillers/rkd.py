"""RKD: distances of pairs and angles of triples agree."""

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid
from .geometry import length, of_size_one, off_diagonal, unit


class RKDSettings(DistillerSettings):
    """Weight and the ratio of the two parts."""

    weight: float = Field(50.0, ge=0, description="λ, factor of this loss beside the task loss")
    distance: float = Field(1.0, ge=0, description="factor of the distances' part")
    angle: float = Field(2.0, ge=0, description="factor of the angles' part")


def _distances(differences: Tensor) -> Tensor:
    """Distances of pairs over their mean, (B, B - 1), of all differences (B, B, D)."""
    distances = off_diagonal(length(differences))
    mean = distances.mean()
    return distances / mean.masked_fill(mean == 0, 1.0)


def _angle_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """The angles' part, of all differences (B, B, D) in either network, a scalar."""
    # cosines of the angles at j, (j, i, k)
    c_teacher, c_student = (u @ u.mT for u in (unit(teacher), unit(student)))
    total = functional.smooth_l1_loss(c_student, c_teacher, reduction="sum")
    # where i = k there is no triple
    c_teacher, c_student = (c.diagonal(dim1=1, dim2=2) for c in (c_teacher, c_student))
    total = total - functional.smooth_l1_loss(c_student, c_teacher, reduction="sum")
    size = len(teacher)
    return total / max(size * (size - 1) * (size - 2), 1)


class RKD(Distiller):
    """λ_D · mean huber(ψ_T(i, j) − ψ_S(i, j)) + λ_A · mean huber(cos ∠_T(i, j, k) − cos ∠_S).

    ψ(i, j) = ‖z_i − z_j‖ / (mean distance of all pairs); ∠(i, j, k) is the angle at z_j between the
    directions to z_i and z_k; huber(x) is ½ x² for |x| <= 1, else |x| − ½. Means run over pairs and
    triples of distinct samples: with two samples there is no triple, and that part is zero; with
    one there is no pair either. Between equal embeddings there is no direction, and the cosine
    counts as 0. Reads embeddings (B, D); no labels.

    Source: Park, Kim, Lu and Cho, "Relational Knowledge Distillation", CVPR 2019,
    arXiv 1904.05068.
    """

    name = "rkd"
    title = "RKD"
    Settings = RKDSettings
    settings: RKDSettings
    tuning = tuning_grid((50.0, 250.0, 1250.0), angle=(2.0, 0.0))

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        if len(student.embedding) < 2:  # no pair to compare
            return 0.0 * student.embedding.square().sum()
        z_teacher, z_student = (of_size_one(o.embedding) for o in (teacher, student))
        d_teacher, d_student = (z.unsqueeze(0) - z.unsqueeze(1) for z in (z_teacher, z_student))
        distance = functional.smooth_l1_loss(_distances(d_student), _distances(d_teacher))
        loss = self.settings.distance * distance
        if self.settings.angle:  # B³ numbers, not computed where they count nothing
            loss = loss + self.settings.angle * _angle_loss(d_teacher, d_student)
        return loss
