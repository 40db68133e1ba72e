"""PKDOT on correlations: the transport of which DIST is the limit, with structure beside it."""

import torch
from pydantic import Field
from torch import Tensor

from ..errors import InputError
from ..method.loss import PKDOTLoss
from ..networks.models import NetworkOutput
from .base import tuning_grid
from .geometry import centred_unit
from .pkdot import PKDOT, PKDOTSettings


class PKDOTCorrelationSettings(PKDOTSettings):
    """As PKDOT's, with correlations of the outputs in the rows and a price on the pairing."""

    weight: float = Field(30.0, ge=0, description="λ, factor of this loss beside the task loss")
    identity: float = Field(
        10.0, ge=0, description="extra cost of sending a sample to another one; 0 is blind to it"
    )
    temperature: float = Field(1.0, gt=0, description="T, softens the outputs in a row")
    structure: float = Field(
        0.3, ge=0, description="weight of the similarities beside the correlations; 0: none"
    )


def _has_two_classes(output: NetworkOutput) -> bool:
    return output.outputs.shape[1] == 2


class PKDOTCorrelation(PKDOT):
    """PKDOT's divergence between rows [u_i, √(B/C) · v_i, √structure · similarities to anchors].

    P = softmax(logits / T), (B, C). u_i is row i of P, less its mean, at length 1; v_i is row i of
    P after every *column* was brought to mean 0 and length 1 over the batch. Half the squared
    distance of two unit vectors is one less their correlation, and so the mean over samples of
    ½‖[u, √(B/C) v]_T[i] − [u, √(B/C) v]_S[i]‖² is DIST, both of its parts: DIST is the limit of
    this loss with ``structure`` 0 as ``identity`` grows, where every sample keeps its own row.
    Below that, mass may go to a sample that the teacher answers alike; where that is cheap, the
    loss asks for the right answers of the batch, not of each sample.

    With two classes u_i is only a sign. Rows are then the similarities, with no price on the
    pairing: ``structure`` times PKDOT with a blur of ``blur`` / √``structure``. Reads embeddings
    and logits; no labels.

    Source: a form of this kit, on PKDOT (arXiv 2401.15489) and DIST (arXiv 2205.10536).
    """

    name = "pkdot_dist"
    title = "PKDOT on correlations"
    Settings = PKDOTCorrelationSettings
    settings: PKDOTCorrelationSettings
    reads = ("embedding", "outputs")
    needs = frozenset({"classes"})
    tuning = tuning_grid((10.0, 30.0, 100.0), identity=(10.0, 3.0))

    def __init__(self, settings: PKDOTCorrelationSettings) -> None:
        super().__init__(settings)
        options = {**settings.loss_options(), "identity": 0.0}
        self.without_identity = PKDOTLoss(generator=self.generator, **options)

    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Correlations, and similarities to the k anchors where asked for, (B, 2C + k) each.

        Of two classes only the similarities, (B, k).

        Raises:
            InputError: for two classes where ``structure`` is 0, as nothing is left to compare.
        """
        similarities = super().rows(teacher, student) if self.settings.structure else None
        return self._joined((teacher, student), similarities)

    def rows_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, trusted: int
    ) -> tuple[Tensor, Tensor]:
        """Likewise, (B_T, 2C + k) and (B_S, 2C + k); columns are scaled over each own batch."""
        similarities = None
        if self.settings.structure:
            similarities = super().rows_unpaired(teacher, student, trusted)
        return self._joined((teacher, student), similarities)

    def _joined(
        self, outputs: tuple[NetworkOutput, NetworkOutput], similarities: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, Tensor]:
        parts: list[list[Tensor]] = []
        if not _has_two_classes(outputs[0]):
            parts.append([self._correlations(output.outputs) for output in outputs])
        if similarities is not None:
            parts.append([self.settings.structure**0.5 * rows for rows in similarities])
        if not parts:
            raise InputError(
                "pkdot_dist compares nothing but similarities where there are two classes; "
                "structure is 0, give it a number above 0."
            )
        teacher_rows, student_rows = (torch.cat(p, dim=1) for p in zip(*parts, strict=True))
        return teacher_rows, student_rows

    def transport_for(self, teacher: NetworkOutput) -> PKDOTLoss:
        """Without a price on the pairing where there are two classes."""
        return self.without_identity if _has_two_classes(teacher) else self.structural

    def _correlations(self, logits: Tensor) -> Tensor:
        """[u, √(B/C) v] of logits (B, C), (B, 2C)."""
        p = (logits / self.settings.temperature).softmax(1)
        within_samples = centred_unit(p)
        within_classes = centred_unit(p.T).T
        scale = (len(p) / p.shape[1]) ** 0.5
        return torch.cat([within_samples, scale * within_classes], dim=1)
