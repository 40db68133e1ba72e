"""Files of embeddings, targets and names. Nothing is unpickled, and large files stay on disk.

An npy file is mapped into memory; csv and parquet are read a few thousand rows at a time into one
float32 matrix.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]

ID_COLUMNS = ("sample_id", "id", "ids", "sample", "name", "__index_level_0__")
"""A column or array called one of these holds the names of the rows; the first that is there."""
NO_EMBEDDING = ("label", "labels", "target", "targets", "class", "group", "subject", "split")
"""Columns that are no part of an embedding though they may hold numbers."""
KINDS = (".npy", ".npz", ".csv", ".parquet")
CHUNK = 4096
"""Rows that are read at a time."""


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
        names, ids = _split_ids(list(arrays))
        if len(names) != 1 and "embeddings" not in names:
            raise InputError(
                f"{file.name} holds {len(names)} arrays ({', '.join(names[:5])}); keep one, or "
                f"call it embeddings."
            )
        values = arrays["embeddings" if "embeddings" in names else names[0]]
        return Rows(values, None if ids is None else _as_names(arrays[ids], file), file.name)
    return _read_matrix(file)


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
            table = pd.read_csv(file, dtype=ids)
        except (ValueError, OSError) as error:
            raise _unreadable(file) from error
    else:
        table = _parquet(file).read().to_pandas(ignore_metadata=True)
    names, ids_column = _split_ids([str(name) for name in table.columns])
    table.columns = [str(name) for name in table.columns]
    if absent := [name for name in columns if name not in table.columns]:
        raise InputError(f"{file.name} has no column {absent[0]!r}, but {', '.join(names[:8])}.")
    kept = table[list(columns or names)]
    return kept if ids_column is None else kept.set_index(_as_names(table[ids_column], file))


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
        return _as_names([line.strip() for line in lines], file)
    table = read_columns(file)
    if table.index.dtype.kind in "OU" or not table.shape[1]:
        return np.asarray(table.index, dtype=str)
    if table.shape[1] != 1:
        raise InputError(f"{file.name} has {table.shape[1]} columns; keep the one of names.")
    return _as_names(table.iloc[:, 0], file)


# -- one kind of file a function -----------------------------------------------------------------


def _existing(path: str | Path) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    if file.suffix not in KINDS:
        raise InputError(f"{file.name} is of no known kind; give {', '.join(KINDS)}.")
    return file


def _unreadable(file: Path) -> InputError:
    return InputError(
        f"{file.name} is damaged or no {file.suffix.lstrip('.')} file; write it anew."
    )


def _refused(file: Path, error: ValueError) -> InputError:
    if "pickle" in str(error).lower() or "objects" in str(error).lower():
        return InputError(
            f"{file.name} holds Python objects, which are never unpickled; save arrays of numbers, "
            f"and names as text."
        )
    return _unreadable(file)


def _read_npy(file: Path) -> Array:
    try:
        return np.asanyarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except ValueError as error:
        raise _refused(file, error) from error
    except (OSError, EOFError) as error:
        raise _unreadable(file) from error


def _read_npz(file: Path) -> dict[str, Array]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except ValueError as error:
        raise _refused(file, error) from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise _unreadable(file) from error


def _parquet(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(file) from error


def _csv(file: Path) -> tuple[list[str], Iterator["pa.RecordBatch"]]:
    """Names of the columns, and the rows; numbers but for the names of the rows."""
    import pyarrow as pa
    from pyarrow import csv

    with csv.open_csv(file) as reader:
        names = list(reader.schema.names)
    counted = [str(i) for i in range(len(names))]
    headless = names != counted and all(_is_number(name) for name in names)
    reading = csv.ReadOptions(autogenerate_column_names=headless)
    _, ids = _split_ids(names)
    types = {name: pa.string() if name == ids else pa.float32() for name in names}
    converting = csv.ConvertOptions(column_types={} if headless else types)
    reader = csv.open_csv(file, read_options=reading, convert_options=converting)
    return list(reader.schema.names), iter(reader)


def _read_matrix(file: Path) -> Rows:
    """A csv or parquet file as one float32 matrix, and its names."""
    import pyarrow as pa

    try:
        if file.suffix == ".csv":
            columns, batches = _csv(file)
        else:
            stored = _parquet(file)
            columns, batches = stored.schema_arrow.names, stored.iter_batches(CHUNK)
        names, ids = _split_ids(columns)
        _check_names(file, names)
        parts, labels = [], []
        for batch in batches:
            parts.append(_numbers(file, batch, names))
            if ids is not None:
                labels += batch.column(batch.schema.names.index(ids)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        told = str(error).splitlines()[0]
        if "conversion error" in told or "Expected" in told:
            raise InputError(
                f"{file.name} holds something else than numbers ({told}); leave such a column out, "
                f"or call it id where it names the rows."
            ) from error
        raise _unreadable(file) from error
    if not parts:
        raise InputError(f"{file.name} has no rows.")
    values = np.concatenate(parts)
    return Rows(values, None if ids is None else _as_names(labels, file), file.name)


def _check_names(file: Path, names: list[str]) -> None:
    for name in names:
        if name.strip() == "":
            raise InputError(
                f"{file.name} has a column without a name, as an index has; write it without one, "
                f"or call it id."
            )
        if name.lower() in NO_EMBEDDING or name.lower().startswith("target_"):
            raise InputError(
                f"{file.name} has a column {name!r} among its embeddings; leave it out, and give "
                f"targets and groups in files of their own."
            )


def _numbers(file: Path, batch: "pa.RecordBatch", names: list[str]) -> Array:
    """The columns of numbers (n, D), or the one column of lists of D numbers each."""
    import pyarrow as pa

    known = zip(batch.schema.names, batch.columns, strict=True)
    columns = [(name, column) for name, column in known if name in names]
    for name, column in columns:
        kind = column.type
        listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        if listed or pa.types.is_fixed_size_list(kind):
            if len(names) > 1:
                raise InputError(f"{file.name} has columns beside the lists of {name!r}; keep one.")
            return _lists(file, name, column)
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise InputError(
                f"{file.name}: column {name!r} holds {kind}, not numbers; leave it out, or call it "
                f"id where it names the rows."
            )
    matrix = np.empty((batch.num_rows, len(columns)), dtype=np.float32)
    for place, (_, column) in enumerate(columns):
        matrix[:, place] = column.to_numpy(zero_copy_only=False)
    return matrix


def _lists(file: Path, name: str, column: "pa.Array") -> Array:
    import pyarrow.compute as pc

    lengths = set(pc.list_value_length(column).to_pylist())
    if len(lengths) != 1 or None in lengths:
        raise InputError(
            f"{file.name}: the lists of {name!r} differ in length, or some are absent."
        )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    if flat.dtype.kind not in "iuf":
        raise InputError(f"{file.name}: column {name!r} holds lists of {flat.dtype}, not numbers.")
    return flat.astype(np.float32).reshape(len(column), -1)


# -- names ---------------------------------------------------------------------------------------


def _split_ids(names: list[str]) -> tuple[list[str], str | None]:
    """The names of columns that hold values, and of the one that names the rows."""
    ids = next((name for name in ID_COLUMNS if name in names), None)
    return [name for name in names if name != ids], ids


def _as_names(values: Any, file: Path) -> Array:
    listed = list(np.asarray(values, dtype=object).ravel())
    for place, name in enumerate(listed):
        if name is None or name != name or str(name) == "":
            raise InputError(f"{file.name}: row {place} has no name; name each row once.")
    return np.array([str(name) for name in listed], dtype=str)


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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
