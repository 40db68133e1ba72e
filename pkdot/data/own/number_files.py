"""Samples that are files of numbers: ``.npy``, ``.npz`` with one array, ``.csv`` with a head."""

import csv
import io
import zipfile

import numpy as np

from ...array_files import load_array, load_member, names_of_arrays
from ..corpus import Kind
from .decode import Decoded, File
from .findings import Unusable
from .settings import MediaSettings

TIMES = ("time", "t", "seconds", "timestamp")
"""First columns of a csv that hold seconds and no channel."""


def read_numbers(file: File, media: MediaSettings, wanted: Kind | None) -> Decoded:
    """The array of a file; a csv gives a signal (C, L), a channel a column.

    Raises:
        Unusable: for what is no such file, holds objects, or holds no numbers.
    """
    if file.ending == ".csv":
        values, rate = _table(file.read())
        kind: Kind | None = wanted or "signal"
    else:
        values, rate, kind = _array(file.read(), file.ending), None, wanted
    if values.dtype.kind not in "iubf" or values.size == 0 or values.ndim == 0:
        raise Unusable("unreadable", f"it holds {values.dtype} of shape {values.shape}")
    if kind in ("signal", "sound") and values.ndim <= 2:
        values = _of_length(np.atleast_2d(values), media.signal_length)
    seconds = values.shape[-1] / rate if rate else None
    is_pixels = values.dtype == np.uint8 and values.ndim in (3, 4)
    return Decoded(values if is_pixels else values.astype(np.float32), kind, rate, seconds)


def _array(content: bytes, ending: str) -> np.ndarray:
    try:
        stream = io.BytesIO(content)
        if ending == ".npy":
            return load_array(stream)
        names = names_of_arrays(stream)
        if len(names) != 1:
            raise Unusable("unreadable", f"it holds {len(names)} arrays and not one")
        return load_member(stream, names[0])
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in reason.lower() or "object" in reason.lower():
            reason = "an array of Python objects, which is never unpickled"
        raise Unusable("unreadable", f"it is no readable {ending} file ({reason})") from None


def _table(content: bytes) -> tuple[np.ndarray, float | None]:
    """Channels (C, L), and the rate where a column holds seconds."""
    text = content.decode("utf-8-sig", errors="replace")
    separator = max(",;\t", key=text.splitlines()[0].count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
    head = None if _all_numbers(rows[0], separator) else [name.strip() for name in rows[0]]
    body = rows if head is None else rows[1:]
    if not body or len({len(row) for row in body}) != 1:
        raise Unusable("unreadable", "its lines are none, or of different numbers of cells")
    try:
        values = np.array([[_number(cell, separator) for cell in row] for row in body]).T
    except ValueError as error:
        raise Unusable("unreadable", f"a cell is no number ({error})") from None
    if head and head[0].lower() in TIMES and len(values) > 1:
        times = values[0]
        step = (times[-1] - times[0]) / max(len(times) - 1, 1)
        return values[1:], 1 / step if step > 0 else None
    return values, None


def _all_numbers(cells: list[str], separator: str) -> bool:
    try:
        [_number(cell, separator) for cell in cells]
    except ValueError:
        return False
    return True


def _number(cell: str, separator: str) -> float:
    text = cell.strip()
    if separator != ",":
        text = text.replace(",", ".")
    return float(text) if text else float("nan")


def _of_length(values: np.ndarray, length: int | None) -> np.ndarray:
    """Channels (C, L) cut behind, or padded with zeros, to a length."""
    if length is None:
        return values
    short = max(0, length - values.shape[1])
    return np.pad(values[:, :length], ((0, 0), (0, short)))
