"""Which transport problems are refused, and how a failure is reported."""

import math
import warnings
from typing import Any

import torch
from torch import Tensor

from ...errors import ConvergenceWarning, InputError
from ..checks import check_tensor, checked_count

# What costs in units of epsilon must leave of a type's range, for sums over points and weights.
MARGIN = 1e3


def working_dtype(*tensors: Tensor | None) -> torch.dtype:
    """float64 if any of the tensors is, else float32: half precision cannot hold a plan."""
    wide = any(isinstance(t, Tensor) and t.dtype == torch.float64 for t in tensors)
    return torch.float64 if wide else torch.float32


def checked_iterations(max_iterations: Any) -> int:
    """A whole number of at least 1, or InputError."""
    return checked_count("max_iterations", max_iterations)


def check_first_derivative() -> None:
    """Raise InputError within a backward pass that asks for a second derivative.

    Grad mode is on there only under ``create_graph``; the result would be wrong.
    """
    if torch.is_grad_enabled():
        raise InputError(
            "Transport has first derivatives only, and a second was asked for; drop create_graph, "
            "or detach the loss."
        )


def all_finite(*tensors: Tensor) -> bool:
    """Whether no entry of any tensor is NaN or infinite; the host asks the device once.

    A sum is finite only if every term is, and is quicker than testing each; only where it is not
    (large numbers may overflow it) is each tested.
    """
    total = torch.stack([t.detach().sum() for t in tensors]).sum()
    return math.isfinite(float(total)) or all(bool(torch.isfinite(t).all()) for t in tensors)


def usable(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A tensor in a type, and one that autograd can keep if it was computed in inference mode."""
    if tensor.is_inference() and not torch.is_inference_mode_enabled():
        tensor = tensor.clone()
    return tensor if tensor.dtype == dtype else tensor.to(dtype)


def refuse_functorch(tensor: Tensor) -> None:
    """Raise InputError within ``torch.func`` transforms, which transport has no rule for."""
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        raise InputError(
            "Transport cannot be differentiated by torch.func; use torch.autograd.grad or "
            "backward()."
        )


def magnitude(*tensors: Tensor) -> float:
    """Largest absolute entry of all, NaN or infinite if any is; the host asks the device once."""
    ends = [end for t in tensors for end in torch.aminmax(t.detach())]
    return float(torch.stack(ends).abs().amax())


def check_magnitude(largest: float, dtype: torch.dtype) -> None:
    """Raise InputError for costs whose sums overflow their type."""
    if not largest <= torch.finfo(dtype).max / MARGIN:
        advice = "" if dtype == torch.float64 else ", or pass float64 tensors"
        raise InputError(
            f"Costs as large as {largest:.3g} overflow {dtype}; divide the points or the cost by "
            f"their scale{advice}."
        )


def check_range(name: str, epsilon: float, largest: float, dtype: torch.dtype) -> None:
    """Raise InputError for an epsilon at which costs over- or underflow their type.

    Args:
        name: the argument that it comes from, for the message.
        epsilon: in units of the cost.
        largest: the cost's largest magnitude, or a bound of it.
        dtype: in which the problem is solved.
    """
    kind = torch.finfo(dtype)
    lowest, highest = kind.tiny * MARGIN, kind.max / MARGIN
    advice = "" if dtype == torch.float64 else ", or pass float64 tensors"
    check_magnitude(largest, dtype)
    if not (lowest <= epsilon <= highest and largest / epsilon <= highest):
        raise InputError(
            f"{name} is out of range: {epsilon:.3g} in units of the cost, with costs up to "
            f"{largest:.3g}, is more than {dtype} can hold; choose one nearer to the cost{advice}."
        )


def checked_cost(cost: Tensor) -> float:
    """Largest magnitude of a finite floating cost (..., n, m) with no empty axis, or InputError."""
    check_tensor("A cost", cost)
    refuse_functorch(cost)
    if cost.ndim < 2 or not cost.is_floating_point() or 0 in cost.shape:
        raise InputError(
            f"A cost must be a floating tensor of shape (..., n, m) without an empty axis, not "
            f"{cost.dtype} of shape {tuple(cost.shape)}."
        )
    largest = magnitude(cost)
    if not math.isfinite(largest):
        raise InputError(
            "The cost contains NaN or infinity; look for zero or exploding embeddings, or give a "
            "large finite cost to pairs that should not meet."
        )
    return largest


def checked_weights(name: str, weights: Tensor | None, like: Tensor, points: int) -> Tensor:
    """Weights of shape (..., points) in the dtype of ``like``; uniform ones if None.

    Args:
        name: ``"a"`` or ``"b"``, for the message.
        weights: None, (points,) or (..., points), broadcast over the batch axes.
        like: a tensor whose batch axes are ``like.shape[:-2]``.
        points: number of points that must be weighed.
    """
    shape = (*like.shape[:-2], points)
    if weights is None:
        return torch.full((points,), 1.0 / points, dtype=like.dtype, device=like.device).expand(
            shape
        )
    check_tensor(f"Weights {name}", weights)
    fits = weights.ndim >= 1 and weights.shape[-1] == points
    if fits:
        try:
            fits = torch.broadcast_shapes(weights.shape, shape) == shape
        except RuntimeError:
            fits = False
    if not fits:
        raise InputError(
            f"Weights {name} must have shape ({points},) or {shape}, not {tuple(weights.shape)}."
        )
    smallest = float(weights.detach().amin())
    if not (smallest >= 0 and math.isfinite(float(weights.detach().sum()))):
        raise InputError(
            f"Weights {name} must be finite and not negative; the smallest is {smallest:.3g}."
        )
    return weights.to(device=like.device, dtype=like.dtype).expand(shape)


def check_masses(a: Tensor, b: Tensor) -> Tensor:
    """The factor, 1 up to rounding, that makes the total of b that of a exactly, (..., 1).

    Args:
        a: (..., n).
        b: (..., m).

    Raises:
        InputError: for weights whose totals differ, or that are all zero.
    """
    mass_a, mass_b = a.detach().sum(-1), b.detach().sum(-1)
    allowed = 1e-4 if a.dtype == torch.float32 else 1e-8
    if bool((mass_a <= 0).any()):
        raise InputError("Weights a and b must each have some positive mass; these sum to 0.")
    apart = ((mass_a - mass_b).abs() / mass_a).amax()
    if bool(apart > allowed):
        raise InputError(
            f"Weights a and b must have the same total mass; theirs are {float(mass_a.max()):.6g} "
            f"and {float(mass_b.max()):.6g}: divide each by its sum, or use unbalanced transport."
        )
    return (mass_a / mass_b).unsqueeze(-1)


def warn_not_converged(
    error: float,
    tolerance: float,
    iterations: int,
    max_iterations: int,
    dtype: torch.dtype,
) -> None:
    """Warn by how much the marginals miss the tolerance, and what to try.

    Args:
        error: the largest marginal error.
        tolerance: of the caller.
        iterations: made; more are advised only where these are all that were allowed.
        max_iterations: allowed.
        dtype: of the problem; float64 is advised for any other.
    """
    more = ", allow more iterations" if iterations >= max_iterations else ""
    precise = "" if dtype == torch.float64 else ", pass float64 tensors"
    warnings.warn(
        f"Transport stopped after {iterations} iterations with a marginal error of {error:.2e} "
        f"(tolerance {tolerance:.0e}): raise epsilon or blur{more}{precise}, or accept a looser "
        f"tolerance.",
        ConvergenceWarning,
        stacklevel=3,  # the caller of the solver
    )


def warn_not_resolved(span: float) -> None:
    """Warn that costs of ``span`` times epsilon leave nothing of epsilon in float64."""
    warnings.warn(
        f"Transport met its marginals, but costs up to {span:.1e} times epsilon must be paid, and "
        f"rounding hides epsilon beside them: raise epsilon or blur, or bring outlying points in.",
        ConvergenceWarning,
        stacklevel=3,  # the caller of the solver
    )
