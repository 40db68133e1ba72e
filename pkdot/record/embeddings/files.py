"""Files of embeddings, targets and names. Nothing is unpickled, and large files stay on disk.

An npy file is mapped into memory; csv and parquet become one float32 matrix, see
:mod:`pkdot.record.embeddings.tables`.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from .names import ID_COLUMNS, Array, as_names, split_ids
from .tables import open_parquet, read_matrix, separator, unreadable

if TYPE_CHECKING:
    import pandas as pd

KINDS = (".npy", ".npz", ".csv", ".parquet")


@dataclass(frozen=True, eq=False)
class Rows:
    """Values with a name a row.

    Attributes:
        values: (N, …), an array or a memory map.
        ids: (N,) names, or None.
        where: what messages call them.
    """

    values: Any
    ids: Array | None
    where: str


def read_embeddings(path: str | Path) -> Rows:
    """Embeddings of a file: numbers, and names where a column or array holds them.

    Raises:
        InputError: for a file that is missing or cannot be read, holds Python objects or text, or
            several matrices.
    """
    file = _existing(path)
    if file.suffix == ".npy":
        return Rows(_read_npy(file), None, file.name)
    if file.suffix == ".npz":
        arrays = _read_npz(file)
        names, own = split_ids(list(arrays))
        if len(names) != 1 and "embeddings" not in names:
            raise InputError(
                f"{file.name} holds {len(names)} arrays ({', '.join(names[:5])}); keep one, or "
                f"call it embeddings."
            )
        values = arrays["embeddings" if "embeddings" in names else names[0]]
        return Rows(values, None if own is None else as_names(arrays[own], file), file.name)
    values, ids = read_matrix(file)
    return Rows(values, ids, file.name)


def read_columns(path: str | Path, columns: tuple[str, ...] = ()) -> "pd.DataFrame":
    """The columns of a file of targets, groups or names; the row's name, if any, is the index.

    Args:
        path: npy (one column, or a matrix), npz (an array a column), csv or parquet.
        columns: names of the ones wanted; all by default.

    Raises:
        InputError: for a file that cannot be read, or that lacks a column.
    """
    import pandas as pd

    file = _existing(path)
    if file.suffix == ".npy":
        table = _as_columns({"target": np.asarray(_read_npy(file))})
    elif file.suffix == ".npz":
        table = _as_columns(_read_npz(file))
    elif file.suffix == ".csv":
        ids = dict.fromkeys(ID_COLUMNS, "str")
        try:
            table = pd.read_csv(file, dtype=ids, **separator(file).pandas)
        except (ValueError, OSError) as error:
            raise unreadable(file) from error
    else:
        table = open_parquet(file).read().to_pandas(ignore_metadata=True)
    names, ids_column = split_ids([str(name) for name in table.columns])
    table.columns = [str(name) for name in table.columns]
    if absent := [name for name in columns if name not in table.columns]:
        raise InputError(f"{file.name} has no column {absent[0]!r}, but {', '.join(names[:8])}.")
    kept = table[list(columns or names)]
    return kept if ids_column is None else kept.set_index(as_names(table[ids_column], file))


def read_names(path: str | Path) -> Array:
    """Names (N,) of rows: lines of a text file, or the only column, or that of names.

    Raises:
        InputError: for a file that cannot be read, or holds several columns.
    """
    file = Path(path)
    if file.suffix not in KINDS:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise InputError(f"{file} cannot be read as a list of names, a line each.") from error
        return as_names([line.strip() for line in lines], file)
    table = read_columns(file)
    if table.index.dtype.kind in "OU" or not table.shape[1]:
        return np.asarray(table.index, dtype=str)
    if table.shape[1] != 1:
        raise InputError(f"{file.name} has {table.shape[1]} columns; keep the one of names.")
    return as_names(table.iloc[:, 0], file)


# -- one kind of file a function -----------------------------------------------------------------


def _existing(path: str | Path) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    if file.suffix not in KINDS:
        raise InputError(f"{file.name} is of no known kind; give {', '.join(KINDS)}.")
    return file


def _refused(file: Path, error: ValueError) -> InputError:
    # a file of any other kind would be a pickle to NumPy, too: only these hold arrays of objects
    with file.open("rb") as stream:
        is_numpy = stream.read(6).startswith((b"\x93NUMPY", b"PK\x03\x04"))
    if is_numpy and ("pickle" in str(error).lower() or "objects" in str(error).lower()):
        return InputError(
            f"{file.name} holds Python objects, which are never unpickled; save arrays of numbers, "
            f"and names as text."
        )
    return unreadable(file)


def _read_npy(file: Path) -> Array:
    try:
        return np.asanyarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except ValueError as error:
        raise _refused(file, error) from error
    except (OSError, EOFError) as error:
        raise unreadable(file) from error


def _read_npz(file: Path) -> dict[str, Array]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except ValueError as error:
        raise _refused(file, error) from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise unreadable(file) from error


def _as_columns(arrays: dict[str, Array]) -> "pd.DataFrame":
    """Arrays (N,), and matrices (N, T) as T columns."""
    import pandas as pd

    columns: dict[str, Array] = {}
    for name, values in arrays.items():
        if values.ndim == 2:
            columns |= {f"{name}_{j}": column for j, column in enumerate(values.T)}
        elif values.ndim == 1:
            columns[name] = values
        else:
            raise InputError(f"Targets must have shape (N,) or (N, T), not {values.shape}.")
    if len({len(column) for column in columns.values()}) > 1:
        raise InputError("The arrays of a file of targets must be of one length.")
    return pd.DataFrame(columns)
