"""Folders of face crops: numbered pictures, joined to the rows of an annotation by number."""

import os
import re
from pathlib import Path

import numpy as np

from ..media.damage import DamagedFile, cause

_CROP = re.compile(r"^0*(\d+)\.(jpe?g|png|bmp)$", re.IGNORECASE)


def list_crops(folder: Path) -> dict[int, str]:
    """Number of each crop, from 1, and its file's name, in rising order.

    Raises:
        DamagedFile: if the folder is missing or cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            found = {int(m[1]): e.name for e in entries if (m := _CROP.match(e.name))}
    except FileNotFoundError:
        raise DamagedFile(folder, "missing", "it is not there") from None
    except OSError as error:
        raise DamagedFile(folder, "unreadable", f"it cannot be listed ({cause(error)})") from None
    found.pop(0, None)  # rows are numbered from 1
    return dict(sorted(found.items()))


def rows_with_crop(numbers: np.ndarray, rows: int) -> np.ndarray:
    """Which of so many rows have a crop among these numbers, (rows,) bool."""
    there = np.zeros(rows, dtype=bool)
    there[numbers[(numbers >= 1) & (numbers <= rows)] - 1] = True
    return there
