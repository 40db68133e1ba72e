"""The answer followed from a large epsilon down to the one asked for, by scalings and Newton.

Between two epsilons the potentials, in bits, move nearly along a straight line in 1 / epsilon: they
are extrapolated along it, a few scalings settle what is local, and a Newton step is taken only
where the scalings crawl. Within a level the plan itself is scaled, so that a scaling costs two
matrix-vector products, and a Newton step one linear system and two such products; powers are taken
once a level.

Source: ε-scaling as in Schmitzer, SIAM J. Sci. Comput. 41(3), 2019, arXiv 1610.06519; Newton's
step as in :mod:`newton`; extrapolation along a path as in Allgower and Georg, "Numerical
Continuation Methods", 1990, chapter 2.

Potentials and costs are in bits, see ``kernels``.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from . import newton
from .kernels import BITS, SAFE_DRIFT, multiplier, power
from .problem import Limits, Problem

# At this many bits of cost every point still sees every other, and two scalings settle all.
FIRST_REACH = 4.0
BITS_PER_LEVEL = 1.5
# Looser levels leave a sample's mass in the wrong group, from where later levels start too far off.
LEVEL_TOLERANCE = 0.01
SWEEPS = 2
# A block of scalings is worth another one if it halves the error; a linear system costs more.
QUICK = 0.5
LEVEL_STEPS = 100
# From so many points on, a system's factor is computed in float32 and serves later steps too, as
# the preconditioner of conjugate gradients.
MANY = 320
POINTS_PER_CG_STEP = 24  # what a factor costs, in steps of conjugate gradients
CG_SHARE = 0.05


def follow(problem: Problem, limits: Limits) -> tuple[Tensor, Tensor, int]:
    """Solve a batch to its tolerance, or to what rounding or the limits leave.

    Args:
        problem: costs and weights, in the most precise type of the device.
        limits: tolerance of the last level; scalings, steps and levels at most.

    Returns:
        f (p, n), g (p, m), and the number of scalings, steps and levels.
    """
    if problem.cost.shape[-2] > problem.cost.shape[-1]:
        g, f, done = follow(problem.transposed, limits)
        return f, g, done
    reach = problem.cost.amax((-1, -2)) - problem.cost.amin((-1, -2))
    first = (FIRST_REACH / reach).clamp_max(1.0).unsqueeze(-1)
    levels = max(0, math.ceil(-math.log2(float(first.amin())) / BITS_PER_LEVEL))
    fixed = newton.fixed_points(problem.a)
    share = first
    f, before, done = torch.zeros_like(problem.a), None, 0
    for level in range(levels + 1):
        if level:
            following = first ** (1.0 - level / levels)
            f, before, share = _extrapolated(f, share, following, before), (f, share), following
        last = level == levels
        tolerance = limits.tolerance if last else max(limits.tolerance, LEVEL_TOLERANCE)
        softened = problem if last else problem.softened(share.unsqueeze(-1))
        steps = max(1, min(LEVEL_STEPS, limits.max_iterations - done))
        f, g, made = _settle(softened, f, fixed, Limits(tolerance, steps))
        done += made
        if done >= limits.max_iterations:
            g = g if last else g / share
            f = f if last else f / share
            break
    return f, g, done


def _extrapolated(
    f: Tensor, share: Tensor, following: Tensor, before: tuple[Tensor, Tensor] | None
) -> Tensor:
    """A guess of f at the share ``following`` of the cost, (p, n): on from the last two levels."""
    if before is None:
        return f * (following / share)
    older, its_share = before
    gone = (share - its_share).clamp_min(torch.finfo(f.dtype).tiny)
    return f + (f - older) * ((following - share) / gone)


@dataclass
class _State:
    """A plan whose columns are right, and what it came from; batch axis p.

    Attributes:
        f: (p, n).
        g: (p, m).
        plan: of both, (p, n, m).
        rows: row sums of the plan, (p, n).
        error: marginal error, (p,).
        factor: of a system of this level, in float32, (p, n, n).
    """

    f: Tensor
    g: Tensor
    plan: Tensor
    rows: Tensor
    error: Tensor
    factor: Tensor | None = None


def _from_powers(problem: Problem, f: Tensor) -> _State:
    exponent = (f + problem.log_a).unsqueeze(-1) - problem.cost
    largest = exponent.amax(-2, keepdim=True)
    plan = power(exponent.sub_(largest))
    total = plan.sum(-2)
    g = total.log2().add_(largest.squeeze(-2)).neg_()
    plan.mul_((problem.b / total).unsqueeze(-2))
    rows = plan.sum(-1)
    return _State(f, g, plan, rows, _error(rows, problem.a))


def _error(rows: Tensor, a: Tensor) -> Tensor:
    return (rows - a).abs_().sum(-1)


def _shares(weights: Tensor, sums: Tensor) -> Tensor:
    """weights / sums, and 1 where there is no weight."""
    quotient = weights / sums.clamp_min(torch.finfo(sums.dtype).tiny)
    return quotient.masked_fill_(weights == 0, 1.0)


def _taken_up(now: _State, u: Tensor, v: Tensor, rows: Tensor, error: Tensor) -> _State:
    """The state with factors u (p, n) and v (p, m) taken up by plan and potentials."""
    now.plan.mul_(u.unsqueeze(-1)).mul_(v.unsqueeze(-2))
    return _State(now.f + u.log2(), now.g + v.log2(), now.plan, rows, error, now.factor)


def _settle(
    problem: Problem, f: Tensor, fixed: tuple[Tensor, Tensor], limits: Limits
) -> tuple[Tensor, Tensor, int]:
    """One level: from f (p, n) to the tolerance. Returns f, g and how many steps were made.

    Scalings are kept beside the plan, which takes them up only for a step of Newton.
    """
    a, b, tolerance = problem.a, problem.b, limits.tolerance
    now, done, worst, drift = _from_powers(problem, f), 0, math.inf, 0.0
    worst, safe = float(now.error.amax()), SAFE_DRIFT[f.dtype]
    while not worst <= tolerance and done < limits.max_iterations:
        across, down = multiplier(now.plan), multiplier(now.plan.mT)
        rows, error, u, stuck = now.rows, now.error, torch.ones_like(a), False
        while not stuck:
            before = error
            for _ in range(SWEEPS):
                u = u * _shares(a, rows)
                v = _shares(b, down(u))
                rows = across(v).mul_(u)
            done += SWEEPS
            error = _error(rows, a)
            crawls = (error > tolerance) & ~(error <= QUICK * before)
            ends = torch.cat([u, v], -1).aminmax()
            worst, least, most, any_crawls = torch.stack(
                [error.amax(), ends.min, ends.max, crawls.any().to(error)]
            ).tolist()
            stuck = bool(any_crawls) or worst <= tolerance or done >= limits.max_iterations
            moved = max(most, 1.0 / least) if least > 0 else math.inf
            stuck = stuck or not moved < 2.0**safe
        drift += math.log2(moved) if 0 < moved < math.inf else math.inf
        if not drift < safe:
            now, drift = _from_powers(problem, now.f + u.log2()), 0.0
        elif worst <= tolerance or done >= limits.max_iterations:
            return now.f + u.log2(), now.g + v.log2(), done
        else:
            now = _taken_up(now, u, v, rows, error)
            now, moved = _newton(now, problem, fixed, error > tolerance)
            done, drift = done + 1, drift + moved
            if not drift < safe:
                now, drift = _from_powers(problem, now.f), 0.0
        worst = float(now.error.amax())
    return now.f, now.g, done


def _newton(
    now: _State, problem: Problem, fixed: tuple[Tensor, Tensor], wanted: Tensor
) -> tuple[_State, float]:
    """One step of Newton for the problems that want one (p,), at full length or a cautious one.

    Returns:
        The state after it, and by how many bits a potential moved at most.
    """
    a, b = problem.a, problem.b
    some = slice(None) if a.shape[0] == 1 else wanted.nonzero().squeeze(-1)
    per_b = torch.where(b > 0, b, 1.0).reciprocal_()
    direction = torch.zeros_like(a)
    if a.shape[-1] >= MANY:
        direction = _by_gradients(now, a, per_b, fixed)
    if not bool(direction[wanted].any(-1).all()):
        direction[some] = newton.direction(
            now.plan[some], now.rows[some], a[some], per_b[some], (fixed[0][some], fixed[1][some])
        )[0]
    across, down = multiplier(now.plan), multiplier(now.plan.mT)
    reach = direction.amax(-1) - direction.amin(-1)
    cautious = torch.where(reach > 0, reach.log1p() / reach, 1.0)
    u, v, rows, error, taken = torch.ones_like(a), torch.ones_like(b), now.rows, now.error, ~wanted
    for length in (torch.ones_like(cautious), cautious):
        step = direction.mul(BITS * length.unsqueeze(-1))
        trial = power(step.clone())
        factors = _shares(b, down(trial))
        sums = across(factors).mul_(trial)
        rise = (a * step).sum(-1) + (b * factors.log2()).sum(-1)
        level = rise >= -8 * torch.finfo(a.dtype).eps * (a * step.abs()).sum(-1)
        off = _error(sums, a)
        good = ~taken & ((rise > 0) | (level & (off < now.error))) & torch.isfinite(off)
        pick = good.unsqueeze(-1)
        u, v, rows = (torch.where(pick, *pair) for pair in ((trial, u), (factors, v), (sums, rows)))
        error, taken = torch.where(good, off, error), taken | good
        if bool(taken.all()):
            break
    moved = float(torch.cat([u, v], -1).log2().abs_().amax())
    return _taken_up(now, u, v, rows, error), moved


def _by_gradients(now: _State, a: Tensor, per_b: Tensor, fixed: tuple[Tensor, Tensor]) -> Tensor:
    """Newton's direction to a twentieth, (p, n); zeros for a batch in which some step fails.

    Conjugate gradients on the system of :func:`newton.direction`, preconditioned by its factor at
    an earlier plan of the level if that will do, else at this one.

    Source: Saad, "Iterative Methods for Sparse Linear Systems", 2003, algorithm 9.1.
    """
    for fresh in (now.factor is None, True):
        if fresh:
            factor, solvable = newton.factor(
                now.plan.float(), now.rows.float(), per_b.float(), fixed
            )
            if not bool(solvable.all()):
                return torch.zeros_like(a)
            now.factor = factor
        assert now.factor is not None
        x = torch.zeros_like(a)
        residual = (a - now.rows).masked_fill_(fixed[0], 0.0)
        goal = CG_SHARE * residual.abs().sum(-1)
        p, before = torch.zeros_like(a), torch.ones_like(goal)
        for _ in range(a.shape[-1] // POINTS_PER_CG_STEP):
            z = torch.cholesky_solve(residual.float().unsqueeze(-1), now.factor).squeeze(-1).to(a)
            z.masked_fill_(fixed[0], 0.0)
            along = (residual * z).sum(-1)
            p = z + (along / before).unsqueeze(-1) * p
            back = torch.bmm(p.unsqueeze(-2), now.plan).squeeze(-2).mul_(per_b)
            image = now.rows * p - torch.bmm(now.plan, back.unsqueeze(-1)).squeeze(-1)
            image.masked_fill_(fixed[0], 0.0)
            length = (along / (p * image).sum(-1)).nan_to_num_(0.0).unsqueeze(-1)
            x, residual, before = x + length * p, residual - length * image, along
            if bool((residual.abs().sum(-1) <= goal).all()):
                return x
        if fresh:
            break
    return torch.zeros_like(a)
