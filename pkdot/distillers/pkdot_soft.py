"""PKDOT with soft labels in its rows: one plan for structure and outputs."""

from pydantic import Field

from .base import tuning_grid
from .pkdot import PKDOT, PKDOTSettings


class SoftStructureSettings(PKDOTSettings):
    """As PKDOT's, with outputs in the rows and a cost that knows the pairing."""

    identity: float = Field(
        1.0, ge=0, description="extra cost of sending a sample to another one; 0 is blind to it"
    )
    outputs: float = Field(
        10.0, ge=0, description="weight of the outputs beside the similarities in a row"
    )


class SoftStructure(PKDOT):
    """PKDOT's divergence between rows [similarities to the anchors, √outputs · softened outputs].

    With half the squared distance as cost, a pair costs ½‖A_T[i] − A_S[j]‖² + ½ outputs ‖p_T[i] −
    p_S[j]‖², and ``identity`` more where i ≠ j: sending a sample's mass to another is cheap only
    where both structure and soft label agree. Needs no labels.

    Source: a form of this kit, on PKDOT (arXiv 2401.15489) and soft labels (arXiv 1503.02531).
    """

    name = "pkdot_soft"
    title = "PKDOT with soft labels in its rows"
    Settings = SoftStructureSettings
    settings: SoftStructureSettings
    tuning = tuning_grid((3.0, 10.0, 30.0), outputs=(3.0, 10.0))
