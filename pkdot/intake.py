"""What a recorder is given: tensors, arrays or lists, checked and turned into what is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import InputError
from .record import Batch
from .stored import Array


@dataclass(frozen=True)
class Probe:
    """The fixed samples that are followed through training.

    Attributes:
        sample_ids: N unique names.
        subjects: the group of each sample, N names; empty names where there are no groups.
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
    """A NumPy array from a tensor on any device, an array or a list."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float().numpy() if value.is_floating_point() else value.numpy()
    return np.asarray(value)


def matrix(value: Any, name: str) -> Array:
    """A float32 matrix (rows, columns)."""
    matrix = array(value).astype(np.float32)
    if matrix.ndim != 2 or matrix.size == 0:
        raise InputError(f"{name} must be a matrix with one row a sample, not {matrix.shape}.")
    return matrix


def epoch_number(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value or value < 0:
        raise InputError(f"An epoch is a whole number from 0 (before training), not {value!r}.")
    return int(value)


def batch_arrays(batch: Batch) -> tuple[dict[str, Array], dict[str, str]]:
    arrays = {
        "teacher": matrix(batch.teacher, "the batch's teacher"),
        "student": matrix(batch.student, "the batch's student"),
        "labels": array(batch.labels).astype(np.int64),
    }
    ids = [str(name) for name in batch.sample_ids]
    if len({len(ids), *(len(a) for a in arrays.values())}) != 1 or arrays["labels"].ndim != 1:
        raise InputError(
            f"A batch needs as many ids as labels and rows; given are {len(ids)} ids and arrays "
            f"of {', '.join(str(a.shape) for a in arrays.values())}."
        )
    return arrays, {"sample_ids": json.dumps(ids)}


def probe_columns(probe: Probe) -> tuple[list[str], list[str], Array, dict[str, Array]]:
    ids = [str(name) for name in probe.sample_ids]
    subjects = [str(name) for name in probe.subjects]
    labels = array(probe.labels).astype(np.int64)
    views = probe.media if isinstance(probe.media, Mapping) else {"image": probe.media}
    media = {str(name): array(view) for name, view in views.items() if view is not None}
    lengths = {len(ids), len(subjects), *labels.shape, *(len(view) for view in media.values())}
    if lengths != {len(ids)} or labels.ndim != 1 or not ids:
        raise InputError(
            f"A probe needs one subject, label and picture a sample; given are {len(ids)} ids, "
            f"{len(subjects)} subjects, labels {labels.shape}"
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
    return ids, subjects, labels, media
