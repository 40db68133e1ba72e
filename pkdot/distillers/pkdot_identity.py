"""PKDOT with a cost that knows which rows belong to one sample."""

from pydantic import Field

from .base import tuning_grid
from .pkdot import PKDOT, PKDOTSettings


class PairedStructureSettings(PKDOTSettings):
    """As PKDOT's, with a price on changing identity."""

    identity: float = Field(
        0.1, ge=0, description="extra cost of sending a sample to another one; 0 is blind to it"
    )


class PairedStructure(PKDOT):
    """PKDOT's divergence under the cost ½‖A_T[i] − A_S[j]‖² + identity · [i ≠ j].

    Between PKDOT, which sees the rows as a set, and rows matched one to one: mass goes to another
    sample only where that saves more than ``identity``. Needs no labels.

    Source: a form of this kit, on PKDOT, arXiv 2401.15489.
    """

    name = "pkdot_identity"
    title = "PKDOT, identity-aware"
    Settings = PairedStructureSettings
    settings: PairedStructureSettings
    tuning = tuning_grid((1.2, 6.0, 30.0), identity=(0.1, 1.0))
