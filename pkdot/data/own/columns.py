"""Columns of a table, whatever files it lies in: as texts, as numbers, as cells."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .csv_form import MISSING
from .findings import OwnDataError, some
from .parts import CsvPart, Part


@dataclass(frozen=True)
class Columns:
    """The columns of one table or of several files of one schema.

    Attributes:
        place: what messages call the table.
        parts: its files, in order.

    Raises:
        OwnDataError: for files of different columns, or a table without rows.
    """

    place: str
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        for part in self.parts[1:]:
            if list(part.types) != list(self.parts[0].types):
                raise OwnDataError(
                    f"{part.path.name} has other columns than {self.parts[0].path.name}; the "
                    f"files of one table must agree."
                )
        if len(self) == 0:
            raise OwnDataError(f"{self.place} has no rows; give a table with one row a sample.")

    def __len__(self) -> int:
        return sum(self.sizes)

    @cached_property
    def sizes(self) -> list[int]:
        """Rows of each file."""
        return [part.rows() for part in self.parts]

    @cached_property
    def types(self) -> dict[str, pa.DataType]:
        """Column -> its type; of csv files the type that the first rows suggest."""
        return self.parts[0].types

    @cached_property
    def features(self) -> dict[str, Any]:
        """What ``datasets`` says of each column, e.g. ``{"_type": "Image"}``; empty elsewhere."""
        try:
            content = json.loads(self.parts[0].metadata.get(b"huggingface", b"{}"))
            features = content["info"]["features"]
        except (ValueError, KeyError, TypeError):
            return {}
        return features if isinstance(features, dict) else {}

    def part_words(self) -> np.ndarray | None:
        """Words of the split that the files' names give, (N,); None where they give none."""
        words = [part.split for part in self.parts]
        return np.repeat(words, self.sizes) if all(words) else None

    def is_text(self, name: str) -> bool:
        """Whether a column holds texts."""
        return _is_text(self.types[name])

    def is_number(self, name: str) -> bool:
        """Whether a column holds one number a row."""
        kind = _plain(self.types[name])
        return bool(
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_null(kind)
        )

    def first_texts(self, name: str) -> list[str]:
        """A few values of a column of texts that are not missing."""
        part = self.parts[0]
        if isinstance(part, CsvPart):
            return part.form.texts(name)
        batch = next(part.batches([name], pa.string()), None)
        if batch is None:
            return []
        return [str(value) for value in batch.column(0).to_pylist()[:50] if value]

    def text(self, name: str) -> np.ndarray:
        """A column as texts, (N,); an empty one where it is missing."""
        found: list[str] = []
        for batch in self._batches([name], pa.string()):
            values = pc.cast(_decoded(batch.column(0)), pa.string()).to_pylist()
            found += ["" if v is None or v.strip() in MISSING else v.strip() for v in values]
        return np.array(found, dtype=str)

    def raw(self, name: str) -> np.ndarray:
        """A column as numbers where it is one of numbers, else as texts, (N,).

        Whole numbers stay whole where none is missing. Missing: NaN, or an empty text.
        """
        if isinstance(self.parts[0], CsvPart) or _is_text(self.types[name]):
            texts = self.text(name)
            comma = isinstance(self.parts[0], CsvPart) and self.parts[0].form.decimal == ","
            return _as_numbers(texts, comma)
        if not self.is_number(name):
            raise OwnDataError(
                f"Column {name!r} of {self.place} holds {self.types[name]}; a target is a text or "
                f"a number."
            )
        columns = [_decoded(b.column(0)) for b in self._batches([name], pa.float64())]
        whole = pa.chunked_array(columns)
        if pa.types.is_integer(whole.type) and not whole.null_count:
            return np.asarray(whole.to_numpy()).astype(np.int64)
        return _floats(whole, pa.float64())

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Columns side by side, (N, D) float32; NaN where missing.

        Raises:
            OwnDataError: for a column of anything else, with its first value.
        """
        for name in names:
            if not (self.is_number(name) or isinstance(self.parts[0], CsvPart)):
                hint = f" ({self.first_texts(name)[:1] or ''})" if self.is_text(name) else ""
                raise OwnDataError(
                    f"Column {name!r} of {self.place} holds {self.types[name]}{hint} where "
                    f"numbers are asked; leave it out or turn it into numbers."
                )
        values = np.empty((len(self), len(names)), dtype=np.float32)
        at = 0
        for batch in self._batches(names, pa.float32()):
            block = values[at : at + batch.num_rows]
            for j in range(len(names)):
                block[:, j] = _floats(batch.column(j), pa.float32())
            at += batch.num_rows
        return values

    def arrays(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A column of lists as (N, ...) float32, and which rows are missing, (N,).

        Raises:
            OwnDataError: for lists of other things than numbers, or of different lengths.
        """
        absent = np.zeros(len(self), dtype=bool)
        values: np.ndarray | None = None
        at = 0
        for batch in self._batches([name], pa.float32()):
            column = _storage(batch.column(0))
            there = ~np.asarray(column.is_null())
            absent[at : at + len(column)] = ~there
            if there.any():
                dense = self._dense(column.drop_null(), name)
                if values is None:
                    values = np.zeros((len(self), *dense.shape[1:]), dtype=np.float32)
                if dense.shape[1:] != values.shape[1:]:
                    raise self._uneven(name)
                values[at + np.flatnonzero(there)] = dense
            at += len(column)
        if values is None:
            raise OwnDataError(f"Column {name!r} of {self.place} is empty in every row.")
        return values, absent

    def _dense(self, column: pa.Array, name: str) -> np.ndarray:
        shape = [len(column)]
        while pa.types.is_list(column.type) or _is_other_list(column.type):
            lengths = np.unique(np.asarray(pc.list_value_length(column)))
            if len(lengths) != 1 or column.null_count:
                raise self._uneven(name)
            shape.append(int(lengths[0]))
            column = _storage(column.flatten())
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise OwnDataError(
                f"Column {name!r} of {self.place} holds lists of {column.type}; give numbers."
            )
        return _floats(column, pa.float32()).reshape(shape)

    def _uneven(self, name: str) -> OwnDataError:
        return OwnDataError(
            f"Column {name!r} of {self.place} holds lists of different lengths; cut or pad them "
            f"to one shape."
        )

    def cells(self, name: str) -> Iterator[tuple[int, Any]]:
        """Row and Python value of each cell of a column."""
        row = 0
        for batch in self._batches([name], pa.string()):
            for value in _storage(batch.column(0)):
                yield row, value.as_py()
                row += 1

    def _batches(self, names: Sequence[str], wanted: pa.DataType) -> Iterator[pa.RecordBatch]:
        for part in self.parts:
            yield from part.batches(names, wanted)


def _is_text(kind: pa.DataType) -> bool:
    kind = _plain(kind)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of the values of a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_other_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether a column holds lists, as arrays are kept."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return bool(pa.types.is_list(kind) or _is_other_list(kind))


def _storage(column: Any) -> Any:
    """What an extension type is kept as."""
    return column.storage if isinstance(column.type, pa.BaseExtensionType) else column


def _decoded(column: Any) -> Any:
    """A column without its dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _floats(column: Any, kind: pa.DataType) -> np.ndarray:
    """Numbers as floats, NaN where missing."""
    column = _decoded(column)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    with np.errstate(over="ignore"):
        return np.asarray(column.cast(kind, safe=False).to_numpy(zero_copy_only=False))


def _as_numbers(texts: np.ndarray, comma: bool) -> np.ndarray:
    """Texts as whole or real numbers where all that are there are such; else as they are."""
    there = texts != ""
    given = np.char.replace(texts[there], ",", ".") if comma else texts[there]
    if not len(given) or any(" " in t or "_" in t for t in given[:1000]):
        return texts
    try:
        numbers = given.astype(float)
    except ValueError:
        return texts
    if there.all() and all(t.lstrip("+-").isdigit() for t in given):
        return numbers.astype(np.int64)
    values = np.full(len(texts), np.nan)
    values[there] = numbers
    return values


def columns_named(wanted: Sequence[str], columns: Columns) -> str:
    """A clause with the columns that there are, for messages."""
    known = [name for name in columns.types if name not in wanted]
    return f"its columns are {some(known)}"
