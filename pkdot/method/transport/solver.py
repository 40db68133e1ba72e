"""The balanced problem, whatever its difficulty: which algorithm runs when.

1. Stabilised Sinkhorn–Knopp (``scaling``) from the given start, or from the exact answer to it
   where that is too far off for scalings. For rows whose cost is a few epsilon this is all.
2. Where the error falls too slowly or a scaling leaves its safe range: Newton on the dual
   (``newton.solve``) if the scalings came near, else the answer followed down from a large epsilon
   (``path.follow``); then a few scalings that make both marginals right to rounding, as scalings
   are not rounded like exponents.
3. Where that was not enough: ε-scaling with Newton at every level until each is solved
   (``newton.anneal``), then scalings with what is left of the iterations, or sweeps in the log
   domain where the scalings leave their safe range.

On CPUs the first two run in machine code where they can (``compiled``), each problem by itself.

How long each kind of rows takes is measured in ``reports/benchmarks/transport.md``.
Over-relaxation is not used: it gains a constant factor where scalings are quick already, and
little where groups of points exchange hardly any mass.
"""

import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from . import compiled, log_domain, newton, path, scaling
from .problem import Limits, Problem

# A Newton step costs about as many scalings as a third of the smaller cloud has points.
NEWTON_STEPS = 6
MAX_NEWTON_STEPS = 16
# Below this marginal error Newton needs no better start; a warm start often reaches it.
NEAR = 0.03
# Patience with all but an error that no longer falls: that is what rounding leaves.
UNTIL_ROUNDING = sys.float_info.max


@dataclass
class Solved:
    """A solved batch in bits.

    Attributes:
        plan: (p, n, m).
        f: (p, n).
        g: (p, m).
        error: marginal error, (p,).
        worst: its largest entry.
        iterations: made by all algorithms together.
    """

    plan: Tensor
    f: Tensor
    g: Tensor
    error: Tensor
    worst: float
    iterations: int


def solve(
    problem: Problem, limits: Limits, start: tuple[Tensor | None, Tensor] | None = None
) -> Solved:
    """Solve a batch of balanced problems to the tolerance, or report the error that is left.

    Args:
        problem: costs and weights.
        limits: when to stop; iterations of all algorithms count.
        start: a guess of f (p, n) and g (p, m) in bits. Without f, the exact answer to g is taken,
            at the price of a pass in the log domain; without either, g = 0.
    """
    if compiled.takes(problem.cost):
        return _in_machine_code(problem, limits, start)
    return _in_torch(problem, limits, start)


def _in_machine_code(
    problem: Problem, limits: Limits, start: tuple[Tensor | None, Tensor] | None
) -> Solved:
    """Each problem by itself; those that this leaves go on in torch, where nothing is given up."""
    plan, f, g, errors, made = compiled.solve(problem, limits, start)
    error, done = torch.from_numpy(errors).to(plan.dtype), int(made.max())
    unfinished = ~(errors <= limits.tolerance) & (made < limits.max_iterations)
    if not unfinished.any():
        return Solved(plan, f, g, error, float(errors.max()), done)
    left = torch.from_numpy(unfinished)
    rest = Problem.of(problem.cost[left], problem.a[left], problem.b[left])
    better = _in_torch(rest, limits, None)
    plan[left], f[left], g[left], error[left] = better.plan, better.f, better.g, better.error
    return Solved(plan, f, g, error, float(error.amax()), max(done, better.iterations))


def _in_torch(
    problem: Problem, limits: Limits, start: tuple[Tensor | None, Tensor] | None
) -> Solved:
    """A whole batch, by the steps above."""
    cost, log_b, dtype = problem.cost, problem.log_b, problem.cost.dtype
    patience = max(24.0, NEWTON_STEPS * min(cost.shape[-2:]) / 3)
    done = 0

    # step 1
    guess, g = (None, torch.zeros_like(problem.b)) if start is None else start
    f = log_domain.update_f(cost, g, log_b) if guess is None else guess
    state = scaling.run(problem, f, g, limits.after(done, least=1), patience)
    done += state.iterations
    if not state.safe and guess is not None:
        f = log_domain.update_f(cost, g, log_b)
        state = scaling.run(problem, f, g, limits.after(done, least=1), patience)
        done += state.iterations

    if state.safe:
        f, g = state.f, state.g

    if state.stuck and done < limits.max_iterations:
        # In float64: where groups exchange hardly any mass, float32 rounds away what is left of
        # it, and Newton's error falls no further.
        wide = widest(cost.device)
        problem, f, g = problem.to(wide), f.to(wide), g.to(wide)
        few = 2 * scaling.CHECK_EVERY
        # step 2
        if state.safe and state.worst < NEAR:
            steps = min(MAX_NEWTON_STEPS, limits.max_iterations - done)
            f, g, made = newton.solve(problem, f, g, Limits(limits.tolerance, steps))
        else:
            f, g, made = path.follow(problem, limits.after(done))
        f = log_domain.update_f(problem.cost, g, problem.log_b)
        done += made
        state = scaling.run(problem, f, g, Limits(limits.tolerance, few))
        done += state.iterations
        # step 3
        if not state.worst <= limits.tolerance and done < limits.max_iterations:
            f, g, made = newton.anneal(problem, limits.after(done))
            f = log_domain.update_f(problem.cost, g, problem.log_b)
            done += made
            state = scaling.run(problem, f, g, limits.after(done, least=few), UNTIL_ROUNDING)
            done += state.iterations
    if not state.safe:  # keep what is finite, and go on where nothing can under- or overflow
        state = scaling.unscaled(problem, f, g)
        if not state.worst <= limits.tolerance and done < limits.max_iterations:
            f, g, made = log_domain.run(problem, f, g, limits.after(done))
            done += made
            state = scaling.unscaled(problem, f, g)
    plan, f, g, error = (x.to(dtype) for x in (state.plan(), state.f, state.g, state.error))
    return Solved(plan, f, g, error, state.worst, done)


def widest(device: torch.device) -> torch.dtype:
    """The most precise type of a device: float64, which Apple's GPUs lack."""
    return torch.float32 if device.type == "mps" else torch.float64
