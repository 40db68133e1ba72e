"""Names of Aff-Wild2: whose face, out of which video, of which recording."""

import re
from collections.abc import Container

_SIDE = re.compile(r"^(?P<video>.+)_(?P<side>left|right)$", re.IGNORECASE)
_PARTS = (
    re.compile(r"^(?P<recording>\d+-\d+-\d+x\d+)-\d+$"),  # 122-60-1920x1080-3
    re.compile(r"^(?P<recording>video\d+)_\d+$", re.IGNORECASE),  # video10_1
)


def video_of(name: str, videos: Container[str]) -> str:
    """The video in which a face is seen: ``video5_left`` is one of two people in ``video5``.

    A video that bears the whole name goes before one without ``_left`` or ``_right``.
    """
    match = _SIDE.match(name)
    return name if match is None or name in videos else match["video"]


def side_of(name: str) -> str:
    """``left`` or ``right`` of two people in one video; empty for one who is there alone."""
    match = _SIDE.match(name)
    return match["side"].lower() if match else ""


def recording_of(name: str) -> str:
    """What a video was cut from, in lower case: both people, and all parts, share it."""
    match = _SIDE.match(name)
    video = match["video"] if match else name
    for part in _PARTS:
        if found := part.match(video):
            return found["recording"].lower()
    return video.lower()
