"""Sinkhorn's iteration step by step: how its error falls, its dual rises and its plan forms."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..checks import checked_positive
from . import log_domain
from .kernels import BITS, kernel
from .validation import (
    check_masses,
    check_range,
    checked_cost,
    checked_iterations,
    checked_weights,
    working_dtype,
)


@dataclass(frozen=True, eq=False)
class Trace:
    """Sinkhorn's iteration, one entry per iteration t, with batch axes ``...`` after t.

    Attributes:
        marginal_error: L1 error of the columns per unit of mass, the rows being exact, (t, ...).
        dual_value: value of the dual, which rises to ``Transport.value``, (t, ...).
        plans: the plan after each iteration, (t, ..., n, m), or None if they were not asked for.
    """

    marginal_error: Tensor
    dual_value: Tensor
    plans: Tensor | None


@torch.no_grad()
def sinkhorn_trace(
    cost: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    *,
    epsilon: float,
    iterations: int = 100,
    keep_plans: bool = False,
) -> Trace:
    """Record the textbook's iteration, from potentials of zero and without any acceleration.

    Arguments and errors are those of :func:`sinkhorn`, which reaches the same plan in fewer steps.
    It runs all ``iterations``; ``keep_plans`` keeps iterations × n × m numbers.
    """
    epsilon = checked_positive("epsilon", epsilon)
    iterations = checked_iterations(iterations)
    largest = checked_cost(cost)
    with torch.autocast(cost.device.type, enabled=False):
        cost = cost.to(working_dtype(cost, a, b))
        check_range("epsilon", epsilon, largest, cost.dtype)
        a = checked_weights("a", a, cost, cost.shape[-2])
        b = checked_weights("b", b, cost, cost.shape[-1])
        check_masses(a, b)
        batch, (n, m) = cost.shape[:-2], cost.shape[-2:]
        bit = epsilon / BITS
        bits = cost.reshape(-1, n, m) / bit
        a, b = a.reshape(-1, n), b.reshape(-1, m)
        log_a, log_b, mass = a.log2(), b.log2(), a.sum(-1)
        g = torch.zeros_like(b)
        errors, duals, plans = [], [], []
        for _ in range(iterations):
            f = log_domain.update_f(bits, g, log_b)
            following = log_domain.update_g(bits, f, log_a)
            errors.append((b * ((g - following).exp2() - 1).abs()).sum(-1) / mass)
            duals.append(bit * ((a * f).sum(-1) + (b * g).sum(-1)))
            if keep_plans:
                plan = kernel(bits, f, g) * a.unsqueeze(-1) * b.unsqueeze(-2)
                plans.append(plan.reshape(cost.shape))
            g = following
    return Trace(
        torch.stack(errors).reshape(iterations, *batch),
        torch.stack(duals).reshape(iterations, *batch),
        torch.stack(plans) if keep_plans else None,
    )
