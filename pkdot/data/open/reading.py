"""One recording's face or voice, from its file to an array of a fixed shape."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from ..biovid.settings import VideoOptions
from ..biovid.video import crop_faces
from ..media.damage import DamagedFile
from ..media.sound import RATE, read_sound
from ..media.video import VideoReader, frame_times, upright
from ..media.wav import check_whole_wav
from .pointers import ADVICE, read_pointer

LOUDEST = 32767
"""What 1 is in 16 bits."""


def read_face(path: Path, options: VideoOptions) -> tuple[np.ndarray, dict[str, Any]]:
    """Face crops at the middles of equal parts of a recording.

    Returns:
        (frames, size, size, 3) uint8 RGB; and facts: ``seconds``, ``rate`` (frames per second, by
        their times) and ``face_found``.

    Raises:
        DamagedFile: if the file is missing, a pointer, no video, or damaged.
    """
    _refuse_pointer(path)
    times, _ = frame_times(path)
    if len(times) < 2:
        raise DamagedFile(path, "short", f"it has {len(times)} frames")
    step = float(np.diff(times).mean())
    seconds = len(times) * step
    count = options.frames
    targets = times[0] + (np.arange(count) + 0.5) * seconds / count - step / 2
    pictures: list[np.ndarray] = []
    reader = VideoReader(path)
    with closing(_frames(reader)) as frames:
        for time, frame in frames:
            due = int((targets <= time + 1e-6).sum())
            if due > len(pictures):
                pictures += [upright(frame)] * (due - len(pictures))
    if reader.damage:
        raise DamagedFile(path, "damaged", reader.damage)
    if not pictures:
        raise DamagedFile(path, "unreadable", "no frame of it can be decoded")
    pictures += [pictures[-1]] * (count - len(pictures))
    crops, found = crop_faces(pictures, options)
    return crops, {"seconds": seconds, "rate": 1 / step, "face_found": found}


def _frames(reader: VideoReader) -> Generator[tuple[float, Any], None, None]:
    yield from reader


def read_voice(path: Path, seconds: float, *, middle: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """The sound of a recording, one channel at 16 kHz.

    Args:
        path: a sound, or a video with sound.
        seconds: length of the result.
        middle: whether the middle of a longer sound is taken, and a shorter one laid in the
            middle; else both begin at the beginning.

    Returns:
        (L,) int16; and facts: ``seconds`` of the whole recording.

    Raises:
        DamagedFile: if the file is missing, a pointer, damaged, or without any sound.
    """
    _refuse_pointer(path)
    if path.suffix.lower() == ".wav":
        check_whole_wav(path)
    sound = read_sound(path)
    if sound.damaged:
        raise DamagedFile(path, "damaged", f"{sound.damaged} of its packets are damaged")
    if sound.is_silent:
        raise DamagedFile(path, "silent", "there is nothing to be heard in it")
    length = round(seconds * RATE)
    extra = len(sound.samples) - length
    start = max(0, extra // 2) if middle else 0
    samples = sound.samples[start : start + length]
    before = (length - len(samples)) // 2 if middle else 0
    samples = np.pad(samples, (before, length - len(samples) - before))
    whole = np.round(np.clip(samples, -1, 1) * LOUDEST).astype(np.int16)
    return whole, {"seconds": len(sound.samples) / RATE}


def _refuse_pointer(path: Path) -> None:
    if read_pointer(path) is not None:
        raise DamagedFile(path, "pointer", ADVICE)
