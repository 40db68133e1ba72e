"""Samples as a network reads them: float32, of one kind, zeros where a sample has none."""

from typing import Any

import numpy as np

from ...errors import DataError
from ..corpus import Kind, Samples, kind_of

BLOCK = 1 << 22
"""Values that are looked at together where a whole modality is gone through."""


class Pixels:
    """Pictures (n, 3, H, W) or clips (n, 3, T, H, W) in 0..1, of colours that come last, uint8.

    Args:
        values: (N, H, W, c) or (N, T, H, W, c) uint8, c 1 or 3; grey is repeated.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.shape = (len(values), 3, *values.shape[1:-1])

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> np.ndarray:
        chosen = np.asarray(self.values[index])
        if chosen.shape[-1] == 1:
            chosen = np.repeat(chosen, 3, axis=-1)
        before = 1 - self.values.ndim  # of the colours: in front of time and place
        # Moved while they are bytes: as floats, that takes ten times as long.
        moved = np.ascontiguousarray(np.moveaxis(chosen, -1, before)).astype(np.float32)
        moved *= np.float32(1 / 255)
        return moved


class Scaled:
    """uint8 samples (N, ...) as float32 in 0..1."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self.values[index]).astype(np.float32) * np.float32(1 / 255)


class Chosen:
    """Some rows of samples, float32; zeros where a row is not usable.

    Args:
        base: (N, ...).
        rows: (n,) which of them.
        usable: (N,) bool.
    """

    def __init__(self, base: Samples, rows: np.ndarray, usable: np.ndarray) -> None:
        self._base, self._rows, self._usable = base, rows, usable

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self._rows[np.asarray(index)]
        chosen = np.array(self._base[rows], dtype=np.float32)
        chosen[~self._usable[rows]] = 0.0
        return chosen


def as_kind(values: np.ndarray, wanted: Kind | None, windows: bool = False) -> tuple[Samples, Kind]:
    """Samples of the kind that is wanted, or that their shape tells; nothing is copied.

    Args:
        values: (N, ...) numbers; bytes (uint8) of three or four axes a sample whose last one is a
            colour are pixels.
        wanted: kind, where the user named one.
        windows: whether there is a target a frame, so that (L, D) are frames.

    Raises:
        DataError: for a shape that is not of the kind, or of none.
    """
    shape = values.shape[1:]
    kind = wanted or ("frames" if windows and len(shape) == 2 else None)
    is_bytes = values.dtype == np.uint8
    if is_bytes and _colour_is_last(shape, kind):
        return Pixels(values), "picture" if len(shape) == 3 else "clip"
    if kind is None:
        kind = kind_of(shape)
    axes = {"vector": 1, "columns": 1, "picture": 3, "clip": 4}.get(kind, 2)
    if kind in ("signal", "sound") and len(shape) == 1:
        values = values[:, None]
    elif kind == "picture" and len(shape) == 2:
        values = np.broadcast_to(values[:, None], (len(values), 3, *shape))
    elif len(shape) != axes or (kind == "sound" and shape[0] != 1):
        raise DataError(
            f"Samples of shape {shape} are no {kind}; leave the kind out, or name another one "
            f"under data.kinds."
        )
    if is_bytes and kind in ("picture", "clip"):
        return Scaled(values), kind
    return values, kind


def _colour_is_last(shape: tuple[int, ...], kind: Kind | None) -> bool:
    """Whether bytes of this shape are pixels with their colour as the last axis."""
    if len(shape) not in (3, 4) or shape[-1] not in (1, 3):
        return False
    return kind in (None, "picture", "clip") and shape[0] not in (1, 3)


def blocks(values: Samples, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Indices (n,) of successive rows, few enough that their values fit a block."""
    size = max(1, BLOCK // max(1, int(np.prod(shape))))
    n = len(values)
    return [np.arange(at, min(at + size, n)) for at in range(0, n, size)]
