"""Problems together with their exact answers, and clouds like those of the method."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

import pkdot


class Problem(NamedTuple):
    """A transport problem of known value: cost (n, m), weights (n,) and (m,), epsilon."""

    cost: Tensor
    a: Tensor
    b: Tensor
    epsilon: float
    value: float
    plan: Tensor | None = None


def two_points(gap: float, epsilon: float) -> Problem:
    """Two points a cost ``gap`` apart onto themselves: the plan is a softmax of two numbers."""
    cost = torch.tensor([[0.0, gap], [gap, 0.0]], dtype=torch.float64)
    stay = 0.5 / (1.0 + np.exp(-gap / epsilon))
    move = 0.5 - stay
    plan = torch.tensor([[stay, move], [move, stay]], dtype=torch.float64)
    value = 2 * move * gap + 2 * epsilon * (stay * np.log(4 * stay) + move * np.log(4 * move))
    half = torch.full((2,), 0.5, dtype=torch.float64)
    return Problem(cost, half, half, epsilon, float(value), plan)


def gaussians(
    mean: float, deviation: float, other_mean: float, other_deviation: float, epsilon: float
) -> Problem:
    """Two normal laws on the line, on a grid fine enough for their integrals to be exact.

    The optimal plan is normal with covariance c; setting the derivative of
    ½(s² + t² − 2c) − ½ ε log(1 − c²/(s² t²)) to zero gives c = ½(√(ε² + 4 s² t²) − ε).
    """

    def grid(m: float, s: float) -> tuple[Tensor, Tensor]:
        points = torch.linspace(m - 8 * s, m + 8 * s, 161, dtype=torch.float64)
        weights = torch.exp(-0.5 * ((points - m) / s) ** 2)
        return points, weights / weights.sum()

    x, a = grid(mean, deviation)
    y, b = grid(other_mean, other_deviation)
    return Problem(
        0.5 * (x[:, None] - y[None, :]) ** 2,
        a,
        b,
        epsilon,
        gaussian_value(mean, deviation, other_mean, other_deviation, epsilon),
    )


def gaussian_value(m: float, s: float, n: float, t: float, epsilon: float) -> float:
    """The value of :func:`gaussians` in closed form."""
    c = 0.5 * (np.sqrt(epsilon**2 + 4 * s**2 * t**2) - epsilon)
    spread = 0.5 * (s**2 + t**2 - 2 * c) - 0.5 * epsilon * np.log(1 - (c / (s * t)) ** 2)
    return float(0.5 * (m - n) ** 2 + spread)


def sorted_line(n: int, seed: int) -> tuple[Tensor, Tensor, float]:
    """Two clouds of n points on the line and their transport cost: sorted points meet in order."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), rng.normal(1.0, 2.0, size=n)
    value = 0.5 * np.mean((np.sort(x) - np.sort(y)) ** 2)
    return torch.from_numpy(x), torch.from_numpy(y), float(value)


def embeddings(
    size: int, seed: int = 0, noise: float = 0.5, classes: int = 5, width: int = 64
) -> tuple[Tensor, Tensor, Tensor]:
    """Teacher and student embeddings (size, width) in loose classes, and the labels (size,)."""
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (size,), generator=g)
    centres = torch.randn(classes, width, generator=g, dtype=torch.float64)
    teacher = centres[labels] + torch.randn(size, width, generator=g, dtype=torch.float64)
    blurred = noise * torch.randn(size, width, generator=g, dtype=torch.float64)
    mixing = torch.randn(width, width, generator=g, dtype=torch.float64) / width**0.5
    student = (1 - noise) * teacher + noise * teacher @ mixing + blurred
    return teacher, student, labels


def method_rows(size: int, k: int, seed: int = 0, noise: float = 0.5) -> tuple[Tensor, Tensor]:
    """Anchor rows (size, k) of teacher and student, in float64."""
    teacher, student, _ = embeddings(size, seed, noise)
    similarity = pkdot.cosine_similarity_matrix(teacher)
    anchors = pkdot.select_anchors(similarity, k)
    return (
        pkdot.gather_anchor_rows(similarity, anchors),
        pkdot.gather_anchor_rows(pkdot.cosine_similarity_matrix(student), anchors),
    )


def clouds(kind: str, n: int, m: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two clouds in 5 dimensions, (n, 5) and (m, 5): random, duplicate or nearly_equal."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=g, dtype=torch.float64)
    y = torch.randn(m, 5, generator=g, dtype=torch.float64)
    if kind == "duplicate":
        x[n - 3 :], y[1:3] = x[0].clone(), y[0].clone()
    if kind == "nearly_equal":
        y = x[torch.arange(m) % n] + 1e-6 * y
    return x, y
