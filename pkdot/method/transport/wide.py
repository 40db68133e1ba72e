"""Costs that span too much for the solvers' own arithmetic: solved next to the exact plan.

A potential is as large as the costs that it makes up for; where it is far larger than epsilon, its
rounding drowns epsilon, and a plan can meet its marginals and yet be wrong. This file solves such a
problem in float64, and where that is too narrow too, after the exact potentials were taken off the
cost: what then remains is zero along the exact plan, so that a huge cost is as good as a mask.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from . import log_domain, simplex, solver
from .problem import Limits, Problem

# Bits that a potential may reach: its rounding is then below 2^-8 of epsilon in float32, and below
# 2^-20 in float64.
RESOLVED = {torch.float32: 2.0**15, torch.float64: 2.0**32}

# Beyond so many bits the value, a difference of potentials, loses more than a ten-thousandth of
# epsilon. float64 loses none.
CANCELLING = {torch.float32: 2.0**11, torch.float64: float("inf")}

# Up to so many bits float64 needs no exact plan beside it.
NARROW = 2.0**22

# A cost of so many bits beyond the exact potentials, times the points of the smaller cloud, leaves
# a pair no mass that float64 could hold beside the others: a cycle back to the exact plan has that
# many pairs at most, and one of them must be as faint as its share.
FAINT = 160.0


@dataclass
class Wide:
    """Solutions in float64; batch axis p.

    Attributes:
        plan: of mass 1, (p, n, m).
        f: in units of the cost, (p, n).
        g: in units of the cost, (p, m).
        value: in units of the cost, (p,).
        resolved: whether potentials are small enough for their rounding to mean nothing, (p,).
        iterations: of the longest.
    """

    plan: Tensor
    f: Tensor
    g: Tensor
    value: Tensor
    resolved: Tensor
    iterations: int


def too_far(f: Tensor, g: Tensor) -> Tensor:
    """Whether potentials (p, n) and (p, m), in bits, outgrow what their type resolves, (p,)."""
    far = torch.maximum(f.abs().amax(-1), g.abs().amax(-1))
    return ~(far <= RESOLVED[f.dtype])


def dual_value(
    cost: Tensor, weights: tuple[Tensor, Tensor], g: Tensor, offset: Tensor, bit: float
) -> Tensor:
    """The dual in float64 at g and the exact answer to it, (p,): rounding of g changes it little.

    Args:
        cost: in bits, less ``offset``, (p, n, m).
        weights: of mass 1, (p, n) and (p, m).
        g: in bits, (p, m).
        offset: what was taken off every row, in units of the cost, (p, n).
        bit: epsilon ln 2, in the unit of the cost.
    """
    kind = solver.widest(cost.device)
    cost, g, offset = cost.to(kind), g.to(kind), offset.to(kind)
    a, b = (w.to(kind) / w.to(kind).sum(-1, keepdim=True) for w in weights)
    f = log_domain.update_f(cost, g, b.log2())
    return (a * (bit * f + offset)).sum(-1) + bit * (b * g).sum(-1)


def solve(cost: Tensor, a: Tensor, b: Tensor, bit: float, limits: Limits) -> Wide:
    """Solve problems of any span.

    Args:
        cost: (p, n, m), in any unit.
        a: weights of mass 1, (p, n).
        b: weights of mass 1, (p, m).
        bit: epsilon ln 2, in the unit of the cost.
        limits: when to stop, for each problem.
    """
    found = [
        _solve_one(c, p / p.sum(), q / q.sum(), bit, limits)
        for c, p, q in zip(*(t.to(solver.widest(t.device)) for t in (cost, a, b)), strict=True)
    ]
    plan, f, g, value, resolved = (
        torch.stack([getattr(one, name) for one in found])
        for name in ("plan", "f", "g", "value", "resolved")
    )
    return Wide(plan, f, g, value, resolved, max(one.iterations for one in found))


def _solve_one(cost: Tensor, a: Tensor, b: Tensor, bit: float, limits: Limits) -> Wide:
    """As :func:`solve`, without the batch axis."""
    least = cost.amin()
    cost = cost - least
    f, g = cost.amin(-1), torch.zeros_like(b)
    bits = (cost - f.unsqueeze(-1)) / bit
    if float(bits.amax()) > NARROW:
        host = [t.cpu().numpy() for t in (cost, a, b)]
        vertex = simplex.solve(host[0], host[1], host[2], torch.finfo(a.dtype).eps)
        f, g = (torch.as_tensor(x).to(cost) for x in (vertex.f, vertex.g))
        bits = ((cost - f.unsqueeze(-1) - g) / bit).clamp_(0.0, FAINT * min(cost.shape))
    solved = solver.solve(Problem.of(*(t.unsqueeze(0) for t in (bits, a, b))), limits)
    f, g = f + bit * solved.f[0], g + bit * solved.g[0]
    resolved = ~too_far(f.unsqueeze(0) / bit, g.unsqueeze(0) / bit)[0]
    value = least + a @ f + b @ g
    return Wide(solved.plan[0], f + least, g, value, resolved, solved.iterations)
