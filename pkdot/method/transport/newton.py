"""Newton's method on the dual, for problems on which Sinkhorn–Knopp is too slow.

Where epsilon is small against the cost, groups of points exchange almost no mass, and
Sinkhorn–Knopp shrinks the error along such a direction by a factor close to 1 per iteration. One
linear system, as large as the smaller cloud, settles all such directions at once
(``reports/benchmarks/transport.md``).

Source: Brauer, Clason, Lorenz and Wirth, "A Sinkhorn-Newton method for entropic optimal
transport", 2017, arXiv 1710.06635, which takes Newton steps in both potentials; here the potential
of the larger cloud is eliminated, and steps are damped as :func:`solve` says.

Potentials and costs are in bits, see ``kernels``.
"""

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from . import log_domain
from .kernels import BITS, power, product
from .problem import Limits, Problem

CHECK_EVERY = 2
STALLED_CHECKS = 6

# On the way down a level need only be close enough for the next one to start near its answer:
# tighter levels, or more of them, took more steps in total on rows of a training; looser ones left
# the last level too far off.
BITS_PER_LEVEL = 2
LEVEL_TOLERANCE = 0.03
LEVEL_STEPS = 200


def solve(problem: Problem, f: Tensor, g: Tensor, limits: Limits) -> tuple[Tensor, Tensor, int]:
    """Maximise the dual over the potential of the smaller cloud, the other being its exact answer.

    A step is taken if it raises the dual or lowers the marginal error. If not, the next one is cut
    to log(1 + r) / r, where r is its range in units of epsilon, so that no exponent moves by more
    than it can bear; if even that fails, the problem makes one Sinkhorn–Knopp update, which always
    raises the dual. All is decided per problem, without asking the device.

    Args:
        problem: costs and weights.
        f: where to start, (p, n); not used if n > m.
        g: where to start, (p, m); not used if n <= m.
        limits: steps at most; fewer are made if rounding keeps the error from falling.

    Returns:
        f (p, n), g (p, m) and the number of steps.
    """
    if problem.cost.shape[-2] > problem.cost.shape[-1]:
        g, f, done = solve(problem.transposed, g, f, limits)
        return f, g, done
    # weights and exponents then agree to the last bit
    problem = replace(problem, a=problem.log_a.exp2(), b=problem.log_b.exp2())
    a, b = problem.a, problem.b
    tiny = torch.finfo(a.dtype).tiny
    per_b, fixed = torch.where(b > 0, b, 1.0).reciprocal_(), fixed_points(a)
    now = _at(problem, f)
    length = torch.ones_like(now.dual)
    use_sinkhorn = torch.zeros_like(now.dual, dtype=torch.bool)
    done, stalled, best, dual = 0, 0, float("inf"), now.dual
    while done < limits.max_iterations:
        if done % CHECK_EVERY == 0:
            rounding = 8 * torch.finfo(a.dtype).eps * now.dual.abs()
            rising = ((now.dual - dual > rounding) & (now.error > limits.tolerance)).any()
            worst, rises = torch.stack([now.error.amax(), rising]).tolist()
            stalled = 0 if rises or worst < 0.9 * best else stalled + 1
            best, dual = min(best, worst), now.dual
            if worst <= limits.tolerance or stalled == STALLED_CHECKS:
                break
        step, solvable = direction(now.plan, now.rows, a, per_b, fixed)
        reach = step.amax(-1) - step.amin(-1)
        cautious = torch.where(reach > 0, reach.log1p() / reach, 1.0)
        use_sinkhorn = use_sinkhorn | ~solvable
        sinkhorn = torch.where(a > 0, (a / now.rows.clamp_min(tiny)).log2(), 0.0)
        newton = (BITS * length).unsqueeze(-1) * step
        move = torch.where(use_sinkhorn.unsqueeze(-1), sinkhorn, newton)
        trial = _at(problem, now.f + move)
        # Near the optimum rounding hides whether the dual rises. Elsewhere a lower error with a
        # lower dual would be a leap to where one point takes the mass of another.
        level = trial.dual >= now.dual - 8 * torch.finfo(a.dtype).eps * now.dual.abs()
        taken = use_sinkhorn | (trial.dual > now.dual) | (level & (trial.error < now.error))
        now = _choose(taken, trial, now)
        use_sinkhorn = ~taken & (length <= cautious)
        shorter = torch.where(length > cautious, cautious, length / 2)
        length = torch.where(taken, (4 * length).clamp_max(1.0), shorter)
        done += 1
    return now.f, now.g, done


def anneal(problem: Problem, limits: Limits) -> tuple[Tensor, Tensor, int]:
    """Follow the answer from a large epsilon down to 1, quartering it, by Newton at every level.

    For problems whose start by ε-scaling is too far off for Newton, such as rows of a training
    with all samples as anchors: each level starts next to its answer.

    Args:
        problem: costs and weights.
        limits: tolerance of the last level; steps and sweeps at most.

    Returns:
        f (p, n), g (p, m) and the number of steps and sweeps.
    """
    cost, log_a, log_b = problem.cost, problem.log_a, problem.log_b
    reach = float((cost.amax((-1, -2)) - cost.amin((-1, -2))).amax())
    levels = math.ceil(math.log2(reach / 4.0) / BITS_PER_LEVEL) if reach > 4.0 else 0
    g, done = log_b.new_zeros(log_b.shape), 0
    for level in range(levels, -1, -1):
        if done >= limits.max_iterations:  # what was reached is no worse a start than none
            break
        share = 0.5 ** (BITS_PER_LEVEL * level)
        softened, g = problem.softened(share), g * share
        f = log_domain.update_f(softened.cost, g, log_b)
        g = log_domain.update_g(softened.cost, f, log_a)
        f = log_domain.update_f(softened.cost, g, log_b)
        tolerance = limits.tolerance if level == 0 else max(limits.tolerance, LEVEL_TOLERANCE)
        steps = min(LEVEL_STEPS, limits.max_iterations - done - 1)
        f, g, made = solve(softened, f, g, Limits(tolerance, steps))
        g = g / share
        done += made + 1
    return log_domain.update_f(cost, g, log_b), g, done


@dataclass
class _Point:
    """A point of the dual.

    Attributes:
        f: (p, n).
        g: the exact answer to f, (p, m).
        plan: of both, (p, n, m).
        rows: row sums of the plan, (p, n).
        error: marginal error, (p,).
        dual: value of the dual in bits, (p,).
    """

    f: Tensor
    g: Tensor
    plan: Tensor
    rows: Tensor
    error: Tensor
    dual: Tensor


def _at(problem: Problem, f: Tensor) -> _Point:
    a, b = problem.a, problem.b
    # The powers that the exact g sums up are the plan already, but for a factor per column.
    exponent = (f + problem.log_a).unsqueeze(-1) - problem.cost
    largest = exponent.amax(-2)
    powers = power(exponent.sub_(largest.unsqueeze(-2)))
    total = powers.sum(-2)
    g = total.log2().add_(largest).neg_()
    plan = powers.mul_((b / total).unsqueeze(-2))
    rows = plan.sum(-1)
    error = (rows - a).abs_().sum(-1)
    dual = (a * f).sum(-1) + (b * g).sum(-1)
    return _Point(f, g, plan, rows, error, dual)


def _choose(taken: Tensor, new: _Point, old: _Point) -> _Point:
    def pick(name: str) -> Tensor:
        one, other = getattr(new, name), getattr(old, name)
        return torch.where(taken.reshape(-1, *(1,) * (one.ndim - 1)), one, other)

    return _Point(*(pick(field.name) for field in fields(_Point)))


def fixed_points(a: Tensor) -> tuple[Tensor, Tensor]:
    """Points that no step moves, (p, n), and their rows and columns in the system, (p, n, n).

    A constant added to f changes nothing, so the heaviest point may stay; a point without mass has
    no influence.
    """
    heaviest = torch.nn.functional.one_hot(a.argmax(-1), a.shape[-1]).bool()
    fixed = heaviest | (a == 0)
    return fixed, fixed.unsqueeze(-1) | fixed.unsqueeze(-2)


def direction(
    plan: Tensor, rows: Tensor, a: Tensor, per_b: Tensor, fixed: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Newton's direction for f in units of epsilon, (p, n), and whether it could be computed, (p,).

    The dual's Hessian in f, with g eliminated, is minus the graph Laplacian
    S = diag(rows) − P diag(1/b) Pᵀ. Each of its rows sums to zero, so the diagonal is taken as the
    sum of the other entries: subtracting them from ``rows`` would lose the faint exchange between
    groups, which is all that matters here.

    Args:
        plan: whose column sums are b, (p, n, m).
        rows: its row sums, (p, n).
        a: weights of the rows, (p, n).
        per_b: 1 / b, and 1 where b is 0, (p, m).
        fixed: from :func:`fixed_points`.
    """
    triangle, solvable = factor(plan, rows, per_b, fixed)
    residual = (a - rows).masked_fill_(fixed[0], 0.0)
    step = torch.cholesky_solve(residual.unsqueeze(-1), triangle).squeeze(-1)
    solvable = solvable & torch.isfinite(step).all(-1)
    return torch.where(solvable.unsqueeze(-1), step, 0.0), solvable


def factor(
    plan: Tensor, rows: Tensor, per_b: Tensor, fixed: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Cholesky's factor of the system of :func:`direction`, (p, n, n), and whether it is one."""
    system = product(plan * -per_b.unsqueeze(-2), plan.mT)
    diagonal = system.diagonal(dim1=-2, dim2=-1)
    diagonal.zero_()
    kind = torch.finfo(plan.dtype)
    degree = rows * kind.eps - system.sum(-1) + kind.tiny
    system.masked_fill_(fixed[1], 0.0)
    diagonal.copy_(torch.where(fixed[0], 1.0, degree))
    triangle, failed = torch.linalg.cholesky_ex(system)
    return triangle, failed == 0
