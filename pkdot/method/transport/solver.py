"""The balanced problem, whatever its difficulty: which method runs when.

1. Scaling iterations from the given start, or from the exact answer to it where that is too far
   for the scaling domain. On rows whose cost is a few epsilon this is all.
2. Where they crawl or leave the safe range: anneal epsilon in the log domain, then scale again.
3. Where they still crawl: Newton on the dual, then a few scalings to make both marginals right to
   rounding, since the kernel's scalings are not rounded like its exponents.
4. Where Newton's start is too far off, or a few steps do not do: anneal epsilon once more, with
   Newton at every level, then scale with what is left of the budget, or sweep in the log domain
   where the scalings leave their safe range.

What pays was measured in iterations on anchor rows (B = 128, k = 30, epsilon = 0.01). Random
embeddings (median cost 7 epsilon): 3 to 15 scalings reach 1e-4, nothing can improve on that.
Embeddings in classes (median cost 140 epsilon): Sinkhorn needs over 1,000 iterations for 5e-4 from
a cold start, and 4 to 10 Newton steps for 1e-4 after annealing. Rows of a training whose anchors
are all samples (median cost 1,200 epsilon, error 0.025 to 0.09 after annealing): 10 to 90 Newton
steps, in one case of fifty more than 300, but 26 at most where epsilon is annealed with them.
Over-relaxation is not used: it gains a constant factor where scaling is quick already, and little
where groups hardly trade.
"""

import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from . import log_domain, newton, scaling

# Newton's step costs about as many scalings as a third of the smaller cloud has points.
NEWTON_STEPS = 6
MAX_NEWTON_STEPS = 16
# Below this marginal error Newton needs no better start; a warm start often brings it there, and
# annealing nearly always where the cost is some hundred epsilon.
NEAR = 0.03
# Patience with all but an error that falls no more: that is what rounding leaves.
UNTIL_ROUNDING = sys.float_info.max


@dataclass
class Solved:
    """A solved batch in bits: plan (p, n, m), f (p, n), g (p, m), error (p,) and its largest."""

    plan: Tensor
    f: Tensor
    g: Tensor
    error: Tensor
    worst: float
    iterations: int


def solve(
    cost: Tensor,
    a: Tensor,
    b: Tensor,
    tolerance: float,
    max_iterations: int,
    start: tuple[Tensor | None, Tensor] | None = None,
) -> Solved:
    """Solve a batch of balanced problems to a marginal error of ``tolerance``, or say how far.

    Args:
        cost: in bits, (p, n, m).
        a: source weights of mass 1, (p, n).
        b: target weights of mass 1, (p, m).
        tolerance: L1 error of the marginals at which to stop.
        max_iterations: iterations of all kinds at most.
        start: a guess of f (p, n) and g (p, m) in bits. Without f, the exact answer to g is taken,
            which costs a pass in the log domain; without either, g = 0.
    """
    patience = max(24.0, NEWTON_STEPS * min(cost.shape[-2:]) / 3)
    dtype, log_a, log_b = cost.dtype, a.log2(), b.log2()
    done = 0

    def scale(f: Tensor, g: Tensor) -> scaling.Scaled:
        left = max(1, max_iterations - done)
        return scaling.run(cost, a, b, f, g, tolerance, left, patience)

    guess, g = (None, torch.zeros_like(b)) if start is None else start
    f = log_domain.update_f(cost, g, log_b) if guess is None else guess
    state = scale(f, g)
    done += state.iterations
    if not state.safe and guess is not None:
        f = log_domain.update_f(cost, g, log_b)
        state = scale(f, g)
        done += state.iterations
    if state.stuck and not (state.safe and state.worst < NEAR) and done < max_iterations:
        f, g, sweeps = log_domain.anneal(cost, log_a, log_b)
        done += sweeps
        state = scale(f, g)
        done += state.iterations
    if state.safe:
        f, g = state.f, state.g
    if state.stuck and done < max_iterations:
        # In float64: where groups hardly trade, float32 rounds away the exchange that is left,
        # and Newton stalls at an error of 1e-3.
        wide = widest(cost.device)
        cost, a, b, f, g = (x.to(wide) for x in (cost, a, b, f, g))
        log_a, log_b = a.log2(), b.log2()
        if state.safe and state.worst < NEAR:
            steps = min(MAX_NEWTON_STEPS, max_iterations - done)
            f, g, made = newton.solve(cost, log_a, log_b, f, g, tolerance, steps)
            f = log_domain.update_f(cost, g, log_b)
            done += made
            state = scaling.run(cost, a, b, f, g, tolerance, 2 * scaling.CHECK_EVERY)
            done += state.iterations
        if not state.worst <= tolerance and done < max_iterations:
            f, g, made = newton.anneal(cost, log_a, log_b, tolerance, max_iterations - done)
            f = log_domain.update_f(cost, g, log_b)
            done += made
            left = max(2 * scaling.CHECK_EVERY, max_iterations - done)
            state = scaling.run(cost, a, b, f, g, tolerance, left, UNTIL_ROUNDING)
            done += state.iterations
    if not state.safe:  # keep what is finite, and go on where nothing can under- or overflow
        state = scaling.unscaled(cost, a, b, f, g)
        if not state.worst <= tolerance and done < max_iterations:
            f, g, made = log_domain.run(cost, log_a, log_b, f, g, tolerance, max_iterations - done)
            done += made
            state = scaling.unscaled(cost, a, b, f, g)
    plan, f, g, error = (x.to(dtype) for x in (state.plan(), state.f, state.g, state.error))
    return Solved(plan, f, g, error, state.worst, done)


def widest(device: torch.device) -> torch.dtype:
    """The most precise type of a device: float64, which Apple's GPUs lack."""
    return torch.float32 if device.type == "mps" else torch.float64
