"""One video: frames at equal distances, middle squares; a file that was cut off is found out."""

import av
import numpy as np

from ..corpus import Kind
from .decode import Decoded, File
from .findings import Unusable
from .pictures import middle_square
from .settings import MediaSettings

_SHORT = 0.02  # share of the frames that may lack of what the header states


def read_clip(file: File, media: MediaSettings, wanted: Kind | None) -> Decoded:
    """The middle frames of equal stretches, (frames, size, size, 3) uint8.

    Raises:
        Unusable: for a file without video, with damaged frames, or that ends before its header
            says.
    """
    count, size = media.clip_frames, media.clip_size
    try:
        n_frames, stated, rate = _frames(file)
        if not n_frames or n_frames < (1 - _SHORT) * stated - 1:
            raise Unusable("half", f"it ends after {n_frames} of {max(stated, n_frames)} frames")
        wanted_frames = ((np.arange(count) + 0.5) * n_frames / count).astype(int)
        pictures: list[np.ndarray] = []
        seen = damaged = 0
        with av.open(file.open(), "r") as container:
            stream = container.streams.video[0]
            # files are spread over threads already
            stream.thread_type = "NONE"
            for i, frame in enumerate(container.decode(stream)):
                seen += 1
                damaged += bool(frame.is_corrupt)
                while len(pictures) < count and i >= wanted_frames[len(pictures)]:
                    pictures.append(middle_square(frame.to_ndarray(format="rgb24"), size))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unusable("unreadable", f"it cannot be decoded ({reason})") from None
    if damaged:
        raise Unusable("half", f"{damaged} of its {seen} frames are damaged")
    if seen < 0.9 * n_frames - 1 or not pictures:
        raise Unusable("half", f"only {seen} of its {n_frames} frames can be decoded")
    pictures += [pictures[-1]] * (count - len(pictures))
    seconds = n_frames / rate if rate else None
    return Decoded(np.stack(pictures), "clip", rate, seconds, colour_last=True)


def _frames(file: File) -> tuple[int, int, float | None]:
    """Frames that are there, frames that the header states, and frames per second."""
    with av.open(file.open(), "r") as container:
        if not container.streams.video:
            raise Unusable("unreadable", "it holds no video")
        stream = container.streams.video[0]
        n_frames = sum(bool(packet.size) for packet in container.demux(stream))
        rate = float(stream.average_rate) if stream.average_rate else None
        return n_frames, stream.frames, rate
