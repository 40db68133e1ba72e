"""Tables of a record: parquet, checked by size, type and shape before it is unpacked.

pandas and pyarrow are imported where a table is read, so that listing runs costs neither.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RecordError
from .files import damage, read_file

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LARGEST = 2**29
"""Bytes of a file."""
UNPACKED = 2**30
"""Bytes of a table in memory: 6 million rows of metrics, or 250,000 of 500 outputs."""
MOST_COLUMNS = 10_000
LONGEST_TEXT = 1000
"""Characters of a text. Names become arrays of one width, so that one long name costs all rows."""
_FOOTER = 2**24
_TEXTS = {"stage", "split", "name", "network", "media"}
_NAMES = {"sample_id", "subject"}
_WHOLE = {"epoch": (0, 10**9), "label": (-1, 10**6)}
_NUMBERS = re.compile(r"value|x|y|(teacher|student|target)_\d+")


def read_table(record: Path, name: str, columns: tuple[str, ...]) -> "pd.DataFrame":
    """Read a parquet file of a record.

    Args:
        record: its folder.
        name: of the file within it.
        columns: that must be there.

    Raises:
        RecordError: if it is missing or damaged, lacks one of ``columns``, is too large when
            unpacked, or holds a column of another kind than it must be.
    """
    import pyarrow as pa

    content = read_file(record, name, LARGEST)
    if len(content) < 12 or content[-4:] != b"PAR1" or content[:4] != b"PAR1":
        raise damage(record, f"{name} is no parquet file, or cut short")
    if int.from_bytes(content[-8:-4], "little") > min(_FOOTER, len(content) - 12):
        raise damage(record, f"{name} describes more columns than a table here may have")
    try:
        return _checked(record, name, columns, content)
    except RecordError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError):
        raise damage(record, f"{name} cannot be read") from None


def _checked(
    record: Path, name: str, columns: tuple[str, ...], content: bytearray
) -> "pd.DataFrame":
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits = {"thrift_container_size_limit": 4 * MOST_COLUMNS}
    # A plain single file: no folder names taken for columns, no pandas metadata to interpret.
    # Texts as dictionaries: one that is repeated a million times is unpacked once, and measured.
    texts = [column for column in columns if column in _TEXTS | _NAMES]
    try:
        file = pq.ParquetFile(pa.py_buffer(content), read_dictionary=texts, **limits)
    except KeyError:  # one of them is not there
        texts = []
        file = pq.ParquetFile(pa.py_buffer(content), **limits)
    facts, schema = file.metadata, file.schema_arrow
    groups = range(facts.num_row_groups)
    size = max(8 * facts.num_rows * facts.num_columns,
               sum(facts.row_group(group).total_byte_size for group in groups))  # fmt: skip
    if facts.num_columns > MOST_COLUMNS or not 0 <= size <= UNPACKED:
        raise damage(record, f"{name} would unpack to {size} bytes in {facts.num_columns} columns")
    if len(set(schema.names)) < len(schema.names):
        raise damage(record, f"{name} has two columns of one name")
    if absent := [column for column in columns if column not in schema.names]:
        raise damage(record, f"{name} lacks the column {absent[0]!r}")
    for field in schema:
        if not _allowed(field.name, field.type):
            raise damage(record, f"the column {field.name[:80]!a} of {name} holds {field.type}")
    if more := [f.name for f in schema if _is_text(f.type) and f.name not in texts]:
        texts += more
        file = pq.ParquetFile(
            pa.py_buffer(content), metadata=facts, read_dictionary=texts, **limits
        )
    table = file.read(use_threads=False)
    table.validate(full=True)
    for column in filter(table.column_names.__contains__, texts):
        where = table.schema.get_field_index(column)
        table = table.set_column(where, column, _texts(record, name, column, table[column]))
    frame = table.to_pandas(ignore_metadata=True)
    for column, (low, high) in _WHOLE.items():
        if column in frame and not _whole_within(frame[column].to_numpy(), low, high):
            raise damage(
                record, f"the column {column!r} of {name} has values that are none of {low}…{high}"
            )
    return frame


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow.types as of

    kind = kind.value_type if of.is_dictionary(kind) else kind
    return of.is_string(kind) or of.is_large_string(kind)


def _allowed(column: str, kind: "pa.DataType") -> bool:
    import pyarrow.types as of

    number = of.is_integer(kind) or of.is_floating(kind) or of.is_boolean(kind)
    if column in _TEXTS:
        return _is_text(kind) or of.is_null(kind)
    if column in _NAMES:
        return _is_text(kind) or of.is_integer(kind) or of.is_null(kind)
    if column in _WHOLE:
        return number
    if _NUMBERS.fullmatch(column):
        return number or of.is_null(kind)
    return _is_text(kind) or of.is_primitive(kind) or of.is_decimal(kind) or of.is_null(kind)


def _texts(record: Path, name: str, column: str, values: Any) -> Any:
    """A column of texts, unpacked once it is known how long they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(values.type):
        return values
    lengths = [pc.max(pc.binary_length(chunk.dictionary)).as_py() for chunk in values.chunks]
    longest = max((length or 0 for length in lengths), default=0)
    if longest > LONGEST_TEXT or longest * len(values) > UNPACKED:
        raise damage(
            record, f"the column {column[:80]!a} of {name} has a text of {longest} characters"
        )
    return values.cast(pa.string())


def _whole_within(values: Any, low: int, high: int) -> bool:
    """Whether all values are whole numbers from low to high."""
    if values.dtype == bool or not len(values):
        return True
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return False
    whole = values.dtype.kind != "f" or bool((values == np.floor(values)).all())
    return whole and bool(values.min() >= low) and bool(values.max() <= high)
