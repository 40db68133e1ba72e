"""PKDOT with soft labels in its rows: one plan for structure and outputs."""

from typing import Literal

from pydantic import Field

from .base import tuning_grid
from .pkdot import PKDOT, PKDOTSettings


class SoftStructureSettings(PKDOTSettings):
    """As PKDOT's, with outputs in the rows and a cost that knows the pairing."""

    weight: float = Field(3.0, ge=0, description="λ, factor of this loss beside the task loss")
    identity: float = Field(
        1.0, ge=0, description="extra cost of sending a sample to another one; 0 is blind to it"
    )
    outputs: float = Field(
        10.0, ge=0, description="weight of the outputs beside the similarities in a row"
    )
    outputs_as: Literal["probabilities", "roots", "logits"] = Field(
        "roots", description="form of the outputs; roots: of the probabilities"
    )


class SoftStructure(PKDOT):
    """PKDOT's divergence between rows [similarities to the anchors, √outputs · softened outputs].

    A pair costs ½‖A_T[i] − A_S[j]‖² + ½ outputs ‖o_T[i] − o_S[j]‖², and ``identity`` more where
    i ≠ j: sending a sample's mass to another is cheap only where both structure and soft label
    agree. The outputs o are roots of the softened class probabilities by default, so that their
    half squared distance is the squared Hellinger distance; near agreement that is a quarter of
    the Kullback-Leibler divergence of soft labels. Needs no labels.

    Source: a form of this kit, on PKDOT (arXiv 2401.15489) and soft labels (arXiv 1503.02531).
    """

    name = "pkdot_soft"
    title = "PKDOT with soft labels in its rows"
    Settings = SoftStructureSettings
    settings: SoftStructureSettings
    tuning = tuning_grid((0.6, 3.0, 15.0), outputs=(10.0, 3.0))
