"""Names of rows: which column holds them, and whether each row has one."""

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]

ID_COLUMNS = ("sample_id", "id", "ids", "sample", "name", "__index_level_0__")
"""A column or array called one of these holds the names of the rows; the first that is there."""


def split_ids(names: list[str]) -> tuple[list[str], str | None]:
    """The names of columns that hold values, and of the one that names the rows."""
    ids = next((name for name in ID_COLUMNS if name in names), None)
    return [name for name in names if name != ids], ids


def as_names(values: Any, file: Path) -> Array:
    """Names (N,) as text.

    Raises:
        InputError: if a row has none.
    """
    listed = list(np.asarray(values, dtype=object).ravel())
    for place, name in enumerate(listed):
        if name is None or name != name or str(name) == "":
            raise InputError(f"{file.name}: row {place} has no name; name each row once.")
    return np.array([str(name) for name in listed], dtype=str)
