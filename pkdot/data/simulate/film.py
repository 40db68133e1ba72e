"""Pictures and sound in one file: mp4 or avi, each stream beginning when it should."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from ...atomic_files import written_aside
from ...errors import ConfigError
from ..media.sound import RATE

_TICK = Fraction(1, 60_000)  # frames of 29.97 and 25 a second both fall on ticks
_BLOCK = RATE // 10  # samples that are encoded at a time


def write_film(
    path: Path,
    frames: Iterable[np.ndarray],
    rate: Fraction | int,
    sound: np.ndarray | None = None,
    *,
    sound_start: float = 0.0,
    times: Sequence[float] | None = None,
) -> None:
    """Encode frames, and sound where there is any; the file appears whole or not at all.

    Args:
        path: ``.mp4`` (H.264 and AAC) or ``.avi`` (MPEG-4 and plain samples).
        frames: RGB, (H, W, 3) uint8, even sizes.
        rate: frames a second.
        sound: (n,) in −1 to 1 at 16 kHz, one channel.
        sound_start: seconds after the first frame's slot at which it begins; mp4 only.
        times: seconds at which each frame is shown, where the rate varies; mp4 only.

    Raises:
        ConfigError: for another suffix, or without frames.
        RecordError: if the disk refuses.
    """
    form = path.suffix[1:].lower()
    if form not in ("mp4", "avi"):
        raise ConfigError(f"A film is an .mp4 or .avi file, not {path.name}.")
    with written_aside(path) as aside, av.open(str(aside), "w", format=form) as container:
        pictures = _picture_stream(container, form, rate, times is not None)
        voice = None
        if sound is not None:
            voice = container.add_stream("aac" if form == "mp4" else "pcm_s16le", rate=RATE)
            voice.layout = "mono"
        count = 0
        for number, picture in enumerate(frames):
            if number == 0:
                pictures.height, pictures.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = pictures.codec_context.time_base
            time = number / Fraction(rate) if times is None else Fraction(times[number])
            frame.pts = round(time / frame.time_base)
            container.mux(pictures.encode(frame))
            count += 1
        if not count:
            raise ConfigError(f"A film needs at least one frame; {path.name} was given none.")
        container.mux(pictures.encode())
        if voice is not None and sound is not None:
            _add_sound(container, voice, sound, sound_start)


def _picture_stream(container: Any, form: str, rate: Fraction | int, varies: bool) -> Any:
    has_x264 = "libx264" in av.codecs_available
    codec = "libx264" if form == "mp4" and has_x264 else "mpeg4"
    stream = container.add_stream(codec, rate=rate)
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_count = 1  # one thread: the same bytes every time
    if varies:
        context.time_base = _TICK
    else:
        context.time_base = 1 / Fraction(rate)
    if codec == "libx264":
        stream.options = {"preset": "ultrafast", "crf": "18"}
    else:
        context.bit_rate = 2_000_000
    return stream


def _add_sound(container: Any, stream: Any, sound: np.ndarray, start: float) -> None:
    first = round(start * RATE)
    for at in range(0, len(sound), _BLOCK):
        block = np.clip(sound[at : at + _BLOCK], -1, 1)
        samples = np.round(block * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = first + at
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
