"""Step 3 of the method: entropic optimal transport between two clouds of weighted points.

``sinkhorn`` gives the plan for any cost; ``sinkhorn_divergence`` the debiased distance between two
clouds that the loss trains with.
"""

from .balanced import sinkhorn
from .divergence import sinkhorn_divergence
from .result import Transport

__all__ = ["Transport", "sinkhorn", "sinkhorn_divergence"]
