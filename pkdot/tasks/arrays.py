"""What the tasks do with arrays and tensors of any task: conversion, shapes, means, numbers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


def as_array(values: Any) -> Array:
    """A NumPy array from an array, a list or a tensor on any device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        is_half = values.is_floating_point() and values.element_size() < 4  # NumPy has no bfloat16
        values = (values.float() if is_half else values).numpy()
    return np.asarray(values)


def divergence_of_logs(target: "Tensor", own: "Tensor") -> "Tensor":
    """Mean over samples of KL(p ‖ q), from log p and log q, (B, C) each; a scalar.

    What torch's ``kl_div`` computes, in steps that ``torch.vmap`` knows.
    """
    return (target.exp() * (target - own)).sum() / target.shape[0]


def at_least_float32(x: "Tensor") -> "Tensor":
    """Numbers in which a loss may be taken: half precision becomes float32."""
    return x if x.element_size() >= 4 else x.float()


def flat_pair(outputs: Any, targets: Any, width: int) -> tuple[Array, Array]:
    """Outputs and targets of any leading axes as matrices (M, W), in float64.

    Raises:
        InputError: if their shapes do not match.
    """
    one, two = as_array(outputs), as_array(targets)
    if one.shape != two.shape or one.shape[-1:] != (width,) or not one.size:
        raise InputError(
            f"Scores need outputs and targets of one shape (N, {width}) with N >= 1, not "
            f"{one.shape} and {two.shape}."
        )
    return one.reshape(-1, width).astype(float), two.reshape(-1, width).astype(float)


def scored_pair(outputs: Any, targets: Any, width: int) -> tuple[Array, Array]:
    """As :func:`flat_pair`, for scores: some target must be known.

    Raises:
        InputError: if shapes do not match, or no target is known.
    """
    x, y = flat_pair(outputs, targets, width)
    if not np.isfinite(y).any():
        raise InputError("Scores need at least one sample whose target is known.")
    return x, y


def mean_of_known(values: Array) -> float:
    """The mean of the values that are not NaN; NaN where all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
