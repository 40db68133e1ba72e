"""Names of rows: which column holds them, and whether each row has one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..tables import LONGEST_TEXT

Array = np.ndarray[Any, np.dtype[Any]]

ID_COLUMNS = ("sample_id", "id", "ids", "sample", "name", "__index_level_0__")
"""A column or array called one of these holds the names of the rows; the first that is there."""


def split_ids(names: list[str]) -> tuple[list[str], str | None]:
    """The names of columns that hold values, and of the one that names the rows."""
    ids = next((name for name in ID_COLUMNS if name in names), None)
    return [name for name in names if name != ids], ids


def names_of_files(teacher: Path, student: Path) -> tuple[str, str]:
    """What two matrices are called where nobody says: as their files, if these have two names."""
    one, other = teacher.stem, student.stem
    return (one, other) if one != other else ("teacher", "student")


def as_names(values: Any, file: Path) -> Array:
    """Names (N,) as text.

    Raises:
        InputError: if a row has none.
    """
    listed = list(np.asarray(values, dtype=object).ravel())
    for place, name in enumerate(listed):
        if name is None or name != name or str(name) == "":
            raise InputError(f"{file.name}: row {place} has no name; name each row once.")
    names = [str(name) for name in listed]
    check_texts(file.name, names)
    return np.array(names, dtype=str)


def check_texts(where: str, texts: Iterable[str]) -> None:
    """Refuse texts that are too long: as an array, all rows take as much room as the longest.

    Raises:
        InputError: if one has more characters than a record may keep.
    """
    check_length(where, max(map(len, texts), default=0))


def check_length(where: str, longest: int) -> None:
    """Refuse texts of which the longest has so many characters.

    Raises:
        InputError: if these are more than a record may keep.
    """
    if longest > LONGEST_TEXT:
        raise InputError(
            f"{where} holds a text of {longest} characters; names and classes have at most "
            f"{LONGEST_TEXT}."
        )
