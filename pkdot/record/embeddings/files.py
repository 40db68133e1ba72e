"""Files of embeddings, targets and names. Nothing is unpickled, and large files stay on disk.

An npy file is mapped into memory; csv and parquet become one float32 matrix, see
:mod:`pkdot.record.embeddings.tables`. What a file would unpack to is known from its head before,
see :mod:`pkdot.record.embeddings.heads`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...array_files import load_array, load_member, names_of_arrays
from ...errors import InputError
from .heads import KINDS, check_head, damage_of, existing_file, read_head
from .names import ID_COLUMNS, Array, as_names, split_ids
from .tables import MOST_COLUMNS, open_parquet, plain_texts, read_matrix, separator

if TYPE_CHECKING:
    import pandas as pd


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
        InputError: for a file that is missing or cannot be read, would take more memory than is
            free, holds Python objects or text, or several matrices.
    """
    file = existing_file(path)
    if file.suffix == ".npy":
        return Rows(_read_npy(file), None, file.name)
    check_head(file)
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
    file = existing_file(path)
    head = check_head(file, texts=True)
    if head.kind == ".parquet":  # only what is wanted is read
        _check_columns(file, columns, list(head.columns), head.ids)
    with damage_of(file):
        table = _read_table(file, columns, head.ids)
    names, ids_column = split_ids(list(table.columns))
    _check_columns(file, columns, names, ids_column)
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


def _check_columns(file: Path, wanted: tuple[str, ...], names: list[str], ids: str | None) -> None:
    if absent := [name for name in wanted if name not in (*names, ids)]:
        raise InputError(f"{file.name} has no column {absent[0]!r}, but {', '.join(names[:8])}.")


def _read_table(file: Path, columns: tuple[str, ...], ids: str | None) -> "pd.DataFrame":
    """The columns of a file that are wanted (all where none is named) and that of names."""
    import pandas as pd

    if file.suffix == ".npy":
        return _as_columns({"target": np.asarray(_read_npy(file))})
    if file.suffix == ".npz":
        return _as_columns(_read_npz(file))
    if file.suffix == ".csv":
        kinds = dict.fromkeys(ID_COLUMNS, "str")
        table = pd.read_csv(file, dtype=kinds, **separator(file).pandas)
        if not isinstance(table.index, pd.RangeIndex):  # pandas takes cells too many for names
            raise InputError(
                f"{file.name} has lines of more cells than its first one; name each column there."
            )
        table.columns = [str(name) for name in table.columns]
        return table
    stored = open_parquet(file)
    wanted = list(dict.fromkeys([*columns, *([ids] if ids else [])])) if columns else None
    table = stored.read(columns=wanted)
    for place, name in enumerate(table.column_names):
        table = table.set_column(place, name, plain_texts(file, table[name]))
    return table.to_pandas(ignore_metadata=True)


def _read_npy(file: Path) -> Array:
    read_head(file)
    with damage_of(file):
        return load_array(file, mapped=True)


def _read_npz(file: Path) -> dict[str, Array]:
    with damage_of(file):
        return {name: load_member(file, name) for name in names_of_arrays(file)}


def _as_columns(arrays: dict[str, Array]) -> "pd.DataFrame":
    """Arrays (N,), and matrices (N, T) as T columns."""
    import pandas as pd

    columns: dict[str, Array] = {}
    for name, values in arrays.items():
        if values.ndim == 2:
            if values.shape[1] > MOST_COLUMNS:
                raise InputError(
                    f"The array {name!r} has {values.shape[1]} columns, more than {MOST_COLUMNS}; "
                    f"give a row a sample, and a column a target."
                )
            columns |= {f"{name}_{j}": column for j, column in enumerate(values.T)}
        elif values.ndim == 1:
            columns[name] = values
        else:
            raise InputError(f"Targets must have shape (N,) or (N, T), not {values.shape}.")
    if len({len(column) for column in columns.values()}) > 1:
        raise InputError("The arrays of a file of targets must be of one length.")
    return pd.DataFrame(columns)
