"""Pseudo-labels balanced by transport between samples without label and classes: no teacher."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ..errors import InputError
from ..method.transport import sinkhorn
from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid

LEAST_LOG = -20.0
"""A probability below e^-20 costs no more: nothing is gained by telling them apart."""
PRIOR = 0.5
"""Samples that every class is given before shares are counted, so that none is impossible."""


class SelfLabelsSettings(DistillerSettings):
    """Weight, shares of the classes, and sharpness of the pseudo-labels."""

    weight: float = Field(1.0, ge=0, description="λ, factor of this loss beside the task loss")
    shares: Literal["even", "labelled", "em", "teacher"] = Field(
        "even",
        description="of the classes: all alike; as among labels; by EM on the student's answers; "
        "or the teacher's mean answer",
    )
    epsilon: float = Field(
        0.1, gt=0, description="strength of the entropy, in nats: small for sharp pseudo-labels"
    )
    temperature: float = Field(
        1.0, gt=0, description="T, softens the teacher's answers, where shares are the teacher's"
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="what estimated shares keep of earlier batches; 0 for nothing"
    )
    max_iterations: int = Field(10_000, ge=1, description="iterations of the transport at most")


class SelfLabels(Distiller):
    """Mean over the samples without label of −Σ_c Q[i, c] log p_S(c | i).

    Q is the entropic plan between these samples, each of equal mass, and the classes, with masses
    π_c, under the cost −log p_S(c | i), its rows scaled to sum 1: pseudo-labels that follow the
    student's answers as far as the shares π allow. Q is a constant to autograd.

    ``shares``: ``even``: π = 1/C. ``labelled``: as among the batch's labels, ρ. ``em``: one step of
    EM a batch from ρ, π'_c ∝ Σ_i p_S(c | i) π_c / (ρ_c + λ π_c) over the samples without label; the
    student learns from labels and, λ times, from pseudo-labels, so that its answers expect both
    shares. ``teacher``: the teacher's mean softened answer on recordings that are no labelled pair.
    The last three are means over batches, newer ones counting more (``momentum``): a state of the
    method, kept with it. Without labels ρ is even.

    Reads the student's outputs and targets, and the teacher's outputs for its shares alone. Of an
    unpaired batch all of the student's samples count. A batch without any sample that lacks a label
    costs nothing.

    Source: Asano, Rupprecht and Vedaldi, "Self-labelling via simultaneous clustering and
    representation learning", ICLR 2020, arXiv 1911.05371; given shares in semi-supervised learning:
    Tai, Bailis and Valiant, "Sinkhorn Label Allocation", ICML 2021, arXiv 2102.08622; EM: Saerens,
    Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities",
    Neural Computation 14, 2002.
    """

    name = "self_labels"
    title = "balanced pseudo-labels"
    Settings = SelfLabelsSettings
    settings: SelfLabelsSettings
    reads = ("outputs", "targets")
    needs = frozenset({"classes"})
    tuning = tuning_grid((0.3, 1.0, 3.0), epsilon=(0.1, 0.5))

    def prepare(self, teacher: NetworkOutput, student: NetworkOutput) -> None:
        """Forget all shares."""
        super().prepare(teacher, student)
        # (C + 1,) each: sum of shares by class, and of their weights, from which a mean is had
        for name in ("_labelled", "_unlabelled"):
            self.register_buffer(name, student.outputs.new_zeros(student.outputs.shape[1] + 1))

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return self._of(teacher.outputs[targets < 0], student, targets)

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        return self._of(teacher.outputs[trusted:], student, targets)

    def _of(self, recordings: Tensor, student: NetworkOutput, targets: Tensor) -> Tensor:
        """The loss, given the teacher's outputs on recordings that are no labelled pair."""
        logs = student.outputs[targets < 0].log_softmax(1)
        with torch.no_grad():
            shares = self._shares(recordings, logs, targets)
        if not len(logs):
            return 0.0 * student.outputs.sum()
        with torch.no_grad():
            pseudo = self.pseudo_labels(logs, shares)
        return -(pseudo * logs).sum(1).mean()

    def pseudo_labels(self, logs: Tensor, shares: Tensor) -> Tensor:
        """Q, rows of sum 1, (n, C), of log-probabilities (n, C) and shares (C,) of sum 1."""
        cost = -logs.clamp_min(LEAST_LOG)
        s = self.settings
        plan = sinkhorn(cost, b=shares, epsilon=s.epsilon, max_iterations=s.max_iterations).plan
        return plan / plan.sum(1, keepdim=True)

    def _shares(self, recordings: Tensor, logs: Tensor, targets: Tensor) -> Tensor:
        """π, (C,), this batch included; in training mode the state moves on."""
        s, classes = self.settings, logs.shape[1]
        even = torch.full((classes,), 1.0 / classes, dtype=logs.dtype, device=logs.device)
        if s.shares == "even":
            return even
        if s.shares == "teacher":
            answers = (recordings / s.temperature).softmax(1)
            return self._mean("_unlabelled", answers.sum(0), len(answers), even)
        labels = targets[targets >= 0]
        counts = torch.bincount(labels, minlength=classes).to(logs)
        labelled = self._mean("_labelled", counts, len(labels), even)
        if s.shares == "labelled":
            return labelled
        current = self._known("_unlabelled", labelled)
        # the student learns both labels and, λ times, pseudo-labels: its answers expect both shares
        expected = (labelled + s.weight * current) / (1.0 + s.weight)
        posterior = (logs + (current / expected).log()).softmax(1)
        return self._mean("_unlabelled", posterior.sum(0), len(logs), labelled)

    def _mean(self, name: str, counts: Tensor, size: int, prior: Tensor) -> Tensor:
        """Shares over batches, this one with its counts (C,) included."""
        if not size:
            return self._known(name, prior)
        state = self._state(name)
        shares = (counts + PRIOR) / (size + PRIOR * len(counts))
        fresh = torch.cat([shares, shares.new_ones(1)]).to(state)
        moved = torch.lerp(fresh, state, self.settings.momentum)
        if self.training:
            state.copy_(moved)
        return (moved[:-1] / moved[-1]).to(counts)

    def _known(self, name: str, otherwise: Tensor) -> Tensor:
        """Shares of earlier batches, or those given where there was none."""
        state = self._state(name)
        known = (state[:-1] / state[-1].clamp_min(1e-12)).to(otherwise)
        return torch.where(state[-1] > 0, known, otherwise)

    def _state(self, name: str) -> Tensor:
        if name not in dict(self.named_buffers()):
            raise InputError(
                f"The method {self.name!r} has no shares of the classes yet; call prepare with an "
                f"example of the teacher's and the student's output first."
            )
        return self.get_buffer(name)
