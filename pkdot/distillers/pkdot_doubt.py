"""PKDOT that trusts each pair of the batch as far as its two halves agree."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ..method.belief import anchor_weights, pair_belief
from ..method.partners import Partners
from ..networks.models import NetworkOutput
from .base import has_target, tuning_grid
from .pkdot import PKDOT, PKDOTSettings


class PKDOTDoubtSettings(PKDOTSettings):
    """As PKDOT's; the defaults are those of ``pkdot_soft``."""

    weight: float = Field(3.0, ge=0, description="λ, factor of this loss beside the task loss")
    identity: float = Field(
        1.0, ge=0, description="extra cost of sending a sample to another one, if its pair is right"
    )
    outputs: float = Field(
        10.0, ge=0, description="weight of the outputs beside the similarities in a row; 0: none"
    )
    outputs_as: Literal["probabilities", "roots", "logits"] = Field(
        "roots", description="form of the outputs; roots: of the probabilities"
    )


class PKDOTDoubt(PKDOT):
    """PKDOT with soft labels in its rows, where a pair counts as far as it is believed.

    The belief b_i that pair i is right is estimated on the batch, see
    :func:`pkdot.method.belief.pair_belief`; a pair with a target is right. A wrong pair does harm
    twice, and b_i serves twice: leaving one's partner costs ``identity`` · b_i, and anchor j counts
    by b_j (with a floor, mean 1) in the distance of two rows, as the column of a wrong pair is
    noise. In full doubt this is PKDOT between rows whose anchors are the pairs with targets.

    Reads embeddings, outputs, and whether there is a target. The estimate is a constant to
    autograd. Where only some samples are pairs, these are trusted, and it is PKDOT.

    Source: a form of this kit, on PKDOT, arXiv 2401.15489.
    """

    name = "pkdot_doubt"
    title = "PKDOT that doubts its pairs"
    Settings = PKDOTDoubtSettings
    settings: PKDOTDoubtSettings
    reads = ("embedding", "targets")
    tuning = tuning_grid((0.6, 3.0, 15.0), outputs=(10.0, 3.0))

    @property
    def solves_together(self) -> bool:
        """Not: beliefs are estimated batch by batch."""
        return False

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        steps = self.structural.steps(teacher.embedding, student.embedding)
        points = None
        if self.settings.outputs:
            points = self._coordinates(teacher), self._coordinates(student)
        belief = pair_belief(
            steps.teacher_similarity, steps.student_similarity, has_target(targets), points
        )
        lengths = anchor_weights(belief)[steps.anchors].sqrt()
        rows = lengths * steps.teacher_rows, lengths * steps.student_rows
        clouds = self._with_outputs(rows, (teacher, student))
        every = torch.arange(len(belief), device=belief.device)
        partners = Partners(every, every, self.settings.identity * belief)
        return self.structural.divergence(*clouds, self.masses(teacher), partners)
