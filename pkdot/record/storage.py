"""Arrays of a record: the bundles they come in, and whether they have the shape of one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .arrays import Array
from .files import damage
from .tables import LONGEST_TEXT


class Embeddings(NamedTuple):
    """Embeddings of the probe samples at one epoch: teacher (N, D), student (N, D')."""

    teacher: Array
    student: Array


class Features(NamedTuple):
    """Privileged features of the probe samples, each (N, F): real, and made by the T-Net."""

    real: Array
    hallucinated: Array


@dataclass(frozen=True)
class Batch:
    """One training batch as the loss saw it.

    Attributes:
        sample_ids: (B,) names.
        targets: (B,) classes, -1 where training had none; or values (B, T), NaN likewise.
        teacher: embeddings (B, D).
        student: embeddings (B, D').
    """

    sample_ids: Any
    targets: Any
    teacher: Any
    student: Any


def pair(
    record: Path, arrays: dict[str, Array], first: str, second: str, where: str
) -> tuple[Array, Array]:
    """Two matrices with as many rows each, picked by name.

    Raises:
        RecordError: if one is absent, or they do not match.
    """
    one, two = arrays.get(first), arrays.get(second)
    if one is None or two is None or one.ndim != 2 or two.ndim != 2 or len(one) != len(two):
        raise damage(record, f"{where} lacks matching arrays {first!r} and {second!r}")
    if not (one.size and two.size and one.dtype.kind in "iuf" and two.dtype.kind in "iuf"):
        raise damage(record, f"{where} has arrays of {one.dtype} and {two.dtype}, not of numbers")
    return one, two


def sample_names(record: Path, text: str, where: str) -> Array:
    """Names of samples, (B,), from a JSON list.

    Raises:
        RecordError: if it is none, or a name is longer than names are.
    """
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(
        isinstance(name, str) and len(name) <= LONGEST_TEXT for name in names
    ):
        raise damage(record, f"{where} has no names of samples")
    return np.array(names, dtype=str)


def check_pictures(record: Path, where: str, views: dict[str, Array]) -> None:
    """Refuse a view that is no stack of pictures (N, H, W) or (N, H, W, 3) uint8.

    Raises:
        RecordError: that names the view.
    """
    for name, images in views.items():
        colour = images.ndim == 4 and images.shape[-1] == 3
        if images.dtype != np.uint8 or not (images.ndim == 3 or colour):
            raise damage(record, f"view {name!r} of {where} is not a stack of pictures")
