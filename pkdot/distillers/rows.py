"""Anchor rows matched one to one: PKDOT's structure without its transport."""

import torch
from pydantic import Field
from torch import Tensor

from ..method.loss import PKDOTLoss
from ..networks.models import NetworkOutput
from .base import Distiller, tuning_grid
from .transported import AnchorSettings


class MatchedRowsSettings(AnchorSettings):
    """Weight and anchors."""

    weight: float = Field(
        30.0, ge=0, description="λ; differences of cosine rows are small beside a cross-entropy"
    )


class MatchedRows(Distiller):
    """Mean over samples i of ½‖A_T[i] − A_S[i]‖², with the anchors and rows (B, k) of PKDOT.

    The limit of PKDOT's loss as ``identity`` grows, and so the control for its transport. Reads
    embeddings; no labels.

    Source: the rows of PKDOT, arXiv 2401.15489.
    """

    name = "rows"
    title = "rows one to one"
    Settings = MatchedRowsSettings
    settings: MatchedRowsSettings
    tuning = tuning_grid((1.0, 3.0, 10.0, 30.0, 100.0, 300.0))

    def __init__(self, settings: MatchedRowsSettings) -> None:
        super().__init__(settings)
        self.generator = torch.Generator()
        self.structural = PKDOTLoss(
            settings.k, policy=settings.policy, generator=self.generator, shift=settings.shift
        )

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Seed the draws of the policy ``random`` from torch's seed in force."""
        super().prepare(teacher, student)
        self.generator.manual_seed(torch.initial_seed())

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        teacher_rows, student_rows = self.structural.rows(teacher.embedding, student.embedding)
        return 0.5 * (teacher_rows - student_rows).square().sum(1).mean()
