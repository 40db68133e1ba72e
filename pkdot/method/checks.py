"""Checks of what a caller gives: one sentence that names the setting, or the value."""

import math
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError


def checked_positive(name: str, number: Any) -> float:
    """A finite number above zero, or InputError."""
    value = _as_float(number)
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number above 0, not {number!r}.")
    return value


def checked_not_negative(name: str, number: Any) -> float:
    """A finite number of at least zero, or InputError."""
    value = _as_float(number)
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{name} must be finite and >= 0, not {number!r}.")
    return value


def checked_count(name: str, number: Any) -> int:
    """A whole number of at least 1, or InputError."""
    value = _as_float(number)
    if not (math.isfinite(value) and value >= 1 and value == int(value)):
        raise InputError(f"{name} must be a whole number >= 1, not {number!r}.")
    return int(value)


def checked_choice(name: str, value: Any, choices: Collection[str | None]) -> Any:
    """One of the choices, or InputError; what has no hash is none."""
    if (value is None or isinstance(value, str)) and value in choices:
        return value
    named = ", ".join(str(choice) for choice in choices)
    raise InputError(f"Unknown {name} {value!r}; choose one of {named}.")


def checked_flag(name: str, value: Any) -> bool:
    """True or false, Python's or NumPy's, or InputError."""
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise InputError(f"{name} must be True or False, not {value!r}.")


def checked_generator(value: Any) -> torch.Generator | None:
    """A generator of torch or None, or InputError."""
    if value is None or isinstance(value, torch.Generator):
        return value
    raise InputError(
        f"generator must be a torch.Generator, not {type(value).__name__}; make one by "
        f"torch.Generator().manual_seed(0)."
    )


def _as_float(number: Any) -> float:
    """A number as a float; NaN for anything else, strings and truth values included."""
    try:
        return math.nan if isinstance(number, str | bytes | bool) else float(number)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return math.nan


def refuse_vmap(tensor: Tensor) -> None:
    """Raise InputError within ``torch.vmap``, where no value of a tensor can be looked at."""
    if torch._C._functorch.is_batchedtensor(tensor):
        raise InputError(
            "This loss cannot be mapped by torch.vmap, as it looks at the values of a batch; call "
            "it in a loop, or give transport leading batch axes."
        )


def check_tensor(what: str, value: Any) -> None:
    """Raise InputError for arrays and lists: no gradient could reach what they came from."""
    if not isinstance(value, Tensor):
        raise InputError(
            f"{what} must be a tensor, not {type(value).__name__}; give a torch tensor, for "
            f"instance by torch.as_tensor."
        )
    refuse_vmap(value)
