"""Shapes that move, drawn with sub-pixel accuracy: all frames of a clip are laid out at once.

Laid out one by one, a frame of some fifty small shapes costs more in arrays than in pixels.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import cv2
import numpy as np

Number = np.ndarray | float
"""One for all T frames, or (T, n)."""

Ink = np.ndarray | tuple[float, ...]
"""RGB 0–255: (3,) for all frames, or (T, 3)."""

_SHIFT = 4  # OpenCV reads fixed-point coordinates with this many fractional bits
_TURN = np.linspace(0, 2 * np.pi, 40, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


class Frame(NamedTuple):
    """The S shapes of one frame.

    Attributes:
        outlines: points of all of them, (n, 2).
        parts: which points are whose.
        inks: colours, RGB.
        widths: of strokes, in the drawing's units; 0 of what is filled.
        shown: whether each is there.
    """

    outlines: np.ndarray
    parts: Sequence[slice]
    inks: Sequence[Sequence[float]]
    widths: Sequence[float]
    shown: Sequence[bool]


class Pen:
    """Collects the shapes of T frames, in the order in which they cover one another.

    Args:
        length: T.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._outlines: list[np.ndarray] = []
        self._inks: list[np.ndarray] = []
        self._widths: list[float] = []
        self._shown: list[np.ndarray] = []

    def fill(self, outline: np.ndarray, ink: Ink, where: np.ndarray | bool = True) -> None:
        """Fill an outline, (n, 2) or (T, n, 2), in the frames of ``where``, (T,)."""
        self._add(outline, ink, 0.0, where)

    def stroke(self, line: np.ndarray, ink: Ink, width: float) -> None:
        """Draw a line, (n, 2) or (T, n, 2); a pixel wide at least."""
        self._add(line, ink, width, True)

    def oval(
        self,
        centre: tuple[Number, Number],
        axes: tuple[Number, Number],
        ink: Ink,
        where: np.ndarray | bool = True,
    ) -> None:
        """Fill an ellipse of these half axes."""
        self.fill(_CIRCLE * points(*axes) + points(*centre), ink, where)

    def _add(self, line: np.ndarray, ink: Ink, width: float, where: np.ndarray | bool) -> None:
        self._outlines.append(np.broadcast_to(line, (self._length, *line.shape[-2:])))
        self._inks.append(np.broadcast_to(ink, (self._length, 3)))
        self._widths.append(width)
        self._shown.append(np.broadcast_to(where, self._length))

    def frames(self) -> Iterator[Frame]:
        """The T frames, one after the other."""
        ends = list(accumulate((line.shape[1] for line in self._outlines), initial=0))
        parts = [slice(*both) for both in pairwise(ends)]
        outlines = np.concatenate(self._outlines, axis=1)
        inks = np.stack(self._inks, axis=1).clip(0, 255).tolist()
        shown = np.stack(self._shown, axis=1).tolist()
        for outline, ink, is_shown in zip(outlines, inks, shown, strict=True):
            yield Frame(outline, parts, ink, self._widths, is_shown)


def put(
    frame: Frame, picture: np.ndarray, matrix: np.ndarray, centre: np.ndarray, unit: float
) -> None:
    """Draw a frame into a picture, in place.

    Args:
        frame: its shapes.
        picture: (H, W, 3) uint8.
        matrix, centre: from the drawing's coordinates to pixels, (2, 2) and (2,).
        unit: pixels of a stroke that is one wide.
    """
    pixels = frame.outlines @ matrix.T + centre
    fixed = np.round(pixels * 2**_SHIFT).astype(np.int32)
    for part, ink, width, shown in zip(
        frame.parts, frame.inks, frame.widths, frame.shown, strict=True
    ):
        if shown and width:
            thick = max(1, round(width * unit))
            cv2.polylines(picture, [fixed[part]], False, ink, thick, cv2.LINE_AA, _SHIFT)
        elif shown:
            cv2.fillPoly(picture, [fixed[part]], ink, cv2.LINE_AA, _SHIFT)


def points(x: Number, y: Number) -> np.ndarray:
    """x and y side by side: (n, 2), or (T, n, 2) where either is (T, n); of two numbers, (2,)."""
    return np.stack(np.broadcast_arrays(x, y), axis=-1)


def path(*corners: tuple[Number, Number]) -> np.ndarray:
    """A line from corner to corner: numbers, or (T, 1) of each frame."""
    ends = [np.atleast_2d(points(x, y)) for x, y in corners]
    return np.concatenate(np.broadcast_arrays(*ends), axis=-2)


def band(x: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """The closed outline between two curves over the same x."""
    there, back = points(x, upper), points(x, lower)[..., ::-1, :]
    return np.concatenate([there, back], axis=-2)
