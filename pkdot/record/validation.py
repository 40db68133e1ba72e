"""What a recorder is given: tensors, arrays or lists, checked and turned into what is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .schema import PREDICTIONS_COLUMNS
from .storage import Array, Batch

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Probe:
    """The fixed samples that are followed through training.

    Attributes:
        sample_ids: N unique names.
        subjects: the group of each sample, N names; None, or empty names, where there are none.
        labels: N class numbers; -1 where there is none.
        media: pictures for people to look at, uint8 of shape (N, H, W) or (N, H, W, 3), or a
            mapping from the name of a view to such an array, e.g.
            ``{"teacher sees": full, "student sees": coarse}``. Keep them small: thumbnails.
    """

    sample_ids: Any
    subjects: Any
    labels: Any
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
        value = value.float().numpy() if value.is_floating_point() else value.numpy()
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


def labels(value: Any, whose: str, classes: int) -> Array:
    """Class numbers as int64, -1 for none; ``classes`` is their number, 0 where it is not known.

    Raises:
        InputError: for numbers that are not whole or name no class.
    """
    given = array(value)
    whole = given.dtype.kind in "biu" or (
        given.dtype.kind == "f" and bool((given == np.floor(given)).all())
    )
    if not whole or not np.isfinite(given).all():
        raise InputError(
            f"{whose} labels must be whole numbers, -1 where there is none, not {_shown(given)}; "
            f"number the classes from 0."
        )
    numbers = given.astype(np.int64)
    check_classes(numbers, whose, classes)
    return numbers


def check_classes(numbers: Array, whose: str, classes: int) -> None:
    """Refuse labels below -1, or beyond the ``classes`` where their number is known (not 0)."""
    wrong = numbers[(numbers < -1) | ((numbers >= classes) if classes else False)]
    if wrong.size:
        last = f" to {classes - 1}, one a class name" if classes else ""
        raise InputError(
            f"{whose} labels must run from 0{last}, or be -1 where there is none, not {wrong[0]}."
        )


def _shown(values: Array) -> str:
    return repr(values.ravel()[:3].tolist())


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


def batch_arrays(batch: Batch, classes: int = 0) -> tuple[dict[str, Array], dict[str, str]]:
    arrays = {
        "teacher": matrix(batch.teacher, "the batch's teacher"),
        "student": matrix(batch.student, "the batch's student"),
        "labels": labels(batch.labels, "The batch's", classes),
    }
    ids = [str(name) for name in batch.sample_ids]
    if len({len(ids), *(len(a) for a in arrays.values())}) != 1 or arrays["labels"].ndim != 1:
        raise InputError(
            f"A batch needs as many ids as labels and rows; given are {len(ids)} ids and arrays "
            f"of {', '.join(str(a.shape) for a in arrays.values())}."
        )
    return arrays, {"sample_ids": json.dumps(ids)}


@dataclass(frozen=True)
class CheckedProbe:
    """A :class:`Probe` as a record keeps it: N ids, subjects, labels (N,), pictures by view."""

    ids: list[str]
    subjects: list[str]
    labels: Array
    media: dict[str, Array]


def check_probe(probe: Probe, classes: int = 0) -> CheckedProbe:
    """Ids, subjects, labels and pictures; ``classes`` as for :func:`labels`.

    Raises:
        InputError: for columns of unequal length, ids that repeat, or pictures that are none.
    """
    ids = [str(name) for name in probe.sample_ids]
    groups = [""] * len(ids) if probe.subjects is None else probe.subjects
    subjects = [str(name) for name in groups]
    numbers = labels(probe.labels, "The probe's", classes)
    views = probe.media if isinstance(probe.media, Mapping) else {"image": probe.media}
    media = {str(name): array(view) for name, view in views.items() if view is not None}
    lengths = {len(ids), len(subjects), *numbers.shape, *(len(view) for view in media.values())}
    if lengths != {len(ids)} or numbers.ndim != 1 or not ids:
        raise InputError(
            f"A probe needs one subject, label and picture a sample; given are {len(ids)} ids, "
            f"{len(subjects)} subjects, labels {numbers.shape}"
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
    return CheckedProbe(ids, subjects, numbers, media)
