"""What a recorder is given: tensors, arrays or lists, checked and turned into what is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, InputError
from ..tasks import Task
from .arrays import Array
from .schema import PREDICTIONS_COLUMNS
from .storage import Batch

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Probe:
    """The fixed samples that are followed through training.

    Attributes:
        sample_ids: N unique names.
        groups: the group of each sample (a subject, say), N names; None, or empty names, where
            there are none.
        targets: N classes, -1 where there is none; or values (N, T), NaN where there is none.
        media: pictures for people to look at, uint8 of shape (N, H, W) or (N, H, W, 3), or a
            mapping from the name of a view to such an array, e.g.
            ``{"teacher sees": full, "student sees": coarse}``. Keep them small: thumbnails.
    """

    sample_ids: Any
    groups: Any
    targets: Any
    media: Any = None


def packed(arrays: Mapping[str, Any], notes: dict[str, str]) -> bytes:
    """Arrays or tensors as safetensors; tensors keep types that NumPy lacks (bfloat16)."""
    tensors = {name: value for name, value in arrays.items() if hasattr(value, "detach")}
    if tensors and len(tensors) == len(arrays):
        from safetensors.torch import save

        # A clone each, since tied weights share memory and safetensors refuses that.
        return save({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, notes)
    from safetensors.numpy import save as save_numpy

    plain_arrays = {name: np.ascontiguousarray(array(value)) for name, value in arrays.items()}
    return save_numpy(plain_arrays, notes)


def array(value: Any) -> Array:
    """A NumPy array from a tensor on any device, an array or a list.

    Raises:
        InputError: for a list whose rows differ in length.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        is_half = value.is_floating_point() and value.element_size() < 4  # NumPy has no bfloat16
        value = (value.float() if is_half else value).numpy()
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InputError(
            "These rows differ in length and make no array; give a tensor, an array or a list of "
            "equal rows."
        ) from error


def checked_tensors(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors and arrays by name, or InputError for what is neither."""
    if not isinstance(tensors, Mapping):
        raise InputError(
            f"A checkpoint is a mapping from name to tensor, not {type(tensors).__name__}; give "
            f"for instance model.state_dict()."
        )
    for name, value in tensors.items():
        if not hasattr(value, "detach") and array(value).dtype.kind not in "biuf":
            raise InputError(
                f"{name!r} is a {type(value).__name__}, which a checkpoint cannot hold; give a "
                f"tensor or an array of numbers, and put plain values into notes."
            )
    return {str(name): value for name, value in tensors.items()}


def matrix(value: Any, name: str) -> Array:
    """A float32 matrix (rows, columns)."""
    matrix = array(value)
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"{name} must be a matrix of numbers, not of {matrix.dtype}.")
    with np.errstate(over="ignore"):  # beyond float32 is infinite: kept, as a run that diverged has
        matrix = matrix.astype(np.float32)
    if matrix.ndim != 2 or matrix.size == 0:
        raise InputError(f"{name} must be a matrix with one row a sample, not {matrix.shape}.")
    return matrix


def checked_targets(value: Any, whose: str, task: Task) -> Array:
    """Targets as the task has them.

    Raises:
        InputError: for targets that the task cannot have.
    """
    try:
        return task.check(array(value))
    except DataError as error:
        raise InputError(f"{whose} targets: {error}") from None


def check_facts(facts: Any) -> None:
    """Refuse facts that are no mapping, or whose ``seconds`` is none, when they come in."""
    if facts is None:
        return
    if not isinstance(facts, Mapping):
        raise InputError(f"facts must be a mapping from name to value, not {type(facts).__name__}.")
    seconds = facts.get("seconds", {})
    if not isinstance(seconds, Mapping):
        raise InputError(
            f'The fact seconds must be a mapping such as {{"teacher": 3.1}}, not {seconds!r}.'
        )


def check_predictions(frame: "pd.DataFrame") -> None:
    """Refuse a table of predictions that lacks a column."""
    absent = [name for name in PREDICTIONS_COLUMNS if name not in frame.columns]
    if absent or not any(str(name).startswith("student") for name in frame.columns):
        raise InputError(
            f"Predictions need the columns {', '.join(PREDICTIONS_COLUMNS)} and student_0 …; this "
            f"table lacks {absent[0] if absent else 'student_0'}."
        )


def epoch_number(value: Any) -> int:
    """A whole number from 0, or InputError."""
    try:
        wrong = isinstance(value, bool) or int(value) != value or value < 0
    except (TypeError, ValueError, OverflowError):  # text, NaN, infinity
        wrong = True
    if wrong:
        raise InputError(f"An epoch is a whole number from 0 (before training), not {value!r}.")
    return int(value)


def batch_arrays(batch: Batch, task: Task) -> tuple[dict[str, Array], dict[str, str]]:
    arrays = {
        "teacher": matrix(batch.teacher, "the batch's teacher"),
        "student": matrix(batch.student, "the batch's student"),
        "targets": checked_targets(batch.targets, "The batch's", task),
    }
    ids = [str(name) for name in batch.sample_ids]
    if len({len(ids), *(len(a) for a in arrays.values())}) != 1:
        raise InputError(
            f"A batch needs as many ids as targets and rows; given are {len(ids)} ids and arrays "
            f"of {', '.join(str(a.shape) for a in arrays.values())}."
        )
    return arrays, {"sample_ids": json.dumps(ids)}


@dataclass(frozen=True)
class CheckedProbe:
    """A :class:`Probe` as a record keeps it: N ids, groups, targets, pictures by view."""

    ids: list[str]
    groups: list[str]
    targets: Array
    media: dict[str, Array]


def check_probe(probe: Probe, task: Task) -> CheckedProbe:
    """Ids, groups, targets and pictures.

    Raises:
        InputError: for columns of unequal length, ids that repeat, or pictures that are none.
    """
    ids = [str(name) for name in probe.sample_ids]
    given = [""] * len(ids) if probe.groups is None else probe.groups
    groups = [str(name) for name in given]
    targets = checked_targets(probe.targets, "The probe's", task)
    views = probe.media if isinstance(probe.media, Mapping) else {"image": probe.media}
    media = {str(name): array(view) for name, view in views.items() if view is not None}
    lengths = {len(ids), len(groups), len(targets), *(len(view) for view in media.values())}
    if lengths != {len(ids)} or not ids:
        raise InputError(
            f"A probe needs one group, target and picture a sample; given are {len(ids)} ids, "
            f"{len(groups)} groups, targets {targets.shape}"
            + "".join(f", {name} {view.shape}" for name, view in media.items())
            + "."
        )
    if len(set(ids)) != len(ids):
        raise InputError("A probe's sample ids must be unique; some name stands twice.")
    for name, view in media.items():
        if view.dtype != np.uint8 or not (view.ndim == 3 or view.shape[1:][2:] == (3,)):
            raise InputError(
                f"Pictures must be uint8 of shape (N, H, W) or (N, H, W, 3); view {name!r} is "
                f"{view.dtype} {view.shape}."
            )
    return CheckedProbe(ids, groups, targets, media)
