"""PKDOT: match the structure of the batch by entropic optimal transport."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ..networks.models import NetworkOutput
from ..objective import PKDOTLoss
from .base import Distiller, DistillerSettings, tuning_grid


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
    transport: Literal["entropic", "unbalanced", "exact"] = Field(
        "entropic", description="entropic (the method), unbalanced, or exact (slow)"
    )
    penalty: float = Field(
        1.0, gt=0, description="price of mass left behind, where transport is unbalanced"
    )
    identity: float = Field(
        0.0, ge=0, description="extra cost of sending a sample to another one; 0 is the method"
    )
    relative: bool = Field(False, description="take blur² as a fraction of the median cost")
    tolerance: float | None = Field(
        None, gt=0, description="marginal error of the transport; by the floating type if null"
    )
    max_iterations: int = Field(10_000, ge=1, description="iterations of the transport at most")

    def anchors_in_batch(self) -> int:
        return 0 if self.policy == "all" else self.k


class PKDOT(Distiller):
    """The debiased transport divergence between teacher's and student's anchor rows.

    OT(A_T, A_S) − ½ OT(A_T, A_T) − ½ OT(A_S, A_S), where A_T and A_S, (B, k), are the samples'
    cosine similarities to the anchors and the cost is half the squared distance. Needs no labels.

    Source: PKDOT, arXiv 2401.15489.
    """

    name = "pkdot"
    title = "PKDOT"
    Settings = PKDOTSettings
    settings: PKDOTSettings
    tuning = tuning_grid((3.0, 10.0, 30.0), k=(10, 30))

    def __init__(self, settings: PKDOTSettings) -> None:
        super().__init__(settings)
        # Its own, so that drawing anchors moves no draw of the student's dropout.
        self.generator = torch.Generator()
        self.structural = PKDOTLoss(
            generator=self.generator, **settings.model_dump(exclude={"weight", "warm_up"})
        )

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Seed the draws of the policy ``random`` from torch's seed in force."""
        super().prepare(teacher, student)
        self.generator.manual_seed(torch.initial_seed())

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        return self.structural(teacher.embedding, student.embedding)
