"""Step 3 of the method: entropic optimal transport between two clouds of weighted points.

``sinkhorn`` gives the plan for any cost; ``sinkhorn_divergence`` the debiased distance between two
clouds that the loss trains with. ``exact_transport`` and ``unbalanced_transport`` are relatives to
compare with; ``sinkhorn_trace`` records the iteration. What a plan says is measured by the
functions of :mod:`pkdot.method.plan_measures`, which are named here too.
"""

from ..plan_measures import barycentric_map, diagonal_mass, plan_entropy, within_class_mass
from .costs import squared_cost, with_identity
from .divergence import sinkhorn_divergence
from .entropic import sinkhorn
from .result import Transport
from .trace import Trace, sinkhorn_trace
from .variants import exact_transport, unbalanced_transport

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
