"""Files of which a table is made: csv, parquet and arrow, read a few columns at a time.

Only the columns that are asked for are converted, or even read where the format allows it.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from .csv_form import CsvForm, csv_form
from .findings import OwnDataError


class Part(Protocol):
    """One file of a table.

    Attributes:
        path: the file.
        split: word of the split that the file's name gives, or "".
        types: column -> its type; of a csv file the type that its first rows suggest.
        metadata: what the writer kept beside the schema.
    """

    @property
    def path(self) -> Path: ...

    @property
    def split(self) -> str: ...

    @property
    def types(self) -> dict[str, pa.DataType]: ...

    @property
    def metadata(self) -> dict[bytes, bytes]: ...

    def rows(self) -> int:
        """Their number."""
        ...

    def batches(self, names: Sequence[str], wanted: pa.DataType) -> Iterator[pa.RecordBatch]:
        """The columns of these names, a stretch of rows at a time.

        Args:
            names: of columns that are there.
            wanted: type to read a csv file's cells as; other files know their types.
        """
        ...


@dataclass(frozen=True)
class CsvPart:
    """A text file with a line a row."""

    path: Path
    split: str = ""
    form: CsvForm = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "form", csv_form(self.path))

    @property
    def types(self) -> dict[str, pa.DataType]:
        form = self.form
        return {n: pa.float32() if form.looks_numeric(n) else pa.string() for n in form.columns}

    @property
    def metadata(self) -> dict[bytes, bytes]:
        return {}

    def rows(self) -> int:
        return sum(len(b) for b in self.batches(self.form.columns[:1], pa.string()))

    def batches(self, names: Sequence[str], wanted: pa.DataType) -> Iterator[pa.RecordBatch]:
        from pyarrow import csv as arrow_csv

        columns = self.form.columns
        ragged: list[str] = []

        def refuse(row: Any) -> str:
            line = f", line {row.number}," if row.number is not None else ""
            ragged.append(
                f"{self.path.name}{line} has {row.actual_columns} cells where "
                f"{row.expected_columns} columns are named; mend that line."
            )
            return "error"

        try:
            with arrow_csv.open_csv(
                self.path,
                read_options=arrow_csv.ReadOptions(
                    column_names=list(columns),
                    skip_rows=1,
                    block_size=max(1 << 22, 1 << (len(columns) * 64).bit_length()),
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.form.separator,
                    newlines_in_values=True,
                    invalid_row_handler=refuse,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=list(names),
                    column_types=dict.fromkeys(names, wanted),
                    decimal_point=self.form.decimal,
                    null_values=["", "NA", "N/A", "NaN", "nan", "null", "NULL", "#N/A"],
                ),
            ) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise OwnDataError(ragged[0] if ragged else self._explained(str(error))) from None
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def _explained(self, message: str) -> str:
        if "invalid UTF8" in message:
            return f"{self.path.name} is not in UTF-8; save it in that encoding."
        found = re.search(r"column #(\d+):.*invalid value '(.*?)'", message, re.DOTALL)
        if not found:
            return f"{self.path.name} cannot be read as a table ({message.splitlines()[0]})."
        place, value = int(found[1]), found[2]
        line = self._line_of(place, value)
        return (
            f"{self.path.name} holds {value[:40]!r} in column {self.form.columns[place]!r}"
            f"{line}, where numbers are asked; mend the cell, or leave it empty."
        )

    def _line_of(self, place: int, value: str) -> str:
        with self.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.form.separator)
            for row in reader:
                if place < len(row) and row[place] == value:
                    return f", line {reader.line_num}"
        return ""


@dataclass(frozen=True)
class ParquetPart:
    """A parquet file."""

    path: Path
    split: str = ""
    _schema: pa.Schema = field(init=False)
    _rows: int = field(init=False)

    def __post_init__(self) -> None:
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.path) as file:
                object.__setattr__(self, "_schema", file.schema_arrow)
                object.__setattr__(self, "_rows", file.metadata.num_rows)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from None

    @property
    def types(self) -> dict[str, pa.DataType]:
        return dict(zip(self._schema.names, self._schema.types, strict=True))

    @property
    def metadata(self) -> dict[bytes, bytes]:
        return self._schema.metadata or {}

    def rows(self) -> int:
        return self._rows

    def batches(self, names: Sequence[str], wanted: pa.DataType) -> Iterator[pa.RecordBatch]:
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=4096, columns=list(names)):
                    yield batch.select(list(names))
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from None


@dataclass(frozen=True)
class ArrowPart:
    """An arrow file, as a stream (what ``datasets`` writes) or with a table of contents."""

    path: Path
    split: str = ""

    def _open(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        try:
            source = pa.memory_map(str(self.path))
            try:
                stream = pa.ipc.open_stream(source)
                return stream.schema, iter(stream)
            except pa.ArrowInvalid:
                file = pa.ipc.open_file(source)
                batches = (file.get_batch(i) for i in range(file.num_record_batches))
                return file.schema, batches
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from None

    @property
    def types(self) -> dict[str, pa.DataType]:
        schema = self._open()[0]
        return dict(zip(schema.names, schema.types, strict=True))

    @property
    def metadata(self) -> dict[bytes, bytes]:
        return self._open()[0].metadata or {}

    def rows(self) -> int:
        return sum(batch.num_rows for batch in self.batches([], pa.string()))

    def batches(self, names: Sequence[str], wanted: pa.DataType) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._open()[1]:
                yield batch.select(list(names)) if names else batch
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from None


def _unreadable(path: Path, error: BaseException) -> OwnDataError:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    if path.is_file() and path.stat().st_size == 0:
        reason = "it has no bytes"
    return OwnDataError(f"{path.name} cannot be read ({reason}); write the file again.")
