"""PKDOT on correlations: the transport of which DIST is the limit, with structure beside it."""

import torch
from pydantic import Field
from torch import Tensor

from ..errors import InputError
from ..method.loss import PKDOTLoss
from ..networks.models import NetworkOutput
from .base import tuning_grid
from .geometry import unit
from .pkdot import PKDOT, PKDOTSettings


class CorrelatedStructureSettings(PKDOTSettings):
    """As PKDOT's, with correlations of the outputs in the rows and a price on changing identity."""

    weight: float = Field(30.0, ge=0, description="λ, factor of this loss beside the task loss")
    identity: float = Field(
        10.0, ge=0, description="extra cost of sending a sample to another one; 0 is blind to it"
    )
    temperature: float = Field(1.0, gt=0, description="T, softens the outputs in a row")
    structure: float = Field(
        0.3, ge=0, description="weight of the similarities beside the correlations; 0: none"
    )


def _two_classes(output: NetworkOutput) -> bool:
    return output.logits.shape[1] == 2


class CorrelatedStructure(PKDOT):
    """PKDOT's divergence between rows [u_i, √(B/C) · v_i, √structure · similarities to anchors].

    P = softmax(logits / T), (B, C). u_i is row i of P, less its mean, at length 1; v_i is row i of
    P after every *column* was brought to mean 0 and length 1 over the batch. Half the squared
    distance of two unit vectors is one less their correlation, and so the mean over samples of
    ½‖[u, √(B/C) v]_T[i] − [u, √(B/C) v]_S[i]‖² is DIST, both of its parts: DIST is this loss with
    ``structure`` 0 as ``identity`` grows without bound, where every sample keeps its own row. Below
    that, mass may go to a sample that the teacher answers alike. Where that is cheap the loss asks
    for the right answers of the batch, not of each sample: with 30 % of the labels wrong, prices of
    10, 1 and 0.3 gave 54.6, 42.9 and 19.8 % (digits, seeds 0 to 7, ``structure`` 0).

    With two classes u_i is only a sign, and v_i beside the similarities gained less than these
    alone (simulated BioVid). Rows are then the similarities, with no price on changing identity:
    ``structure`` times PKDOT with a blur of ``blur`` / √``structure``. Needs no labels.

    Source: a form of this kit, on PKDOT (arXiv 2401.15489) and DIST (arXiv 2205.10536).
    """

    name = "pkdot_dist"
    title = "PKDOT on correlations"
    Settings = CorrelatedStructureSettings
    settings: CorrelatedStructureSettings
    reads = ("embedding", "logits")
    tuning = tuning_grid((10.0, 30.0, 100.0), identity=(10.0, 3.0))

    def __init__(self, settings: CorrelatedStructureSettings) -> None:
        super().__init__(settings)
        self.free = PKDOTLoss(generator=self.generator, **{**self.options, "identity": 0.0})

    def rows(self, teacher: NetworkOutput, student: NetworkOutput) -> tuple[Tensor, Tensor]:
        """Correlations, and similarities to the k anchors where asked for, (B, 2C + k) each.

        Of two classes only the similarities, (B, k).

        Raises:
            InputError: for two classes where ``structure`` is 0, as nothing is left to compare.
        """
        parts = []
        if not _two_classes(teacher):
            parts.append([self._correlated(output.logits) for output in (teacher, student)])
        if self.settings.structure:
            similar = self.structural.rows(teacher.embedding, student.embedding)
            parts.append([self.settings.structure**0.5 * rows for rows in similar])
        if not parts:
            raise InputError(
                "pkdot_dist compares nothing but similarities where there are two classes; "
                "structure is 0, give it a number above 0."
            )
        told, imitated = (torch.cat(side, dim=1) for side in zip(*parts, strict=True))
        return told, imitated

    def transport_of(self, teacher: NetworkOutput) -> PKDOTLoss:
        """Without a price on changing identity where there are two classes."""
        return self.free if _two_classes(teacher) else self.structural

    def _correlated(self, logits: Tensor) -> Tensor:
        likely = (logits / self.settings.temperature).softmax(1)
        within_samples = unit(likely - likely.mean(1, keepdim=True))
        within_classes = unit((likely - likely.mean(0)).T).T
        scale = (len(likely) / likely.shape[1]) ** 0.5
        return torch.cat([within_samples, scale * within_classes], dim=1)
