"""Arrays in ``.npy`` and ``.npz`` files: never unpickled, and read once more where Python slips.

NumPy reads the head of an array by ``ast.literal_eval``. CPython 3.11 counts in one place for the
whole interpreter how deep that parses, so that a switch of threads at the wrong moment makes it
raise ``SystemError`` for a head that is whole. The second time it is right.
"""

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

T = TypeVar("T")


def load_array(file: str | Path | IO[bytes], *, mapped: bool = False) -> np.ndarray:
    """The array of a ``.npy`` file.

    Args:
        file: its path, or a stream that can be read from its begin again.
        mapped: leave the values on disk and read those that are asked for; of a path only.

    Raises:
        ValueError, OSError, EOFError: for what is no such file, and for Python objects.
    """
    mode: Any = "r" if mapped else None
    return _once_more(lambda: np.asanyarray(np.load(_from_begin(file), mode, allow_pickle=False)))


def names_of_arrays(file: str | Path | IO[bytes]) -> tuple[str, ...]:
    """The names of the arrays in an ``.npz`` file.

    Raises:
        ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile: for what is none.
    """

    def read() -> tuple[str, ...]:
        with np.load(_from_begin(file), allow_pickle=False) as stored:
            return tuple(stored.files)

    return _once_more(read)


def load_member(file: str | Path | IO[bytes], name: str) -> np.ndarray:
    """One array of an ``.npz`` file.

    Raises:
        KeyError: if there is none of that name.
        ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error: for what is damaged, and for
            Python objects.
    """

    def read() -> np.ndarray:
        with np.load(_from_begin(file), allow_pickle=False) as stored:
            return np.asarray(stored[name])

    return _once_more(read)


def read_npy_head(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran order, and type; the stream then stands where the values begin.

    Raises:
        ValueError, SyntaxError, tokenize.TokenError, …: for a head that is damaged, or of a
            version that only names of fields need.
    """
    begin = stream.tell() if stream.seekable() else 0

    def read() -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        if stream.seekable():
            stream.seek(begin)
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(stream)
        if version == (2, 0):
            return np.lib.format.read_array_header_2_0(stream)
        raise ValueError(f"a head of version {version}")

    return _once_more(read)


def _from_begin(file: str | Path | IO[bytes]) -> Any:
    if not isinstance(file, str | Path):
        file.seek(0)
    return file


def _once_more(read: Callable[[], T]) -> T:
    try:
        return read()
    except SystemError:
        return read()
