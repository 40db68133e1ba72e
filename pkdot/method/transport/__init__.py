"""Step 3 of the method: entropic optimal transport between two clouds of weighted points.

``sinkhorn`` gives the plan for any cost; ``sinkhorn_divergence`` the debiased distance between two
clouds that the loss trains with. ``exact_transport`` and ``unbalanced_transport`` are relatives to
compare with; the rest tells what a plan says.
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
from .result import Transport
from .variants import exact_transport, unbalanced_transport

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
