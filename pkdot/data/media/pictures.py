"""Pictures from files, whole or not at all.

OpenCV fills in what a damaged JPEG lacks, and only writes a line to the terminal. FFmpeg's decoder
can be told to stop instead; it judges here, and OpenCV, whose colours are those that most published
crops were made with, gives the picture.
"""

from pathlib import Path

import av
import cv2
import numpy as np

from .damage import DamagedFile, cause

_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


def read_picture(path: Path) -> np.ndarray:
    """An RGB picture (H, W, 3) uint8; its contents are not judged, see :func:`check_picture`.

    Raises:
        DamagedFile: if the file is missing, is cut off, or is no picture.
    """
    return _decode(path, _content(path))


def check_picture(path: Path) -> np.ndarray:
    """An RGB picture (H, W, 3) uint8 of which every part was in the file.

    Raises:
        DamagedFile: as :func:`read_picture`, and for damage inside a JPEG.
    """
    content = _content(path)
    check_content(path, content)
    return _decode(path, content)


def check_content(path: Path, content: bytes) -> None:
    """Refuse the content of a picture file that is damaged, without making a picture of it.

    Only a JPEG is judged: other formats carry check sums, which OpenCV heeds.

    Raises:
        DamagedFile: naming the damage.
    """
    _check_ends(path, content)
    if not content.startswith(_JPEG_START):
        return
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    try:
        frames = decoder.decode(av.Packet(content))
        frames += decoder.decode(None)
    except (av.error.FFmpegError, ValueError) as error:
        raise DamagedFile(path, "damaged", f"its picture is damaged ({cause(error)})") from None
    if not frames or any(frame.is_corrupt for frame in frames):
        raise DamagedFile(path, "damaged", "its picture is damaged")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DamagedFile(path, "missing", "it is not there") from None
    except OSError as error:
        raise DamagedFile(path, "unreadable", f"it cannot be read ({cause(error)})") from None


def _check_ends(path: Path, content: bytes) -> None:
    """Refuse an empty file, and a JPEG without its end.

    A thumbnail has an end of its own, but lies before the scan: the last start of a scan is the
    picture's.
    """
    if not content:
        raise DamagedFile(path, "damaged", "it is empty")
    if not content.startswith(_JPEG_START):
        return
    scan = content.rfind(b"\xff\xda")
    if scan < 0 or content.find(_JPEG_END, scan) < 0:
        raise DamagedFile(path, "damaged", "it is a JPEG that was cut off")


def _decode(path: Path, content: bytes) -> np.ndarray:
    _check_ends(path, content)
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:  # OpenCV says no more than that
        raise DamagedFile(path, "unreadable", "it is no picture that can be read")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
