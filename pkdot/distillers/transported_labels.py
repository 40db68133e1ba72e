"""Soft labels that travel along the plan between the teacher's rows and the student's."""

import torch
from pydantic import Field
from torch import Tensor

from ..method.partners import Masses, Partners
from ..networks.models import NetworkOutput
from .base import tuning_grid
from .pkdot import PKDOT, PKDOTSettings


class TransportedLabelsSettings(PKDOTSettings):
    """As PKDOT's; the temperature softens what is carried, and the outputs in a row alike."""

    weight: float = Field(4.0, ge=0, description="λ, factor of this loss beside the task loss")
    blur: float = Field(0.2, gt=0, description="square root of ε, in the unit of the rows")
    identity: float = Field(
        0.1, ge=0, description="extra cost of sending a sample to another one; 0 is blind to it"
    )


class TransportedLabels(PKDOT):
    """T² · mean over student samples j of KL(Σ_i P[i, j] p_T[i] / Σ_i P[i, j] ‖ p_S[j]).

    P is PKDOT's plan from the teacher's anchor rows to the student's, and p = softmax(logits / T):
    each sample learns the mean soft label of those teacher samples that stand where it stands. With
    a high ``identity`` that is its own partner's, and the loss is that of soft labels. For other
    tasks than classes see :meth:`pkdot.tasks.Task.mixture`.

    The plan is a constant to autograd. Through it the student could lower the loss by moving
    towards teacher samples that answer what it answers already, whatever its task says.

    Where only the first n samples are pairs, each of these learns its partner's label, and the
    others what the plan between the clouds of the others carries; with ``trusted_rows`` pairs are
    points of that plan, too. Reads embeddings and outputs; no labels.

    Source: a form of this kit, on PKDOT (arXiv 2401.15489) and soft labels (arXiv 1503.02531); the
    barycentric map of labels as in Redko, Courty, Flamary and Tuia, "Optimal Transport for
    Multi-source Domain Adaptation under Target Shift", AISTATS 2019, arXiv 1803.04899.
    """

    name = "transported_labels"
    title = "transported soft labels"
    Settings = TransportedLabelsSettings
    settings: TransportedLabelsSettings
    reads = ("embedding", "outputs")
    tuning = tuning_grid((0.8, 4.0, 20.0), identity=(0.1, 0.0))

    @property
    def solves_together(self) -> bool:
        """Not: the loss is no divergence of clouds."""
        return False

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        with torch.no_grad():
            clouds = self.clouds(teacher, student)
            shares = self._shares(clouds, len(targets), self.masses(teacher))
        return self._learn(shares, teacher, student)

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        with torch.no_grad():
            first = self.kept(teacher, student, trusted)
            clouds = self._unpaired_clouds(teacher, student, trusted)
            sizes = len(student.outputs), len(teacher.outputs)
            shares = torch.zeros(*sizes, dtype=clouds[0].dtype, device=clouds[0].device)
            masses = self.masses(teacher, first), self.masses(student, first)
            shares[first:, first:] = self._shares(clouds, trusted - first, masses)
            shares[:trusted] = 0.0
            shares[:trusted, :trusted].fill_diagonal_(1.0)
        return self._learn(shares, teacher, student)

    def _shares(self, clouds: tuple[Tensor, Tensor], pairs: int, masses: Masses) -> Tensor:
        """What each student sample takes of each teacher sample, (B_S, B_T), rows of sum 1.

        Args:
            clouds: of the teacher and of the student.
            pairs: how many points, the first of both, are known pairs.
            masses: of the points.
        """
        partners = None
        if self.settings.identity:
            own = torch.arange(pairs, device=clouds[0].device)
            partners = Partners(own, own, self.settings.identity)
        plan = self.structural.plan(*clouds, masses, partners).plan.mT
        mass = plan.sum(1, keepdim=True)
        # unbalanced transport may send a sample nothing: all of the teacher's count alike then
        even = torch.full_like(plan, 1.0 / plan.shape[1])
        return torch.where(mass > 0, plan / mass.masked_fill(mass == 0, 1.0), even)

    def _learn(self, shares: Tensor, teacher: NetworkOutput, student: NetworkOutput) -> Tensor:
        temperature = self.settings.temperature
        labels = self.task.mixture(teacher.outputs, shares, temperature)
        return self.task.soft_loss(labels, student.outputs, temperature)
