"""PKDOT: match the structure of the batch by entropic optimal transport."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from ..networks.models import NetworkOutput
from ..objective import PKDOTLoss
from .base import Distiller, DistillerSettings


class PKDOTSettings(DistillerSettings):
    """Weight and the options of :class:`pkdot.PKDOTLoss`."""

    weight: float = Field(
        30.0, ge=0, description="λ; the divergence of cosine rows is small beside a cross-entropy"
    )
    k: int = Field(30, ge=1, description="number of anchors, below the batch size")
    blur: float = Field(0.1, gt=0, description="square root of ε, in the unit of the rows")
    policy: Literal["shared", "per_sample", "farthest", "random", "most_similar", "all"] = Field(
        "shared", description="how anchors are chosen"
    )


class PKDOT(Distiller):
    """The debiased transport divergence between teacher's and student's anchor rows.

    Needs no labels.

    Source: PKDOT, arXiv 2401.15489.
    """

    name = "pkdot"
    title = "PKDOT"
    Settings = PKDOTSettings
    settings: PKDOTSettings

    def __init__(self, settings: PKDOTSettings) -> None:
        super().__init__(settings)
        self.structural = PKDOTLoss(k=settings.k, blur=settings.blur, policy=settings.policy)

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        return self.structural(teacher.embedding, student.embedding)
