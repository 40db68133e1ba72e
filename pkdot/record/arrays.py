"""Arrays of a record: safetensors, read with every length checked before it is believed.

The form is a JSON header (name -> dtype, shape, place of the bytes) and the bytes; see
https://github.com/huggingface/safetensors. Types that NumPy lacks become float32, which holds each
of their values exactly.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from .files import damage, read_file

Array = np.ndarray[Any, np.dtype[Any]]

LARGEST = 2**32
"""Bytes of a file; nothing that a page shows comes near."""
_LARGEST_HEADER = 2**24
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
}  # fmt: skip
_WIDENED = {"BF16": "<u2", "F8_E5M2": "u1", "F8_E4M3": "u1"}


def read_arrays(
    record: Path, name: str, most: int = LARGEST
) -> tuple[dict[str, Array], dict[str, str]]:
    """Read a safetensors file of a record: arrays by name, and its notes.

    Args:
        record: its folder.
        name: of the file within it.
        most: bytes; a larger file is refused.

    Raises:
        RecordError: if it is missing or damaged, or holds a type that cannot be read.
    """
    content = read_file(record, name, most)
    header, start = _header(record, name, content)
    notes = header.pop("__metadata__", None) or {}
    if not isinstance(notes, dict) or not all(isinstance(v, str) for v in notes.values()):
        raise damage(record, f"the notes of {name} are no texts by name")
    data = memoryview(content)[start:]
    return {key: _array(record, name, key, entry, data) for key, entry in header.items()}, notes


def _header(record: Path, name: str, content: bytearray) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(_LARGEST_HEADER, len(content) - 8):
        raise damage(record, f"{name} is no safetensors file, or cut short")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise damage(record, f"the header of {name} cannot be read")
    return header, 8 + length


def _array(record: Path, name: str, key: str, entry: Any, data: memoryview) -> Array:
    what = f"{key[:80]!a} of {name}"
    try:
        kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
    except (TypeError, KeyError, ValueError):
        whole = False
    if not whole or len(shape) > 16 or not isinstance(kind, str):
        raise damage(record, f"the array {what} is not described as it must be")
    stored = _DTYPES.get(kind) or _WIDENED.get(kind)
    if stored is None:
        raise damage(record, f"the array {what} has the type {kind[:20]!a}, which is not read here")
    dtype = np.dtype(stored)
    if end - begin != math.prod(shape) * dtype.itemsize or end > len(data):
        raise damage(record, f"the array {what} does not fit its bytes")
    values = np.frombuffer(data[begin:end], dtype)
    return (_widened(kind, values) if kind in _WIDENED else values).reshape(shape)


def _widened(kind: str, bits: Array) -> Array:
    """Floats of 16 or 8 bits as float32; every value of theirs is one of float32, too."""
    if kind == "BF16":  # the upper half of a float32
        return (bits.astype(np.uint32) << 16).view(np.float32)
    if kind == "F8_E5M2":  # the upper half of a float16
        return (bits.astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    return _e4m3_values()[bits]


def _e4m3_values() -> Array:
    """All 256 floats of 4 exponent and 3 mantissa bits (Micikevicius et al. 2022, table 1)."""
    bits = np.arange(256)
    exponent, mantissa = (bits >> 3) & 15, (bits & 7) / 8
    size = np.where(exponent == 0, mantissa * 2.0**-6, (1 + mantissa) * 2.0 ** (exponent - 7.0))
    size[(bits & 127) == 127] = np.nan
    return np.where(bits < 128, size, -size).astype(np.float32)
