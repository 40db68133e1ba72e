"""PKDOT: match the structure of the batch by entropic optimal transport."""

from typing import ClassVar

from pydantic import Field
from torch import Tensor

from ..networks.models import NetworkOutput
from .base import tuning_grid
from .transported import AnchorSettings, TransportDistiller, TransportSettings


class PKDOTSettings(TransportSettings, AnchorSettings):
    """Weight, anchors and transport.

    The defaults are those that measured best (``reports/benchmarks/evidence.md``); the paper's are
    ``policy="shared", k=30, blur=0.1, weight=0.6``.
    """

    weight: float | None = Field(  # type: ignore[assignment]  # the method below narrows it
        None,
        ge=0,
        description="λ; null: loud for a batch with samples without a label, quiet for others "
        "(PKDOT: 30 and 1.2)",
    )
    blur: float = Field(0.5, gt=0, description="square root of ε, in the unit of the rows")


class PKDOT(TransportDistiller):
    """The debiased transport divergence between teacher's and student's anchor rows.

    OT(A_T, A_S) − ½ OT(A_T, A_T) − ½ OT(A_S, A_S), where A_T and A_S, (B, k), are the samples'
    cosine similarities to the anchors, the cost is half the squared distance, and OT is entropic.
    Needs no labels.

    Three settings go beyond the paper, and are off by default: ``identity`` makes the cost know
    which rows belong to one sample; ``confidence`` gives samples that the teacher is sure of more
    mass; ``outputs`` adds √outputs times the softened class probabilities to the rows, so that
    one plan serves structure and soft labels.

    Class attributes:
        loud, quiet: λ where none is set, for a batch with samples that have no label, where
            structure is all that these learn from, and for one without. They are what tuning chose
            in every regime of ``reports/benchmarks/evidence.md``.

    Source: PKDOT, arXiv 2401.15489.
    """

    name = "pkdot"
    title = "PKDOT"
    Settings = PKDOTSettings
    settings: PKDOTSettings
    tuning = tuning_grid((1.2, 6.0, 30.0), blur=(0.5, 0.1))
    loud: ClassVar[float] = 30.0
    quiet: ClassVar[float] = 1.2

    def weight(self, labels: Tensor) -> float:
        """λ as set, or as the batch's labels ask for."""
        if self.settings.weight is not None:
            return self.settings.weight
        return self.loud if bool((labels < 0).any()) else self.quiet

    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Similarities to the anchors, (B, k) each."""
        return self.structural.rows(teacher.embedding, student.embedding)
