"""Tables of embeddings, csv and parquet, as one float32 matrix; some thousand rows at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import InputError
from .names import Array, as_names, split_ids

if TYPE_CHECKING:
    import pyarrow as pa

NO_EMBEDDING = ("label", "labels", "target", "targets", "class", "group", "subject", "split")
"""Columns that are no part of an embedding though they may hold numbers."""
CHUNK = 4096
"""Rows that are read at a time."""
SEPARATORS = ",;\t|"


class Separator(NamedTuple):
    """What stands between the columns of a csv file, and within its numbers."""

    between: str
    decimal: str

    @property
    def pandas(self) -> dict[str, str]:
        """As :func:`pandas.read_csv` takes them."""
        return {"sep": self.between, "decimal": self.decimal}


def separator(file: Path) -> Separator:
    """The separator of a csv file's first line; numbers have decimal commas where it is another.

    Raises:
        InputError: for a file that is empty or no text.
    """
    try:
        with file.open(encoding="utf-8-sig") as lines:
            first, second = lines.readline(), lines.readline()
    except (OSError, ValueError) as error:
        raise unreadable(file) from error
    if not first.strip():
        raise InputError(f"{file.name} is empty; give a line of names, then a line a sample.")
    between = max(SEPARATORS, key=first.count)
    return Separator(between, "," if between != "," and "," in second else ".")


def open_parquet(file: Path) -> Any:
    """A parquet file, open for reading.

    Raises:
        InputError: if it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file) from error


def _csv(file: Path) -> tuple[list[str], Iterator["pa.RecordBatch"]]:
    """Names of the columns, and the rows; numbers but for the names of the rows."""
    import pyarrow as pa
    from pyarrow import csv

    apart = separator(file)
    parsing = csv.ParseOptions(delimiter=apart.between)
    with csv.open_csv(file, parse_options=parsing) as reader:
        names = list(reader.schema.names)
    counted = [str(i) for i in range(len(names))]
    headless = names != counted and all(is_number(name) for name in names)
    reading = csv.ReadOptions(autogenerate_column_names=headless)
    _, ids = split_ids(names)
    types = {name: pa.string() if name == ids else pa.float32() for name in names}
    converting = csv.ConvertOptions(
        column_types={} if headless else types, decimal_point=apart.decimal
    )
    reader = csv.open_csv(file, reading, parsing, converting)
    return list(reader.schema.names), iter(reader)


def read_matrix(file: Path) -> tuple[Array, Array | None]:
    """A csv or parquet file as one float32 matrix (N, D), and the names of its rows, if any.

    Raises:
        InputError: for a file that is damaged, empty, or holds something else than numbers.
    """
    import pyarrow as pa

    try:
        if file.suffix == ".csv":
            columns, batches = _csv(file)
        else:
            stored = open_parquet(file)
            columns, batches = stored.schema_arrow.names, stored.iter_batches(CHUNK)
        names, ids = split_ids(columns)
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
        raise unreadable(file) from error
    if not parts:
        raise InputError(f"{file.name} has no rows.")
    values = np.concatenate(parts)
    return values, None if ids is None else as_names(labels, file)


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


def unreadable(file: Path) -> InputError:
    """The error of a file that is damaged."""
    return InputError(
        f"{file.name} is damaged or no {file.suffix.lstrip('.')} file; write it anew."
    )


def is_number(text: str) -> bool:
    """Whether text can be read as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
