"""Entropic Gromov-Wasserstein transport between two similarity matrices: no pair is needed."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .transport import Transport, sinkhorn

INNER_TOLERANCE = 1e-10
"""Marginal error of each plan, at least: float64 has little to give beyond."""


@dataclass(frozen=True)
class GromovLimits:
    """When the iteration stops.

    Attributes:
        epsilon: strength of the entropy, in squared units of the similarities.
        tolerance: mass that the last iteration moved.
        max_iterations: plans that are solved at most.
    """

    epsilon: float
    tolerance: float
    max_iterations: int


@dataclass(frozen=True, eq=False)
class GromovPlan:
    """A plan and how it was found.

    Attributes:
        plan: from the samples of the first matrix to those of the second, (n, m), float64, a
            constant to autograd.
        iterations: plans that were solved.
        moved: mass that the last iteration moved, from 0 to 1.
    """

    plan: Tensor
    iterations: int
    moved: float


@torch.no_grad()
def gromov_plan(x: Tensor, y: Tensor, start: Tensor, limits: GromovLimits) -> GromovPlan:
    """A plan P that locally minimises Σ (x_ik − y_jl)² P_ij P_kl + ε KL(P ‖ a bᵀ).

    Each iteration solves the transport under the cost −4 x P y, the gradient at the last plan; all
    points weigh alike. For positive semidefinite matrices, as cosine similarities are, the
    quadratic term is concave in P, and no iteration raises the objective. It is not convex: which
    minimum is found depends on ``start``.

    Args:
        x: similarities, (n, n), symmetric.
        y: similarities, (m, m), symmetric.
        start: a plan (n, m) of mass 1.
        limits: when to stop.

    Source: Peyré, Cuturi and Solomon, "Gromov-Wasserstein Averaging of Kernel and Distance
    Matrices", ICML 2016; concavity: Maron and Lipman, "(Probably) Concave Graph Matching", NeurIPS
    2018, arXiv 1807.09722.
    """
    x, y, plan = x.double(), y.double(), start.double()
    solved: Transport | None = None
    moved, made = float("inf"), 0
    tolerance = max(limits.tolerance, INNER_TOLERANCE)
    while moved > limits.tolerance and made < limits.max_iterations:
        cost = -4.0 * x @ plan @ y
        solved = sinkhorn(cost, epsilon=limits.epsilon, tolerance=tolerance, start=solved)
        moved = 0.5 * float((solved.plan - plan).abs().sum())
        plan, made = solved.plan, made + 1
    return GromovPlan(plan, made, moved)


def gromov_gain(x: Tensor, y: Tensor, plan: Tensor, epsilon: float) -> Tensor:
    """2 ⟨x P y, P⟩ − ε KL(P ‖ a bᵀ), what the plan takes off the objective; a scalar.

    Differentiable in both matrices. At a stationary plan that is the derivative of the optimum, as
    the plan's own change counts nothing (the envelope theorem).

    Args:
        x: similarities, (n, n).
        y: similarities, (m, m).
        plan: (n, m), of uniform marginals.
        epsilon: strength of the entropy.
    """
    n, m = plan.shape
    entropy = torch.special.xlogy(plan, plan * (n * m)).sum()
    return 2.0 * (x @ plan @ y * plan).sum() - epsilon * entropy
