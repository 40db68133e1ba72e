"""Step 3 of the method: entropic optimal transport between two clouds of weighted points.

entropic      ``sinkhorn``: the plan for any cost
divergence    ``sinkhorn_divergence``: the debiased distance of two clouds, the loss's last step
exact         without entropy, by the network simplex
unbalanced    mass may stay behind, at a price
solver        which algorithm runs when, of the four below
  scaling       Sinkhorn–Knopp, stabilised
  log_domain    Sinkhorn–Knopp on the potentials; ε-scaling
  newton        Newton on the dual
  symmetric     a cloud onto itself, by averaged updates
costs, kernels, problem, result, validation    what they share
diagnostics   measures of a plan, and the trace of an iteration
"""

from .costs import squared_cost, with_identity
from .diagnostics import (
    Trace,
    barycentric_map,
    class_mass,
    diagonal_mass,
    plan_entropy,
    sinkhorn_trace,
)
from .divergence import sinkhorn_divergence
from .entropic import sinkhorn
from .exact import exact_transport
from .result import Transport
from .unbalanced import unbalanced_transport

__all__ = [
    "Trace",
    "Transport",
    "barycentric_map",
    "class_mass",
    "diagonal_mass",
    "exact_transport",
    "plan_entropy",
    "sinkhorn",
    "sinkhorn_divergence",
    "sinkhorn_trace",
    "squared_cost",
    "unbalanced_transport",
    "with_identity",
]
