"""Anchor rows matched one to one, each pair as far as it is believed."""

from torch import Tensor

from ..method.belief import anchor_weights, pair_belief
from ..networks.models import NetworkOutput
from .base import has_target
from .rows import MatchedRows


class DoubtfulRows(MatchedRows):
    """Mean over samples i of b_i · ½ Σ_j w_j (A_T[i, j] − A_S[i, j])².

    Rows one to one, where sample i and anchor j count by the belief that their pairs is right: b_i,
    and w_j of mean 1, see :func:`pkdot.method.belief.pair_belief`; a pair with a target is right.
    The control for the transport of ``pkdot_doubt``. Reads embeddings and whether there is a
    target.

    Source: a form of this kit, on the rows of PKDOT, arXiv 2401.15489.
    """

    name = "rows_doubt"
    title = "rows one to one, in doubt"
    reads = ("embedding", "targets")

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        steps = self.structural.steps(teacher.embedding, student.embedding)
        belief = pair_belief(
            steps.teacher_similarity, steps.student_similarity, has_target(targets)
        )
        apart = (steps.teacher_rows - steps.student_rows).square()
        return 0.5 * (belief * (anchor_weights(belief)[steps.anchors] * apart).sum(1)).mean()
