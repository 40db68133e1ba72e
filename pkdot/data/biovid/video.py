"""One window's video: from an mp4, or a folder of frames, to a few face crops of equal size.

The window is cut into equal segments and the middle frame of each is kept; only these are turned
into pictures. One face detection per clip, on the middle one of them, fixes one crop for all, so
that the crop itself does not move; where no face is found the centre is cropped, and counted.
"""

import math
import re
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..media.damage import DamagedFile, cause
from ..media.pictures import check_picture
from ..media.video import VideoReader, upright
from .settings import VideoOptions

USUAL_FPS = 25.0
"""Frames per second in BioVid; another rate is reported and followed by time."""

_CASCADES = Path(cv2.__file__).parent / "data"  # as OpenCV's wheels lay them out
_DETECTION_HEIGHT = 240  # faces are large in these recordings: a small picture is enough
_TOLERANCE = 0.2  # seconds that a video may end before its window does


@dataclass(frozen=True)
class Clip:
    """One window's video, as prepared.

    Attributes:
        pictures: (frames, size, size, 3) uint8, RGB.
        fps: of the file; 25 for a folder of frames, which does not tell.
        face_found: False where the centre was cropped for want of a face.
    """

    pictures: np.ndarray
    fps: float
    face_found: bool


def read_clip(
    path: Path,
    options: VideoOptions,
    start: float,
    stop: float,
    first_frame: int = -1,
    last_frame: int = -1,
) -> Clip:
    """Read and crop one clip between ``start`` and ``stop`` (seconds).

    Args:
        path: an mp4 file, or a folder ``img_00001.jpg …`` of the released layout.
        options: of the crop.
        start: of the window; time 0 is the video's first frame.
        stop: of the window.
        first_frame: in a folder, the first number that belongs to the clip; −1: no bound.
        last_frame: the last one. A folder that is bounded, or too short to be a whole recording,
            was cut by its maker: it is then the window, whatever ``start`` and ``stop`` say.

    Raises:
        DamagedFile: if the file is missing, cannot be decoded whole, or ends before the window
            does.
    """
    count = options.frames
    if path.suffix.lower() == ".mp4":
        pictures, fps = _decode(path, start, stop, count)
    else:
        pictures, fps = _read_folder(path, start, stop, count, first_frame, last_frame), USUAL_FPS
    crops, found = crop_faces(pictures, options)
    return Clip(crops, fps, found)


def crop_faces(pictures: list[np.ndarray], options: VideoOptions) -> tuple[np.ndarray, bool]:
    """The same square of each frame, around the face of the middle one.

    Args:
        pictures: frames (H, W, 3) uint8 RGB of one size.
        options: of the crop.

    Returns:
        (frames, size, size, 3) uint8, and whether a face was found; else the centre is cropped.
    """
    box = find_face(pictures[len(pictures) // 2]) if options.face else None
    top, left, side = _square(pictures[0].shape, box, options.margin)
    crops = np.stack([_crop(picture, top, left, side, options.size) for picture in pictures])
    return crops, box is not None


def _targets(start: float, stop: float, count: int) -> np.ndarray:
    """Middles of equal segments, (count,)."""
    return start + (np.arange(count) + 0.5) * (stop - start) / count


def _decode(path: Path, start: float, stop: float, count: int) -> tuple[list[np.ndarray], float]:
    pictures: list[np.ndarray] = []
    targets = _targets(start, stop, count)
    # clips are short and windows are spread over processes: threads here would only wait
    reader = VideoReader(path)
    fps, origin, now = USUAL_FPS, math.nan, -1.0
    with closing(iter(reader)) as frames:
        for time, frame in frames:
            if math.isnan(origin):
                origin, fps = time, reader.rate if math.isfinite(reader.rate) else USUAL_FPS
            now = time - origin
            while len(pictures) < count and now >= targets[len(pictures)] - 0.5 / fps:
                pictures.append(upright(frame))
            if now + 1 / fps >= stop:
                break
    if reader.damage:
        raise DamagedFile(path, "damaged", reader.damage)
    if now + 1 / fps < stop - _TOLERANCE or not pictures:
        raise DamagedFile(
            path, "short", f"it ends after {max(now, 0):.2f} s, the window ends at {stop} s"
        )
    # a clip that ends within the tolerance repeats its last frame
    return pictures + [pictures[-1]] * (count - len(pictures)), fps


def _read_folder(
    path: Path, start: float, stop: float, count: int, first: int, last: int
) -> list[np.ndarray]:
    try:
        names = {
            int(match[1]): entry
            for entry in path.iterdir()
            if (match := re.fullmatch(r"img_(\d+)\.jpe?g", entry.name))
        }
    except FileNotFoundError as error:
        raise DamagedFile(path, "missing", "it is not there") from error
    except OSError as error:
        raise DamagedFile(path, "unreadable", f"it cannot be listed ({cause(error)})") from error
    bounded = first > 0
    numbers = [n for n in sorted(names) if not bounded or first <= n <= last]
    if not numbers:
        raise DamagedFile(path, "short", "it holds no frame img_00001.jpg … of the clip")
    length = numbers[-1] / USUAL_FPS
    if not bounded and length >= stop - _TOLERANCE and numbers[0] == 1:
        wanted = _targets(start, stop, count) * USUAL_FPS + 1
    else:
        wanted = _targets(numbers[0], numbers[-1] + 1, count) - 0.5
    span = wanted[-1] - wanted[0]
    present = [n for n in numbers if wanted[0] <= n <= wanted[-1]]
    if len(present) < 0.8 * span:
        raise DamagedFile(path, "gaps", f"only {len(present)} of {span:.0f} frames are there")
    known = np.array(numbers)
    nearest = [names[int(known[np.abs(known - n).argmin()])] for n in wanted]
    return [check_picture(entry) for entry in nearest]


_own = threading.local()  # a cascade must not look at two pictures at once


def _cascade() -> cv2.CascadeClassifier:
    if not hasattr(_own, "cascade"):
        _own.cascade = cv2.CascadeClassifier(str(_CASCADES / "haarcascade_frontalface_default.xml"))
    return _own.cascade


def find_face(picture: np.ndarray) -> tuple[int, int, int, int] | None:
    """The largest frontal face of an RGB picture (H, W, 3): x, y, width, height; None if none.

    Source: the frontal cascade that OpenCV ships (Viola and Jones, 2001; Lienhart, 2002).
    """
    height = picture.shape[0]
    factor = min(1.0, _DETECTION_HEIGHT / height)
    gray = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    if factor < 1:
        gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    smallest = gray.shape[0] // 4
    found = _cascade().detectMultiScale(gray, 1.1, 4, minSize=(smallest, smallest))
    if len(found) == 0:
        return None
    x, y, width, tall = (np.array(max(found, key=lambda box: box[2])) / factor).round().astype(int)
    return int(x), int(y), int(width), int(tall)


def _square(
    shape: tuple[int, ...], box: tuple[int, int, int, int] | None, margin: float
) -> tuple[int, int, int]:
    """Top, left and side of the crop; it may reach beyond the picture."""
    height, width = shape[:2]
    if box is None:
        side = min(height, width)
        return (height - side) // 2, (width - side) // 2, side
    x, y, wide, tall = box
    side = round(max(wide, tall) * (1 + margin))
    return round(y + tall / 2 - side / 2), round(x + wide / 2 - side / 2), side


def _crop(picture: np.ndarray, top: int, left: int, side: int, size: int) -> np.ndarray:
    """A square of the picture, scaled; the edge repeats where the square reaches beyond it."""
    height, width = picture.shape[:2]
    inside = picture[max(top, 0) : top + side, max(left, 0) : left + side]
    before = max(-top, 0), max(-left, 0)
    after = max(top + side - height, 0), max(left + side - width, 0)
    if any(before) or any(after):
        inside = cv2.copyMakeBorder(
            inside, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE
        )
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return cv2.resize(inside, (size, size), interpolation=how)
