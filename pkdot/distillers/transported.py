"""What the forms of PKDOT share: rows of teacher and student, and the transport between them."""

from abc import abstractmethod
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ..method.loss import PKDOTLoss
from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings


class AnchorSettings(DistillerSettings):
    """Which samples describe the others."""

    k: int = Field(
        30, ge=1, description="number of anchors, below the batch size; not read by policy all"
    )
    policy: Literal["shared", "per_sample", "farthest", "random", "most_similar", "all"] = Field(
        "all", description="how anchors are chosen; all: every sample of the batch is one"
    )

    def anchors_in_batch(self) -> int:
        return 0 if self.policy == "all" else self.k


class TransportSettings(DistillerSettings):
    """Weight, the transport of :class:`pkdot.PKDOTLoss`, and what is transported."""

    weight: float = Field(
        30.0, ge=0, description="λ; the divergence of cosine rows is small beside a cross-entropy"
    )
    blur: float = Field(0.1, gt=0, description="square root of ε, in the unit of the rows")
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
    confidence: float = Field(
        0.0, ge=0, description="a sample's mass is its teacher's confidence to this power; 0: equal"
    )
    outputs: float = Field(
        0.0, ge=0, description="weight of the outputs beside the similarities in a row; 0: none"
    )
    outputs_as: Literal["probabilities", "roots", "logits"] = Field(
        "probabilities", description="form of the outputs; roots: of the probabilities"
    )
    temperature: float = Field(2.0, gt=0, description="T, softens the outputs in a row")


def _columns(logits: Tensor, settings: TransportSettings) -> Tensor:
    """Outputs as coordinates, (B, C): softened probabilities, their roots, or centred logits.

    Half the squared distance is then half the Brier score, the squared Hellinger distance, or that
    of logits / T, which no constant added to a sample's logits changes.
    """
    softened = logits / settings.temperature
    if settings.outputs_as == "logits":
        return softened - softened.mean(1, keepdim=True)
    logs = functional.log_softmax(softened, dim=1)
    return (0.5 * logs if settings.outputs_as == "roots" else logs).exp()


class TransportDistiller(Distiller):
    """The divergence between two clouds of rows; a form of PKDOT says what the rows are."""

    Settings = TransportSettings
    settings: TransportSettings

    def __init__(self, settings: TransportSettings) -> None:
        super().__init__(settings)
        # Its own, so that drawing anchors moves no draw of the student's dropout.
        self.generator = torch.Generator()
        names = set(TransportSettings.model_fields) | set(AnchorSettings.model_fields)
        beside = set(DistillerSettings.model_fields)
        beside |= {"confidence", "outputs", "outputs_as", "temperature"}
        self.options = settings.model_dump(include=names - beside)
        self.structural = PKDOTLoss(generator=self.generator, **self.options)
        if settings.outputs or settings.confidence:
            self.reads = (*self.reads, "logits")

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Seed the draws of the policy ``random`` from torch's seed in force."""
        super().prepare(teacher, student)
        self.generator.manual_seed(torch.initial_seed())

    @abstractmethod
    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Coordinates of each sample in either network, (B, d) each."""

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, labels: Tensor) -> Tensor:
        s = self.settings
        told, imitated = self.rows(teacher, student)
        if s.outputs:
            told, imitated = (
                torch.cat([rows, s.outputs**0.5 * _columns(output.logits, s)], dim=1)
                for rows, output in ((told, teacher), (imitated, student))
            )
        weights = None
        if s.confidence:
            weights = teacher.logits.softmax(1).amax(1).pow(s.confidence)
            weights = weights / weights.sum()
        return self.transport_of(teacher).divergence(told, imitated, weights)

    def transport_of(self, teacher: NetworkOutput) -> PKDOTLoss:
        """The transport that suits a batch of this teacher's; a form may have more than one."""
        return self.structural
