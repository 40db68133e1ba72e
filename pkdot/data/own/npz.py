"""Own data in an ``.npz`` file: an array a modality, beside targets, groups, ids and split."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...array_files import load_member, names_of_arrays
from .arrays import source_of_arrays
from .findings import OwnDataError
from .settings import OwnSettings
from .source import Source

RESERVED = ("targets", "groups", "ids", "split", "frames")
"""Names that are no modality."""


def open_npz(path: Path, names: tuple[str, ...], settings: OwnSettings) -> Source:
    """The source in an ``.npz`` file; of the modalities only those of ``names`` are read.

    Raises:
        OwnDataError: for a file that is none, arrays of objects, or what
            :func:`source_of_arrays` refuses.
    """
    try:
        members = names_of_arrays(path)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is no zip file of arrays"
        raise OwnDataError(f"{path} cannot be read ({reason}); save it by np.savez.") from None

    def load(name: str) -> np.ndarray:
        try:
            return load_member(path, name)
        except ValueError as error:
            if "allow_pickle" in str(error) or "bject array" in str(error):
                raise OwnDataError(
                    f"{name!r} of {path.name} is an array of Python objects, which is never "
                    f"unpickled; save numbers or texts."
                ) from None
            raise OwnDataError(f"{name!r} of {path.name} cannot be read ({error}).") from None
        except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise OwnDataError(
                f"{name!r} of {path.name} cannot be read ({error}); save the file again."
            ) from None

    columns = {key: load(key) if key in members else None for key in RESERVED}
    modalities = tuple(name for name in members if name not in RESERVED)
    return source_of_arrays(path.name, "npz", columns, modalities, load, names, settings)
