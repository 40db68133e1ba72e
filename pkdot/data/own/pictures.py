"""One picture: its middle square, scaled; a file that was cut off is found out."""

import zlib

import cv2
import numpy as np

from ..corpus import Kind
from .decode import Decoded, File
from .findings import Unusable
from .settings import MediaSettings


def read_picture(file: File, media: MediaSettings, wanted: Kind | None) -> Decoded:
    """The middle square in RGB, (size, size, 3) uint8.

    Raises:
        Unusable: for a file that is no picture, or half of one.
    """
    content = file.read()
    _check_whole(content)
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:  # OpenCV says no more than that
        raise Unusable("unreadable", "it is no picture that can be read")
    square = middle_square(picture[..., ::-1], media.picture_size)
    return Decoded(square, "picture", colour_last=True)


def middle_square(picture: np.ndarray, size: int) -> np.ndarray:
    """The largest square in the middle of (H, W, 3), scaled to (size, size, 3) uint8."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    inside = np.ascontiguousarray(picture[top : top + side, left : left + side])
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(inside, (size, size), interpolation=how))


def _check_whole(content: bytes) -> None:
    """Refuse a JPEG or PNG that ends too early; OpenCV would fill the rest of a JPEG with grey."""
    if content.startswith(b"\xff\xd8"):
        # behind the last start of scan, the bytes FF D9 can only be the end of the picture
        if content.find(b"\xff\xd9", content.rfind(b"\xff\xda")) < 0:
            raise Unusable("half", "it ends before the picture does")
    elif content.startswith(b"\x89PNG"):
        at = 8
        while at + 12 <= len(content):
            length = int.from_bytes(content[at : at + 4], "big")
            name, body = content[at + 4 : at + 8], content[at + 4 : at + 8 + length]
            told = int.from_bytes(content[at + 8 + length : at + 12 + length], "big")
            if at + 12 + length > len(content):
                break
            if zlib.crc32(body) != told:
                raise Unusable("unreadable", "its bytes have been changed (a checksum is wrong)")
            if name == b"IEND":
                return
            at += 12 + length
        raise Unusable("half", "it ends before the picture does")
