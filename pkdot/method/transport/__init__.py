"""Step 3 of the method: entropic optimal transport between two clouds of weighted points.

entropic      ``sinkhorn``: the plan for any cost
divergence    ``sinkhorn_divergence``: the debiased distance of two clouds, the loss's last step
exact         without entropy, by the network simplex
unbalanced    mass may stay behind, at a price
solver        which algorithm runs when, of the first five below
  scaling       Sinkhorn–Knopp, stabilised
  log_domain    Sinkhorn–Knopp on the potentials
  newton        Newton on the dual
  path          the answer followed down from a large epsilon, by scalings and Newton
  symmetric     a cloud onto itself, by averaged updates
  machine       the same in machine code, one problem after another; ``compiled`` says when
  wide        costs that span too much for these: next to the exact plan, in float64
  simplex     the network simplex at any scale
costs, kernels, problem, result, validation    what they share
trace         the iteration of Sinkhorn, step by step, for figures

What a plan says is measured by :mod:`pkdot.method.plan_measures`; its functions are named here too.
"""

from ..plan_measures import barycentric_map, diagonal_mass, plan_entropy, within_class_mass
from .costs import squared_cost, with_identity
from .divergence import sinkhorn_divergence
from .entropic import sinkhorn
from .exact import exact_transport
from .result import Transport
from .trace import Trace, sinkhorn_trace
from .unbalanced import unbalanced_transport

__all__ = [
    "Trace",
    "Transport",
    "barycentric_map",
    "diagonal_mass",
    "exact_transport",
    "plan_entropy",
    "sinkhorn",
    "sinkhorn_divergence",
    "sinkhorn_trace",
    "squared_cost",
    "unbalanced_transport",
    "with_identity",
    "within_class_mass",
]
