"""Gromov-Wasserstein: the similarity matrices of teacher and student, matched by a plan."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ..method.gromov import GromovLimits, gromov_gain, gromov_plan
from ..method.similarity import cosine_similarity_matrix
from ..method.transport import sinkhorn, squared_cost
from ..networks.models import NetworkOutput
from .base import Distiller, DistillerSettings, tuning_grid

START_BLUR = 0.3
"""√ε of the plan between soft labels, in the unit of roots of probabilities."""


class GromovSettings(DistillerSettings):
    """Weight, entropy, and where the search for a plan begins."""

    weight: float = Field(50.0, ge=0, description="λ, factor of this loss beside the task loss")
    blur: float = Field(0.1, gt=0, description="square root of ε, in the unit of similarities")
    start: Literal["pairs", "outputs", "uniform"] = Field(
        "pairs",
        description="plan from which the search begins: known pairs; the agreement of outputs; or "
        "mass spread evenly",
    )
    least_move: float = Field(
        1e-3, gt=0, description="mass from 0 to 1; the search ends where it moves no more"
    )
    max_iterations: int = Field(50, ge=1, description="steps of the search, a transport each")


class Gromov(Distiller):
    """GW(S_T, S_S) − ½ GW(S_T, S_T) − ½ GW(S_S, S_S), entropic Gromov-Wasserstein, debiased.

    GW(X, Y) = min_P Σ (X_ik − Y_jl)² P_ij P_kl + ε KL(P ‖ a bᵀ) between the cosine matrices S,
    (B_T, B_T) and (B_S, B_S): a plan P that sends alike pairs of samples to alike pairs. It
    compares no sample of the teacher with one of the student, so it needs no pairs, and clouds of
    any sizes do. The loss is 0 where both matrices are equal up to the order of the samples. The
    minimum is a local one, reached from ``start``:

    ``pairs``: every sample at its partner, and mass spread evenly between samples that have none.
    ``outputs``: the plan between the roots of the softened answers (T = 1, ε = 0.09), which any
    task has. ``uniform``: evenly; the first step then matches samples by their mean similarity, and
    where all have the same it stays there.

    The gradient is that of the envelope theorem, at a plan from which one more step moves at most
    ``least_move``; a search that ends at ``max_iterations`` gives an upper bound of GW and its
    partial derivative. Plans are solved in float64. Reads embeddings, and outputs where they are
    the start; no labels.

    Source: Peyré, Cuturi and Solomon, "Gromov-Wasserstein Averaging of Kernel and Distance
    Matrices", ICML 2016; debiased as in Bunne, Alvarez-Melis, Krause and Jegelka, "Learning
    Generative Models across Incomparable Spaces", ICML 2019, arXiv 1905.05461.
    """

    name = "gromov"
    title = "Gromov-Wasserstein"
    Settings = GromovSettings
    settings: GromovSettings
    tuning = tuning_grid((10.0, 50.0, 250.0), blur=(0.1, 0.2))

    def __init__(self, settings: GromovSettings) -> None:
        super().__init__(settings)
        if settings.start == "outputs":
            self.reads = ("embedding", "outputs")

    def loss(self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor) -> Tensor:
        return self.loss_unpaired(teacher, student, targets, len(student.embedding))

    def loss_unpaired(
        self, teacher: NetworkOutput, student: NetworkOutput, targets: Tensor, trusted: int
    ) -> Tensor:
        s = self.settings
        x, y = (cosine_similarity_matrix(o.embedding) for o in (teacher, student))
        dtype, x, y = y.dtype, x.double(), y.double()
        limits = GromovLimits(s.blur * s.blur, s.least_move, s.max_iterations)
        start = self._start(teacher, student, trusted)
        gains = [
            gromov_gain(one, two, gromov_plan(one, two, begin, limits).plan, limits.epsilon)
            for one, two, begin in ((x, y, start), (x, x, _identity(x)), (y, y, _identity(y)))
        ]
        # what does not depend on a plan cancels
        return (0.5 * (gains[1] + gains[2]) - gains[0]).to(dtype)

    @torch.no_grad()
    def _start(self, teacher: NetworkOutput, student: NetworkOutput, trusted: int) -> Tensor:
        """A plan of mass 1, (B_T, B_S)."""
        n, m = len(teacher.embedding), len(student.embedding)
        if self.settings.start == "outputs":
            points = (self.task.coordinates(o.outputs, "roots", 1.0) for o in (teacher, student))
            return sinkhorn(squared_cost(*points), epsilon=START_BLUR**2).plan
        plan = torch.full(
            (n, m), 1.0 / (n * m), dtype=torch.float64, device=student.embedding.device
        )
        if self.settings.start == "uniform":
            return plan
        pairs = min(trusted, n, m)
        plan[:pairs] = plan[:, :pairs] = 0.0
        plan[:pairs, :pairs].fill_diagonal_(1.0)
        return plan / plan.sum()


def _identity(similarity: Tensor) -> Tensor:
    """The plan that leaves every sample where it is, (n, n)."""
    n = len(similarity)
    return torch.eye(n, dtype=torch.float64, device=similarity.device) / n
