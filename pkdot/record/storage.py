"""Tables and arrays of a record: the bundles they come in, and reading them.

pandas and pyarrow are imported where a table is read, so that listing runs costs neither.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import RecordError

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


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


def damage(record: Path, what: str) -> RecordError:
    """The error for a record that is broken in some place."""
    return RecordError(f"The record {record.name} is damaged: {what}; run it again.")


def read_table(record: Path, name: str, columns: tuple[str, ...]) -> "pd.DataFrame":
    """Read a parquet file of a record.

    Raises:
        RecordError: if it is missing, cannot be read, or lacks one of ``columns``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A plain single file: no folder names taken for columns, no pandas metadata to interpret.
        table = pq.ParquetFile(record / name).read()
        frame = table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        raise damage(record, f"{name} is missing or cannot be read") from error
    if absent := [column for column in columns if column not in frame.columns]:
        raise damage(record, f"{name} lacks the column {absent[0]!r}")
    return frame


def read_arrays(record: Path, name: str) -> tuple[dict[str, Array], dict[str, str]]:
    """Read a safetensors file of a record: arrays by name, and its notes.

    Raises:
        RecordError: if it is missing, cannot be read, or holds a type that NumPy lacks.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(record / name, framework="numpy") as stored:
            arrays = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
            return arrays, dict(stored.metadata() or {})
    except (SafetensorError, OSError, TypeError, AttributeError) as error:
        raise damage(record, f"{name} is missing or cannot be read") from error


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
    return one, two


def check_pictures(record: Path, where: str, views: dict[str, Array]) -> None:
    """Refuse a view that is no stack of pictures (N, H, W) or (N, H, W, 3) uint8.

    Raises:
        RecordError: that names the view.
    """
    for name, images in views.items():
        colour = images.ndim == 4 and images.shape[-1] == 3
        if images.dtype != np.uint8 or not (images.ndim == 3 or colour):
            raise damage(record, f"view {name!r} of {where} is not a stack of pictures")
