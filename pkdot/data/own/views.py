"""Pictures of samples for people to look at: a picture, the middle of a clip, a curve."""

from importlib.util import find_spec
from typing import Any

import numpy as np

from ..corpus import Kind, Samples

_LONGEST = 1000  # points of a curve that is 112 pixels wide


class MiddleFrames:
    """The middle frame of each clip (N, T, H, W, 3), or each picture (N, H, W, 3), uint8."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> np.ndarray:
        if self._values.ndim == 5:
            return np.asarray(self._values[index, self._values.shape[1] // 2])
        return np.asarray(self._values[index])


class FirstChannel:
    """The first channel of signals (N, C, L), thinned to what a small curve can show."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self._step = -(-values.shape[-1] // _LONGEST)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> np.ndarray:
        return np.asarray(self._values[index])[..., 0, :: self._step]


def views_of(values: np.ndarray, kind: Kind) -> Samples | None:
    """Pictures of decoded samples; None where there is nothing to see."""
    if kind in ("picture", "clip") and values.dtype == np.uint8 and values.shape[-1] == 3:
        return MiddleFrames(values)
    if kind in ("signal", "sound") and values.ndim == 3 and find_spec("cv2"):
        from ..biovid.samples import Curves

        return Curves(FirstChannel(values), np.arange(len(values)))  # type: ignore[arg-type]
    return None
