"""The sound of a video or a sound file: one channel, one rate, and when it begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from .damage import DamagedFile
from .video import opened, packets

RATE = 16_000
"""Samples per second that sounds are brought to."""

_GAP = 0.05  # seconds by which a stream may leave its own count of samples before it is moved


@dataclass(frozen=True)
class Sound:
    """One channel of sound.

    Attributes:
        samples: (n,) float32 in −1 to 1.
        start: seconds of the first sample in the container's time, in which its frames have theirs.
        rate: samples per second.
        damaged: packets that could not be decoded; silence stands in for them.
    """

    samples: np.ndarray
    start: float
    rate: int
    damaged: int

    @property
    def end(self) -> float:
        """Seconds at which it ends."""
        return self.start + len(self.samples) / self.rate

    @property
    def is_silent(self) -> bool:
        """Whether all samples are zero, or as good as."""
        return float(np.abs(self.samples).max(initial=0.0)) < 1e-5


def read_sound(path: Path, rate: int = RATE) -> Sound:
    """All the sound of a file, its channels averaged, at ``rate``.

    Samples are laid where their presentation time says: a stream that begins late, or pauses,
    keeps its time.

    Raises:
        DamagedFile: if the file is missing, holds no sound (kind ``no sound``), or none that can
            be decoded.
    """
    with opened(path) as container:
        if not container.streams.audio:
            raise DamagedFile(path, "no sound", "it holds no sound")
        pieces = _Pieces(rate)
        damaged = 0
        for frame in _frames(path, container):
            if frame is None:
                damaged += 1
            else:
                pieces.add(frame)
    if not pieces.finish():
        raise DamagedFile(path, "unreadable", "its sound cannot be decoded")
    samples, start = pieces.joined()
    return Sound(samples, start, rate, damaged)


def _frames(path: Path, container: Any) -> Iterator[av.AudioFrame | None]:
    """Decoded frames; None for a damaged packet."""
    stream = container.streams.audio[0]
    stream.codec_context.options = {"err_detect": "explode"}
    for packet in packets(path, container, stream):
        if packet.is_corrupt:
            yield None
        try:
            yield from packet.decode()
        except (av.error.FFmpegError, ValueError):
            if not packet.is_corrupt:
                yield None


class _Pieces:
    """Stretches of resampled sound; a new one begins where the stream leaves its own clock."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.done: list[tuple[float, np.ndarray]] = []
        self._open: list[np.ndarray] = []
        self._resampler: av.AudioResampler | None = None
        self._form: tuple[Any, ...] = ()
        self._begin = self._expected = 0.0

    def add(self, frame: av.AudioFrame) -> None:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        time = self._expected if frame.time is None else float(frame.time)
        if self._resampler is None or form != self._form or abs(time - self._expected) > _GAP:
            self.finish()
            self._form, self._begin, self._expected = form, time, time
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=self.rate)
        self._expected += frame.samples / frame.sample_rate
        self._keep(self._resampler.resample(frame))

    def finish(self) -> int:
        """Close the stretch that is open; returns how many there are."""
        if self._resampler is not None:
            self._keep([f for f in self._resampler.resample(None) if f is not None])
            if self._open:
                self.done.append((self._begin, np.concatenate(self._open)))
            self._resampler, self._open = None, []
        return len(self.done)

    def _keep(self, frames: list[av.AudioFrame]) -> None:
        self._open += [frame.to_ndarray().reshape(-1) for frame in frames]

    def joined(self) -> tuple[np.ndarray, float]:
        """Samples and start of all on one axis of time.

        Gaps are silent; where two overlap, the later one wins.
        """
        if len(self.done) == 1:
            return self.done[0][1], self.done[0][0]
        start = min(begin for begin, _ in self.done)
        places = [round((begin - start) * self.rate) for begin, _ in self.done]
        parts = [part for _, part in self.done]
        samples = np.zeros(max(p + len(x) for p, x in zip(places, parts, strict=True)), np.float32)
        for place, part in zip(places, parts, strict=True):
            samples[place : place + len(part)] = part
        return samples, start
