"""Frames of many faces as one long sequence: each seen as a crop, and heard as a spectrogram.

Nothing is read before it is asked for, and nothing is kept.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from ..corpus import IndexArray
from ..frames import RowFile
from ..media.log_mel import HOP, SMALLEST
from .prepare import Prepared

SILENCE = float(np.log(SMALLEST))
"""What a log-mel spectrogram holds where nothing is heard."""

PLAIN_SIDE = 16
"""Pixels along each side of the plain description of a face."""

_LOUD = 10.0  # log-mel above silence that stands for 1
_MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(
    3, 1, 1
)  # of ImageNet, as of most weights
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)


class _Store(ABC):
    """F frames out of one array a face, chosen by a number each.

    Args:
        arrays: of each face; None where it has none.
        offsets: number of the first frame of each face, and F, (faces + 1,).
        places: of each frame in its face's array, (F,).
    """

    def __init__(
        self, arrays: Sequence[Prepared | None], offsets: IndexArray, places: np.ndarray
    ) -> None:
        self._arrays, self._offsets, self._places = arrays, offsets, places

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def _open(self) -> list[RowFile | None]:
        return [None if array is None else array.open() for array in self._arrays]

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_open"}

    def __getitem__(self, index: Any) -> np.ndarray:
        """Frames (n, ...) by their numbers (n,)."""
        index = np.atleast_1d(np.asarray(index))
        faces = np.searchsorted(self._offsets, index, side="right") - 1
        values: np.ndarray | None = None
        for face in np.unique(faces):
            own = np.flatnonzero(faces == face)
            part = self._read(self._open[face], self._places[index[own]])
            if values is None:
                values = np.empty((len(index), *part.shape[1:]), part.dtype)
            values[own] = part
        assert values is not None
        return values

    def chunks(self, size: int = 512) -> Iterator[np.ndarray]:
        """All frames in order."""
        for at in range(0, len(self), size):
            yield self[np.arange(at, min(at + size, len(self)))]

    @abstractmethod
    def _read(self, array: RowFile | None, places: np.ndarray) -> np.ndarray: ...


class CropStore(_Store):
    """Crops (n, size, size, 3) uint8, RGB, as people look at them."""

    def _read(self, array: RowFile | None, places: np.ndarray) -> np.ndarray:
        assert array is not None  # faces without crops are left out before
        return array[places]


class PictureFrames(CropStore):
    """Crops (n, 3, size, size) float32, as networks with public weights expect them."""

    def _read(self, array: RowFile | None, places: np.ndarray) -> np.ndarray:
        # Moved while they are bytes: as floats, that takes ten times as long.
        pictures = np.ascontiguousarray(np.moveaxis(super()._read(array, places), -1, 1))
        pictures = pictures.astype(np.float32) / np.float32(255)
        return (pictures - _MEAN) / _DEVIATION


class PlainFaces(CropStore):
    """Crops as grey values of 16 × 16 pixels in 0 to 1, (n, 256) float32."""

    def _read(self, array: RowFile | None, places: np.ndarray) -> np.ndarray:
        small = [
            cv2.resize(
                cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY),
                (PLAIN_SIDE, PLAIN_SIDE),
                interpolation=cv2.INTER_AREA,
            )
            for picture in super()._read(array, places)
        ]
        return np.stack(small).reshape(len(small), -1).astype(np.float32) / np.float32(255)


class SoundFrames(_Store):
    """Spectrograms (n, 1, bands, width) float32 around the moment of each frame; 0 is silence.

    Args:
        arrays, offsets, places: as for the base class; a place is the column of the spectrogram
            at the moment of the frame, and may lie outside it.
        bands: of the spectrograms.
        context: seconds around each moment.
    """

    def __init__(
        self,
        arrays: Sequence[Prepared | None],
        offsets: IndexArray,
        places: np.ndarray,
        bands: int,
        context: float,
    ) -> None:
        super().__init__(arrays, offsets, places)
        self._bands = bands
        width = max(round(context / HOP), 2)
        self._around = np.arange(width) - width // 2

    def _read(self, array: RowFile | None, places: np.ndarray) -> np.ndarray:
        shape = (len(places), len(self._around), self._bands)
        heard: np.ndarray = np.full(shape, SILENCE, np.float32)
        if array is not None and len(array):
            columns = places[:, None] + self._around
            there = (columns >= 0) & (columns < len(array))
            heard[there] = array[columns[there]]
        heard = (heard - np.float32(SILENCE)) / np.float32(_LOUD)
        return np.ascontiguousarray(heard.transpose(0, 2, 1)[:, None])


class PlainSounds(SoundFrames):
    """Mean and deviation over time of each band, (n, 2 · bands) float32."""

    def _read(self, array: RowFile | None, places: np.ndarray) -> np.ndarray:
        heard = super()._read(array, places)[:, 0]
        return np.concatenate([heard.mean(-1), heard.std(-1)], axis=1)
