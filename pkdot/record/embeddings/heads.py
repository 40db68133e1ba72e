"""What the head of a file says of its shape and size, before anything of it is unpacked.

A file of some kilobytes may unpack to terabytes, and an array of Python objects may run a
stranger's code. Both show in the head: shapes and types of arrays, the sizes that an archive or a
parquet file names, the lines of a csv file.
"""

import csv
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from ...array_files import read_npy_head
from ...errors import InputError
from .names import split_ids
from .tables import MOST_COLUMNS, first_line, is_number, open_parquet, separator, unreadable

KINDS = (".npy", ".npz", ".csv", ".parquet")
TEXTS = 8
"""Memory of a cell that may be a text, as pandas keeps it, in numbers of 8 bytes."""
_BLOCK = 2**20
_DAMAGE = (
    ValueError, OSError, EOFError, SyntaxError, TypeError, LookupError, OverflowError, MemoryError,
    RuntimeError, tokenize.TokenError, struct.error, zipfile.BadZipFile, zlib.error, csv.Error,
)  # fmt: skip
"""What NumPy, pandas, zipfile and csv raise for files that are damaged, or made to do harm."""


@dataclass(frozen=True)
class FileHead:
    """What the head of a file promises.

    Attributes:
        name: of the file.
        kind: its ending, one of :data:`KINDS`.
        rows: how many; of a csv file its lines, blank ones among them.
        columns: names of columns that hold values, or of arrays; empty where there are none.
        ids: the column that names the rows; None where there is none.
        width: numbers in a row; 0 where the head does not say.
        type: of the numbers, in words.
        size: bytes on disk.
        memory: bytes in memory at most, where the cells of tables are numbers.
    """

    name: str
    kind: str
    rows: int
    columns: tuple[str, ...]
    ids: str | None
    width: int
    type: str
    size: int
    memory: int


def existing_file(path: str | Path) -> Path:
    """A file of embeddings, targets or names that is there.

    Raises:
        InputError: if it is not, or is of no known kind.
    """
    try:
        file = Path(path).expanduser()
        there = file.is_file()  # so no pipe and no device
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, ~nobody
        file, there = Path(str(path)), False
    if not there:
        raise InputError(f"There is no file {file}; give {', '.join(KINDS)}.")
    if file.suffix not in KINDS:
        raise InputError(f"{file.name} is of no known kind; give {', '.join(KINDS)}.")
    return file


def read_head(path: str | Path) -> FileHead:
    """Shape, type and size of a file, from its head alone; of csv files the lines are counted.

    Raises:
        InputError: for a file that is missing or damaged, is shorter than its head promises, or
            holds Python objects.
    """
    file = existing_file(path)
    read = {".npy": _npy, ".npz": _npz, ".csv": _csv, ".parquet": _parquet}[file.suffix]
    with damage_of(file):
        return read(file)


def check_head(path: str | Path, most: int | None = None, *, texts: bool = False) -> FileHead:
    """The head of a file that fits into memory; nothing else of it has been read then.

    Args:
        path: of the file.
        most: bytes that it may take; the memory that is free by default.
        texts: whether cells of a table may be texts, which take more.

    Raises:
        InputError: as :func:`read_head`, or if it would take more.
    """
    head = read_head(path)
    room = free_memory() if most is None else most
    memory = head.memory * (TEXTS if texts and head.kind in (".csv", ".parquet") else 1)
    if memory > room:
        raise InputError(
            f"{head.name} would take {in_words(memory)} of memory, and {in_words(room)} are "
            f"to be had; give fewer rows, or one matrix of float32 as .npy, which stays on disk."
        )
    return head


def free_memory() -> int:
    """Bytes of memory that programs may still take; where nobody says, all that there is."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def in_words(size: int) -> str:
    """Bytes as people write them."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.3g} {unit}" if amount < 1000 else f"{amount:.0f} {unit}"


@contextmanager
def damage_of(file: Path) -> Iterator[None]:
    """Turn whatever a damaged file makes a reader raise into one sentence.

    Raises:
        InputError: that the file is damaged.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        from pyarrow import ArrowException

        if not isinstance(error, (*_DAMAGE, ArrowException)):
            raise
        raise unreadable(file) from error


def objects_refused(file: Path) -> InputError:
    """The error for an array of Python objects."""
    return InputError(
        f"{file.name} holds Python objects, which are never unpickled; save arrays of numbers, "
        f"and names as text."
    )


# -- one kind of file a function -----------------------------------------------------------------


def _array(stream: IO[bytes], file: Path, size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array that a stream of so many bytes holds."""
    shape, _, kind = read_npy_head(stream)
    if kind.hasobject:
        raise objects_refused(file)
    promised = prod(shape) * kind.itemsize
    there = size - stream.tell()
    longest = max(there, MOST_COLUMNS)  # a side of nothing, (0, 10**9), takes no bytes but time
    if min((0, *shape)) < 0 or max((0, *shape)) > longest or not kind.itemsize or promised > there:
        raise InputError(
            f"{file.name} is damaged: its head promises {promised} bytes {shape}, and {there} are "
            f"there; write it anew."
        )
    return shape, kind


def _npy(file: Path) -> FileHead:
    size = file.stat().st_size
    with file.open("rb") as stream:
        shape, kind = _array(stream, file, size)
    rows, width = _sides(shape)
    memory = prod(shape) * kind.itemsize
    return FileHead(file.name, ".npy", rows, (), None, width, str(kind), size, memory)


def _npz(file: Path) -> FileHead:
    arrays: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MOST_COLUMNS:
            raise InputError(f"{file.name} holds {len(members)} arrays; give {MOST_COLUMNS} or so.")
        for member in members:
            name = member.filename.removesuffix(".npy")
            packing = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if name == member.filename or name in arrays or member.flag_bits & 1 or not packing:
                raise InputError(
                    f"{file.name} holds {member.filename[:80]!r}, which numpy.savez does not "
                    f"write; save it anew."
                )
            with archive.open(member) as stream:
                arrays[name] = _array(stream, file, member.file_size)
    if not arrays:
        raise InputError(f"{file.name} holds no array; save one, or several, by numpy.savez.")
    memory = sum(prod(shape) * kind.itemsize for shape, kind in arrays.values())
    names, ids = split_ids(list(arrays))
    shown = "embeddings" if "embeddings" in names else next(iter(names or arrays))
    rows, width = _sides(arrays[shown][0])
    kinds = _kinds(str(arrays[name][1]) for name in names or arrays)
    size = file.stat().st_size
    return FileHead(file.name, ".npz", rows, tuple(names), ids, width, kinds, size, memory)


def _parquet(file: Path) -> FileHead:
    stored = open_parquet(file)
    facts, schema = stored.metadata, stored.schema_arrow
    groups = [facts.row_group(place) for place in range(facts.num_row_groups)]
    values = sum(group.column(j).num_values for group in groups for j in range(group.num_columns))
    packed = sum(group.total_byte_size for group in groups)
    if min(values, packed, facts.num_rows) < 0:
        raise unreadable(file)
    memory = max(8 * values, 8 * facts.num_rows * facts.num_columns, packed)
    names, ids = split_ids(schema.names)
    kinds = _kinds(str(field.type) for field in schema if field.name != ids)
    width = len(names) if all(field.type.num_fields == 0 for field in schema) else 0
    size = file.stat().st_size
    return FileHead(
        file.name, ".parquet", facts.num_rows, tuple(names), ids, width, kinds, size, memory
    )


def _csv(file: Path) -> FileHead:
    apart = separator(file)
    cells = next(csv.reader([first_line(file)], delimiter=apart.between))
    is_headless = all(is_number(name) for name in cells)
    lines, ended = 0, True
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            lines += max(block.count(b"\n"), block.count(b"\r"))
            ended = block.endswith((b"\n", b"\r"))
    lines += not ended
    memory = 8 * lines * len(cells)
    names, ids = ([], None) if is_headless else split_ids(cells)
    rows, size = max(0, lines - (not is_headless)), file.stat().st_size
    width = len(cells) if is_headless else len(names)
    return FileHead(file.name, ".csv", rows, tuple(names), ids, width, "text", size, memory)


def _sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows, and numbers in a row."""
    return (shape[0], prod(shape[1:])) if shape else (0, 0)


def _kinds(kinds: Iterator[str]) -> str:
    """Some types in words, each once."""
    every = list(dict.fromkeys(kinds))
    return ", ".join(every[:3]) + (", …" if len(every) > 3 else "")
