"""Soft labels, each as far as its pair is believed: by its structure, or by its loss."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ..method.belief import pair_belief, small_loss_belief
from ..method.similarity import cosine_similarity_matrix
from ..networks.models import NetworkOutput
from .base import has_target, tuning_grid
from .kd import KD, KDSettings
from .method import Method


class DoubtfulKDSettings(KDSettings):
    """As soft labels', and what tells right pairs from wrong ones."""

    belief: Literal["both", "structure", "loss"] = Field(
        "both",
        description="structure: how rows and outputs agree; loss: small losses; or the product",
    )


class DoubtfulKD(KD):
    """T² · mean over samples i of b_i KL(p_T[i] ‖ p_S[i]): soft labels weighed by their belief.

    b_i is the belief that pair i is right, estimated on the batch and a constant to autograd; a
    pair with a target is right. ``structure``: from the agreement of similarities and outputs
    (:func:`pkdot.method.belief.pair_belief`). ``loss``: small losses are trusted
    (:func:`pkdot.method.belief.small_loss_belief`); what these trust by mistake moves the student
    little. ``both``: the product. Reads outputs, embeddings where asked for, and whether there is a
    target.

    Source: soft labels, arXiv 1503.02531; weights by small losses: Huang et al., "Learning with
    Noisy Correspondence for Cross-modal Matching", NeurIPS 2021, which fits the mixture once an
    epoch over all samples and lets two networks divide them for one another; here it is fitted to
    the batch, by one network.
    """

    name = "kd_doubt"
    title = "soft labels, in doubt"
    Settings = DoubtfulKDSettings
    settings: DoubtfulKDSettings
    reads: tuple[str, ...] = ("outputs", "embedding", "targets")
    mapped = False

    def __init__(self, settings: DoubtfulKDSettings) -> None:
        super().__init__(settings)
        if settings.belief == "loss":
            self.reads = ("outputs", "targets")

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        temperature = self.settings.temperature

        def of_sample(target: Tensor, own: Tensor) -> Tensor:
            return self.task.soft_loss(target.unsqueeze(0), own.unsqueeze(0), temperature)

        losses = torch.vmap(of_sample)(teacher.outputs, student.outputs)
        return (self._belief(teacher, student, targets, losses) * losses).mean()

    @torch.no_grad()
    def _belief(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, losses: Tensor
    ) -> Tensor:
        kind, known = self.settings.belief, has_target(targets)
        belief = torch.ones_like(losses)
        if kind != "structure":
            belief = small_loss_belief(losses)
        if kind != "loss":
            form = "probabilities", self.settings.temperature
            one, two = (self.task.coordinates(o.outputs, *form) for o in (teacher, student))
            similar = [cosine_similarity_matrix(o.embedding) for o in (teacher, student)]
            belief = belief * pair_belief(similar[0], similar[1], known, (one, two))
        return torch.where(known, 1.0, belief)


KD_SMALL_LOSS = Method(
    name="kd_small_loss",
    title="soft labels, small losses trusted",
    distiller=DoubtfulKD,
    about="""Soft labels weighed by the posterior of the lower of two components of the losses.

    A rival from the literature on noisy correspondence: a pair is trusted as far as its loss is
    small among those of the batch. See :class:`DoubtfulKD` for what differs from its source.
    """,
    tuning=tuning_grid((0.8, 4.0, 20.0), temperature=(2.0, 4.0)),
    defaults={"belief": "loss"},
)
