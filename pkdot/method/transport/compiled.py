"""Whether a solve runs in machine code (``machine``) or in torch, and the way there and back.

Machine code is used on CPUs where numba is installed (the extra ``fast``; umap-learn brings it
too), for problems up to :data:`LARGEST` pairs. numba compiles it once a machine, in about ten
seconds, into its cache; a process loads it in half a second at its first solve. The choice depends
on nothing that a process did before, and records say which it was
(``pkdot/record/environment.py``).
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import ConfigError
from .late_imports import late_import
from .log_domain import update_f
from .problem import Limits, Problem

SWITCH = "PKDOT_TRANSPORT"
WAYS = ("numba", "torch")
# Beyond, products in torch's own library are the quicker ones.
LARGEST = 400 * 400
# Pairs in a batch; fewer are solved before a second thread has started.
WORTH_A_THREAD = 40_000
_USABLE: list[bool] = []


def way() -> str:
    """``numba`` or ``torch``: how problems on the CPU are solved in this process.

    The environment variable ``PKDOT_TRANSPORT`` may ask for either; without it, numba is used
    where it is installed and can keep what it compiles.

    Raises:
        ConfigError: if the variable holds another word, or asks for what is not there.
    """
    asked = os.environ.get(SWITCH) or None
    if asked not in (None, *WAYS):
        raise ConfigError(f"{SWITCH} must be numba or torch, not {asked!r}.")
    if asked == "torch":
        return asked
    usable = _usable()
    if asked and not usable:
        raise ConfigError(
            f"{SWITCH} asks for numba, but it is not installed or has no folder to write to: "
            f"install the extra 'fast', set NUMBA_CACHE_DIR, or choose torch."
        )
    return "numba" if usable else "torch"


def _usable() -> bool:
    """Whether numba is installed and has a folder for its cache; looked up once."""
    if not _USABLE:  # a list, as torch.compile warns of functools.cache
        _USABLE.append(_found())
    return _USABLE[0]


def _found() -> bool:
    """:func:`_usable`, looked up: the folders are those that numba tries."""
    if find_spec("numba") is None or os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("0", ""):
        return False
    folder = os.environ.get("NUMBA_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    choices = [Path(folder)] if folder else [Path(__file__).parent, home]
    return any(map(_writable, choices))


def _writable(folder: Path) -> bool:
    """Whether files could be made in a folder, itself made if need be."""
    while not folder.exists() and folder.parent != folder:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def load() -> ModuleType:
    """The machine code, compiled at the first call on a machine.

    Raises:
        ConfigError: if numba is there but does not work.
    """
    try:
        return late_import(f"{__package__}.machine")
    except (ImportError, OSError, RuntimeError) as error:
        raise ConfigError(
            f"numba is installed but cannot be used ({error}); set {SWITCH}=torch to do without."
        ) from error


def takes(cost: Tensor) -> bool:
    """Whether problems of this cost, (p, n, m), are solved here."""
    small = cost.device.type == "cpu" and cost.shape[-2] * cost.shape[-1] <= LARGEST
    return small and way() == "numba"


def solve(
    problem: Problem, limits: Limits, start: tuple[Tensor | None, Tensor] | None
) -> tuple[Tensor, Tensor, Tensor, Any, Any]:
    """Solve each problem of a batch by itself; arguments as for ``solver.solve``.

    Returns:
        Plan (p, n, m), f (p, n) and g (p, m) in the type of the cost; as arrays the marginal
        errors, (p,), and the iterations of each, (p,).
    """
    cost, a, b = problem.cost, problem.a, problem.b
    guess, other = (None, None) if start is None else start
    if cost.shape[-2] > cost.shape[-1]:
        turned = None if other is None else (other, torch.zeros_like(a))
        plan, g, f, error, made = solve(problem.transposed, limits, turned)
        return plan.mT, f, g, error, made
    if guess is None and other is not None:
        guess = update_f(cost, other, problem.log_b)
    p, n, m = cost.shape
    padded = n + -n % 4  # the machine code works on four rows at once
    costs, of_a, of_b = _filled((p, padded, m), cost), _filled((p, padded), a), _array(b)
    plans, of_f, of_g = np.empty((p, padded, m)), np.zeros((p, padded)), np.empty((p, m))
    if guess is not None:
        of_f[:, :n] = guess.numpy()
    errors, steps = np.empty(p), np.empty(p, np.int64)
    arrays = (costs, of_a, of_b, of_f, of_g, plans, errors, steps)
    _in_turn(load().between, arrays, limits)
    plan, f, g = (torch.from_numpy(x).to(cost.dtype) for x in (plans[:, :n], of_f[:, :n], of_g))
    return plan, f, g, errors, steps


def solve_symmetric(cost: Tensor, a: Tensor, limits: Limits) -> tuple[Tensor, Tensor, float, int]:
    """``symmetric.solve`` in machine code."""
    p, n, _ = cost.shape
    plans, of_f = np.empty((p, n, n)), np.empty((p, n))
    errors, steps = np.empty(p), np.empty(p, np.int64)
    arrays = (_array(cost), _array(a), of_f, plans, errors, steps)
    _in_turn(load().onto_itself, arrays, limits)
    plan, f = (torch.from_numpy(x).to(cost.dtype) for x in (plans, of_f))
    return plan, f, float(errors.max()), int(steps.max())


def _in_turn(run: Callable[..., None], arrays: tuple[Any, ...], limits: Limits) -> None:
    """Run a batch on as many threads as torch may use; the answers do not depend on how many.

    Args:
        run: machine code for a batch.
        arrays: its arrays, costs first, all with the same batch axis.
        limits: its last two arguments.
    """
    stop = (limits.tolerance, limits.max_iterations)
    problems = len(arrays[0])
    threads = min(torch.get_num_threads(), problems)
    if threads == 1 or arrays[0].size < WORTH_A_THREAD:
        run(*arrays, *stop)
        return
    size = math.ceil(problems / (4 * threads))  # small parts: some problems take longer
    parts = [slice(i, i + size) for i in range(0, problems, size)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run, *(x[part] for x in arrays), *stop) for part in parts]:
            done.result()


def _array(x: Tensor) -> Any:
    """A contiguous float64 array of a tensor."""
    return np.ascontiguousarray(x.to(torch.float64).numpy())


def _filled(shape: tuple[int, ...], x: Tensor) -> Any:
    """:func:`_array` with zeros for what the rows of x lack of ``shape``."""
    if x.shape == shape:
        return _array(x)
    array = np.zeros(shape)
    array[:, : x.shape[1]] = x.numpy()
    return array
