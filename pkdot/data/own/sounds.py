"""One sound: all channels as one, at one rate; a file that was cut off is found out."""

import io

import av
import numpy as np

from ..corpus import Kind
from .decode import Decoded, File
from .findings import Unusable
from .settings import MediaSettings

_SHORT = 0.02  # share that a sound may lack of the length that its header states


def read_sound(file: File, media: MediaSettings, wanted: Kind | None) -> Decoded:
    """The sound (1, L) float32 at ``media.sound_rate``, in -1..1.

    Raises:
        Unusable: for a file without sound, that cannot be decoded, or that ends before its header
            says.
    """
    content = file.read()
    if file.ending == ".wav":
        _check_whole_wav(content)
    rate = media.sound_rate
    pieces: list[np.ndarray] = []
    samples = 0
    try:
        with av.open(io.BytesIO(content), "r") as container:
            if not container.streams.audio:
                raise Unusable("unreadable", "it holds no sound")
            stream = container.streams.audio[0]
            own_rate = stream.rate or rate
            stated = float((stream.duration or 0) * (stream.time_base or 0))
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            for frame in container.decode(stream):
                samples += frame.samples
                pieces += [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]
            if pieces:
                pieces += [part.to_ndarray().reshape(-1) for part in resampler.resample(None)]
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unusable("unreadable", f"it cannot be decoded ({reason})") from None
    seconds = samples / own_rate
    if not pieces:
        raise Unusable("half", "no sound of it can be decoded")
    if seconds < (1 - _SHORT) * stated:
        raise Unusable("half", f"it ends after {seconds:.2f} of {stated:.2f} s")
    length = round((media.sound_seconds or seconds) * rate)
    sound = np.concatenate(pieces)[:length]
    sound = np.pad(sound, (0, max(0, length - len(sound))))
    return Decoded(sound[None].astype(np.float32), "sound", float(own_rate), seconds)


def _check_whole_wav(content: bytes) -> None:
    """Refuse a wav whose samples end before its header says; FFmpeg would take what there is."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise Unusable("unreadable", "it is no wav file")
    at = 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if name == b"data":
            # a writer to a pipe cannot know the size, and states none or the largest
            if 0 < size < 0xFFFFFFF0 and at + 8 + size > len(content):
                share = (len(content) - at - 8) / size
                raise Unusable("half", f"it ends after {100 * share:.0f} % of its samples")
            return
        at += 8 + size + size % 2
    raise Unusable("half", "it ends before its samples begin")
