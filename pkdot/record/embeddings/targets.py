"""What targets are where nobody says so: the task that they make; and a probe drawn over them."""

from typing import Any

import numpy as np

from ...errors import DataError, InputError
from ...tasks import KINDS, Classification, Multilabel, Ordinal, Regression, Task
from ..validation import array
from .names import Array, check_length, check_texts
from .rows import listed, positions
from .tables import is_number

MOST_CLASSES = 20
"""Whole numbers of more kinds than this are taken for values."""
MOST_PROBE = 1000


def task_and_targets(
    targets: Any, task: Task | str | None = None, names: tuple[str, ...] = ()
) -> tuple[Task, Array]:
    """The task of some targets, and the targets as it keeps them.

    Text, booleans and at most :data:`MOST_CLASSES` different whole numbers are classes; several
    columns of 0 and 1 are labels; other numbers are values.

    Args:
        targets: (N,) or (N, T): text, numbers; missing ones are empty, None, NaN, or -1 among
            whole numbers that are not negative otherwise.
        task: the task, or its kind; chosen as above if left out.
        names: of the T columns.

    Raises:
        InputError: for targets that the task cannot have.
    """
    values = _columns(targets)
    if not _known(values).any():
        raise InputError(f"None of the {len(values)} targets is known; leave them out.")
    names = names if len(names) == values.shape[1] else _numbered(values.shape[1])
    kind = task.kind if isinstance(task, Task) else task or _kind(values)
    if kind not in KINDS:
        raise InputError(f"Unknown task {kind!r}; choose {', '.join(KINDS)}.")
    try:
        if kind in ("classification", "ordinal"):
            known = task.class_names if isinstance(task, Task) else ()
            classes, numbers = _classes(values, kind, known)
            if len(set(numbers[numbers >= 0].tolist())) < 2:
                raise InputError(
                    f"All targets are of one class, {classes[numbers.max()]!r}; give two or more, "
                    f"or leave the targets out."
                )
            if isinstance(task, Task):
                return task, task.check(numbers)
            return (Ordinal if kind == "ordinal" else Classification)(classes=classes), numbers
        if values.dtype.kind == "U":
            texts = (v for v in values.ravel().tolist() if v and not is_number(v))
            raise InputError(
                f"Targets of {kind} are numbers, not text such as {next(texts, '1')!r}; leave the "
                f"task out, and give one column, to take them for classes."
            )
        if isinstance(task, Task):
            return task, task.check(values)
        found = Multilabel(labels=names) if kind == "multilabel" else Regression(targets=names)
        checked = found.check(values)
        return found.fitted(checked), checked
    except DataError as error:
        raise InputError(f"Targets: {error}") from None


def draw_probe(strata: Array, probe: Any, ids: Array, seed: int) -> Array:
    """Which samples are followed, (n,) indices.

    A number of them is drawn so that each stratum has its share among the first ones, however
    many are read. Names are taken in their order.

    Args:
        strata: (N,) whole numbers.
        probe: how many, or names; :data:`MOST_PROBE` if None, or all where there are fewer.
        ids: (N,) names of the samples.
        seed: of the draw.

    Raises:
        InputError: for a number outside 3..1000, or names that no sample has.
    """
    if probe is None or isinstance(probe, int | np.integer):
        size = MOST_PROBE if probe is None else int(probe)
        if not 3 <= size <= MOST_PROBE:
            raise InputError(f"A probe has 3 to {MOST_PROBE} samples, not {size}.")
        if seed < 0:
            raise InputError(f"A seed is 0 or more, not {seed}.")
        rng = np.random.default_rng(seed)
        place = np.empty(len(strata))
        for stratum in np.unique(strata):
            members = rng.permutation(np.flatnonzero(strata == stratum))
            place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        return np.argsort(place, kind="stable")[:size]
    names = [str(name) for name in probe]
    if not 3 <= len(names) <= MOST_PROBE or len(set(names)) < len(names):
        raise InputError(
            f"A probe has 3 to {MOST_PROBE} different samples; {len(names)} names are given, "
            f"{len(set(names))} of them different."
        )
    index = positions(names, ids)
    if (index < 0).any():
        lacking = np.array(names)[index < 0]
        raise InputError(f"No sample has {len(lacking)} names of the probe: {listed(lacking)}.")
    return index


def _columns(targets: Any) -> Array:
    """Targets as a matrix (N, T) of text or of numbers."""
    values = array(targets.to_numpy() if hasattr(targets, "to_numpy") else targets)
    if values.dtype.kind == "O":
        from pandas import isna

        flat = [None if isna(value) is True else value for value in values.ravel()]
        text = any(isinstance(value, str) for value in flat)
        kinds: list[Any] = [str(v) if v is not None else "" for v in flat] if text else flat
        if text:
            check_texts("A column of targets", kinds)
        try:
            values = np.array(kinds, dtype=str if text else float).reshape(values.shape)
        except (TypeError, ValueError):
            raise InputError("Targets must be numbers or text, one or several a sample.") from None
    if values.dtype.kind not in "biufU" or values.ndim not in (1, 2) or not values.size:
        raise InputError(
            f"Targets must be numbers or text of shape (N,) or (N, T), not {values.dtype} of "
            f"shape {values.shape}."
        )
    if values.dtype.kind == "U":
        check_length("The array of targets", values.dtype.itemsize // 4)
    return values[:, None] if values.ndim == 1 else values


def _numbered(width: int) -> tuple[str, ...]:
    return ("target",) if width == 1 else tuple(f"target {j + 1}" for j in range(width))


def _known(values: Array) -> Array:
    if values.dtype.kind == "U":
        return values != ""
    return np.isfinite(values) if values.dtype.kind == "f" else np.full(values.shape, True)


def _kind(values: Array) -> str:
    known = values[_known(values)]
    if values.shape[1] > 1:
        binary = values.dtype.kind != "U" and bool(np.isin(known, (0, 1)).all())
        return "multilabel" if binary else "regression"
    if values.dtype.kind in "Ub":
        return "classification"
    few = len(np.unique(known)) <= MOST_CLASSES and bool((known == np.rint(known)).all())
    return "classification" if few and known.size else "regression"


def _classes(values: Array, kind: str, names: tuple[str, ...]) -> tuple[tuple[str, ...], Array]:
    """Names of the classes, and their numbers (N,), -1 where missing.

    Args:
        values: (N, 1).
        kind: classification or ordinal.
        names: those that a given task has; empty where they are to be found.
    """
    if values.shape[1] != 1:
        raise InputError(f"There is one class a sample, not {values.shape[1]} columns.")
    column = values[:, 0]
    known = _known(column)
    if column.dtype.kind == "U":
        if kind == "ordinal" and not names:
            raise InputError(
                "The order of levels cannot be told from text; number them from 0, or give a task "
                "with its classes in rising order."
            )
        kinds = names or tuple(np.unique(column[known]).tolist())
        numbers = positions(column, kinds)
        if unknown := sorted(set(column[known & (numbers < 0)].tolist())):
            raise InputError(f"The task has no class {listed(unknown)}; it has {', '.join(kinds)}.")
        return kinds, np.where(known, numbers, -1)
    found = column[known].astype(float)
    if (found != np.rint(found)).any():
        raise InputError(
            f"Classes are text or whole numbers, not {found[found != np.rint(found)][0]:g}."
        )
    if names:
        return names, np.where(known, np.nan_to_num(column, nan=-1), -1).astype(np.int64)
    levels = np.unique(found)
    if len(levels) and levels[0] == -1:
        known, levels = known & (column != -1), levels[1:]
    numbers = np.searchsorted(levels, np.nan_to_num(column.astype(float), nan=-np.inf))
    is_bool = column.dtype.kind == "b"
    words = [("no", "yes")[int(v)] if is_bool else f"{v:g}" for v in levels]
    return tuple(words), np.where(known, numbers, -1).astype(np.int64)
