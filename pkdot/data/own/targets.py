"""From targets as they were written to a task and its targets.

``auto`` takes one column of text, or of few whole numbers, for classes; several columns of 0 and 1
for labels; anything else for real values.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DataError
from ...tasks import Classification, Multilabel, Ordinal, Regression, Task
from .findings import OwnDataError, count, some
from .settings import OwnSettings
from .source import Source

FEW = 20
"""Most whole numbers that ``auto`` takes for classes; each must occur twice on average, too."""


@dataclass(frozen=True)
class Learnt:
    """What is to be learnt.

    Attributes:
        task: as chosen.
        targets: as the task has them, missing ones -1 or NaN.
        reason: how the task was chosen, a sentence for people.
    """

    task: Task
    targets: np.ndarray
    reason: str


def learnt(source: Source, settings: OwnSettings, task: Task | None = None) -> Learnt:
    """The task that settings and targets give, and the targets in its form.

    Args:
        source: with targets.
        settings: name the task, its objective and the order of classes.
        task: as it was given ready, in place of the settings'.

    Raises:
        OwnDataError: for no targets, targets that the task cannot have, or one class only.
    """
    if source.targets is None:
        raise _no_targets(source, settings)
    if not _known(source.targets).size:
        where = ", ".join(source.target_names)
        raise OwnDataError(f"No sample of {source.place} has a target ({where}); give some.")
    if task is not None and task.output_width:
        return Learnt(task, encoded(task, source), f"{task.kind}, as given")
    if task is not None:  # a task that leaves the names of its classes to the data
        settings = settings.model_copy(update={"task": task.kind})
    if settings.task == "auto":
        name, why = _guessed(source)
        reason = f"{name}: {why}; another one by --task"
    else:
        name, reason = settings.task, f"{settings.task}, as set"
    chosen = _BUILDERS[name](source, settings)
    values = encoded(chosen, source)
    _check_spread(chosen, values, source)
    return Learnt(chosen, values, reason)


def encoded(task: Task, source: Source) -> np.ndarray:
    """Targets of a source as a task has them, also one that was fitted on other data.

    Raises:
        OwnDataError: for targets that the task cannot have, e.g. a class that it does not know.
    """
    given = source.targets
    assert given is not None
    where = ", ".join(source.target_names)
    if task.class_names:
        return _class_numbers(_class_texts(source), task.class_names, source)
    if given.dtype.kind not in "iubf":
        raise _not_numbers(source)
    values = given.astype(float)
    values = values[:, None] if values.ndim == 1 else values
    if values.shape[-1] != task.output_width:
        raise OwnDataError(
            f"The task has {count(task.output_width, 'target')} ({some(task.names)}), "
            f"{source.place} has {values.shape[-1]} ({where}); name as many."
        )
    try:
        return task.check(values)
    except DataError as error:
        raise OwnDataError(f"{source.place}, {where}: {error}") from None


# --- choosing -----------------------------------------------------------------------------------


def _guessed(source: Source) -> tuple[str, str]:
    """Name of a task, and why."""
    values = source.targets
    assert values is not None
    if source.class_names:
        return "classification", "the data name the classes"
    if values.ndim == 1:
        if values.dtype.kind not in "iubf":
            return "classification", "the target is text"
        known = _known(values)
        kinds = np.unique(known)
        whole = bool((known == np.rint(known)).all())
        if values.dtype.kind == "b" or (
            whole and len(kinds) <= FEW and 2 * len(kinds) <= len(known)
        ):
            return "classification", f"the target has {len(kinds)} different whole numbers"
        return "regression", "the target is one of real numbers"
    if values.dtype.kind not in "iubf":
        raise _not_numbers(source)
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    several = f"there are {values.shape[-1]} targets"
    if values.shape[-1] > 1 and bool(np.isin(known, (0, 1)).all()):
        return "multilabel", f"{several}, all of them 0 or 1"
    return "regression", f"{several} of numbers"


def _known(values: np.ndarray) -> np.ndarray:
    """Those that are not missing, in a row."""
    if values.dtype.kind == "U":
        return values[values != ""]
    if values.dtype.kind == "f":
        return values[np.isfinite(values)]
    return values[values != -1] if values.dtype.kind == "i" else values


def _classification(source: Source, settings: OwnSettings) -> Task:
    return Classification(classes=_classes(source, settings))


def _ordinal(source: Source, settings: OwnSettings) -> Task:
    classes = _classes(source, settings)
    if not settings.classes and not source.class_names and not all(map(_is_number, classes)):
        raise OwnDataError(
            f"Levels that are texts ({some(classes)}) have no order of their own; give it by "
            f"--set data.classes=lowest,…,highest."
        )
    return Ordinal(classes=classes)


def _regression(source: Source, settings: OwnSettings) -> Task:
    return Regression(targets=_names(source), objective=settings.objective)


def _multilabel(source: Source, settings: OwnSettings) -> Task:
    return Multilabel(labels=_names(source))


_BUILDERS: dict[str, Callable[[Source, OwnSettings], Task]] = {
    "classification": _classification,
    "ordinal": _ordinal,
    "regression": _regression,
    "multilabel": _multilabel,
}


def _names(source: Source) -> tuple[str, ...]:
    assert source.targets is not None
    if source.targets.dtype.kind not in "iubf":
        raise _not_numbers(source)
    return source.target_names


def _classes(source: Source, settings: OwnSettings) -> tuple[str, ...]:
    """Names of the classes: as set, as the data name them, or as they occur, in order."""
    found = sorted({text for text in _class_texts(source).tolist() if text}, key=_natural)
    named = settings.classes or source.class_names
    numbers = [text for text in found if text.isdecimal()]
    words = [text for text in found if not any(map(str.isdigit, text))]
    if numbers and words and not named:
        raise OwnDataError(
            f"Target {source.target_names[0]!r} of {source.place} has names ({some(words)}) and "
            f"numbers ({some(numbers)}) of classes; write one kind, or name all classes by "
            f"--set data.classes='[…]' if both are meant."
        )
    return named or tuple(found)


# --- classes ------------------------------------------------------------------------------------


def _class_texts(source: Source) -> np.ndarray:
    """The class of each sample as a text, (N,); empty where it is missing."""
    values = source.targets
    assert values is not None
    hidden = -1 if source.form in ("arrays", "npz") else None
    if values.ndim != 1:
        raise OwnDataError(
            f"Classes stand in one column, {source.place} has {values.shape[-1]} targets "
            f"({some(source.target_names)}); name one, or choose --task multilabel or regression."
        )
    if source.class_names:
        names = np.array([*source.class_names, ""])
        return np.asarray(names[np.where(values < 0, len(names) - 1, values).astype(int)])
    if values.dtype.kind == "f":
        whole = bool((_known(values) == np.rint(_known(values))).all())
        if not whole:
            part = _known(values)[_known(values) != np.rint(_known(values))][0]
            raise OwnDataError(
                f"Target {source.target_names[0]!r} of {source.place} has the value {part:g}, "
                f"which is no class; choose --task regression."
            )
        there = np.isfinite(values) & (values != hidden)
        return np.array([f"{v:.0f}" if t else "" for v, t in zip(values, there, strict=True)])
    if values.dtype.kind in "iu":
        return np.array(["" if v == hidden else str(v) for v in values.tolist()])
    if values.dtype.kind == "b":
        return np.array([str(bool(v)).lower() for v in values])
    return np.array([str(v).strip() for v in values.tolist()])


def _class_numbers(texts: np.ndarray, classes: Sequence[str], source: Source) -> np.ndarray:
    number = {name: i for i, name in enumerate(classes)}
    unknown = sorted({text for text in texts.tolist() if text and text not in number})
    if unknown:
        raise OwnDataError(
            f"{source.place} has the {'classes' if len(unknown) > 1 else 'class'} "
            f"{some(unknown)}, which the task does not name; its classes are "
            f"{some(list(classes))}."
        )
    return np.array([number.get(text, -1) for text in texts.tolist()], dtype=np.int64)


def _natural(text: str) -> tuple[Any, ...]:
    """An order in which numbers within texts count as numbers."""
    if _is_number(text):
        return (0, float(text), text)
    pieces = re.split(r"(\d+)", text)
    return (1, *((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- sentences ----------------------------------------------------------------------------------


def _check_spread(task: Task, values: np.ndarray, source: Source) -> None:
    """Refuse what has but one answer."""
    where = ", ".join(source.target_names)
    if not task.has_target(values).any():
        raise OwnDataError(f"No sample of {source.place} has a target ({where}); give some.")
    if task.class_names:
        present = np.unique(values[values >= 0])
        if len(present) < 2:
            raise OwnDataError(
                f"All targets ({where}) of {source.place} are of one class, "
                f"{task.class_names[present[0]]!r}; there is nothing to tell apart."
            )
        return
    flat = values.reshape(-1, values.shape[-1])
    for name, column in zip(task.names, flat.T, strict=True):
        known = column[np.isfinite(column)]
        if not len(known):
            raise OwnDataError(f"No sample of {source.place} has a target {name!r}; leave it out.")
        if (known == known[0]).all():
            raise OwnDataError(
                f"Target {name!r} of {source.place} is {known[0]:g} everywhere; there is nothing "
                f"to learn."
            )


def _not_numbers(source: Source) -> OwnDataError:
    values = source.targets
    assert values is not None
    texts = [str(v) for v in values.reshape(-1).tolist() if str(v) and not _is_number(str(v))]
    return OwnDataError(
        f"Target {', '.join(source.target_names)} of {source.place} is text ({some(texts[:1])}) "
        f"where numbers are asked; choose --task classification, or another column."
    )


def _no_targets(source: Source, settings: OwnSettings) -> OwnDataError:
    wanted = ", ".join(settings.target)
    others = f"; its other columns are {some(source.columns)}" if source.columns else ""
    return OwnDataError(
        f"{source.place} has no target {wanted!r}{others}: name the target by --target."
    )
