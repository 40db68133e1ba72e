"""Tables of embeddings, csv and parquet, as one float32 matrix; some thousand rows at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import InputError
from .names import Array, as_names, check_length, split_ids

if TYPE_CHECKING:
    import pyarrow as pa

NO_EMBEDDING = ("label", "labels", "target", "targets", "class", "group", "subject", "split")
"""Columns that are no part of an embedding though they may hold numbers."""
CHUNK = 4096
"""Rows that are read at a time."""
SEPARATORS = ",;\t|"
MOST_COLUMNS = 100_000
_LONGEST_LINE = 2**24
_LONGEST_REASON = 200
_FOOTER = 2**26
"""Bytes of a parquet footer: the names and places of all columns."""


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
    first, second = _first_lines(file)
    between = max(SEPARATORS, key=first.count)
    return Separator(between, "," if between != "," and "," in second else ".")


def first_line(file: Path) -> str:
    """The first line of a csv file: names, or numbers.

    Raises:
        InputError: for a file that is empty or no text.
    """
    return _first_lines(file)[0]


def _first_lines(file: Path) -> tuple[str, str]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            first, second = lines.readline(_LONGEST_LINE), lines.readline(_LONGEST_LINE)
    except (OSError, ValueError) as error:
        raise unreadable(file) from error
    if not first.strip():
        raise InputError(f"{file.name} is empty; give a line of names, then a line a sample.")
    if len(first) == _LONGEST_LINE or max(map(first.count, SEPARATORS)) >= MOST_COLUMNS:
        raise InputError(
            f"{file.name} begins with a line of {MOST_COLUMNS} columns or more; write a line a "
            f"sample."
        )
    return first, second


def open_parquet(file: Path) -> Any:
    """A parquet file, open for reading; texts stay dictionaries, so that a long one is seen.

    Raises:
        InputError: if it is damaged, or has two columns of one name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - 8))
            footer = int.from_bytes(stream.read(4), "little")
        if not 0 < footer <= min(_FOOTER, size - 12):
            raise unreadable(file)
        limits = {"thrift_container_size_limit": 4 * MOST_COLUMNS}
        stored = pq.ParquetFile(file, **limits)
        schema = stored.schema_arrow
        texts = [field.name for field in schema if is_text(field.type)]
        if texts:
            stored = pq.ParquetFile(file, metadata=stored.metadata, read_dictionary=texts, **limits)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise unreadable(file) from error
    if len(set(schema.names)) < len(schema.names):
        raise InputError(f"{file.name} has two columns of one name; name each once.")
    return stored


def is_text(kind: "pa.DataType") -> bool:
    """Whether a column of a parquet file holds text."""
    import pyarrow.types as of

    kind = kind.value_type if of.is_dictionary(kind) else kind
    return bool(of.is_string(kind) or of.is_large_string(kind))


def plain_texts(file: Path, column: Any) -> Any:
    """A column of a parquet file; text unpacked from its dictionary once it is known how long.

    Raises:
        InputError: for a text of more than :data:`pkdot.record.tables.LONGEST_TEXT` characters.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_dictionary(column.type) and is_text(column.type)):
        return column
    parts = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    lengths = [pc.max(pc.binary_length(part.dictionary)).as_py() or 0 for part in parts]
    check_length(file.name, max(lengths, default=0))
    return column.cast(pa.string())


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
                labels += plain_texts(file, batch.column(ids)).to_pylist()
    except (pa.ArrowException, OSError, UnicodeError, OverflowError, MemoryError) as error:
        told = (str(error).splitlines() or [""])[0][:_LONGEST_REASON]
        if "Expected" in told:
            raise InputError(
                f"{file.name} has lines of more or fewer cells than its first ({told}); give each "
                f"column a name there, and each line as many cells."
            ) from error
        if "conversion error" in told:
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
            held = kind.value_type if pa.types.is_dictionary(kind) else kind
            raise InputError(
                f"{file.name}: column {name!r} holds {held}, not numbers; leave it out, or call it "
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
