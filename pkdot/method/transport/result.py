"""What every solver of this room returns: the plan together with its health."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Transport:
    """A solved transport problem, or a batch of them (leading axes ``...``).

    The potentials price the plan, P[i, j] = a[i] b[j] exp((f[i] + g[j] − C[i, j]) / epsilon), and
    are determined up to one constant that moves from ``f`` to ``g``. Only ``value`` carries a
    gradient; plan and potentials are constants to autograd.

    Attributes:
        plan: mass moved from each source point i to each target point j, (..., n, m).
        f: potential of the source points, in units of the cost, (..., n).
        g: potential of the target points, in units of the cost, (..., m).
        value: the minimum that the plan attains, in units of the cost, (...,).
        converged: whether ``marginal_error`` is within the tolerance, bool, (...,).
        iterations: updates of the pair (f, g) that were made; one number for the whole batch.
        marginal_error: sum over points of |row sum of the plan − a|, or the same over columns,
            whichever is larger, divided by the total mass, (...,).
    """

    plan: Tensor
    f: Tensor
    g: Tensor
    value: Tensor
    converged: Tensor
    iterations: int
    marginal_error: Tensor
