"""Videos frame by frame: when each is shown, upright, and with what could not be decoded counted.

FFmpeg goes on after a damaged packet, with frames that it patches up or leaves out. A reader here
counts them, so that nobody takes such a video for whole.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from .damage import DamagedFile, cause


@dataclass
class VideoReader:
    """The frames of a video in the order in which they are shown.

    Iterating decodes from the beginning and gives the time of each frame, in seconds of the
    container, and the frame; the counts are of what was read so far.

    Attributes:
        path: of the file.
        threads: whether the decoder may use several.
        rate: frames a second, as the container says; NaN where it does not.
        damaged: packets and frames with errors, and packets whose frame never came.
        first_damage: seconds of the first of them; NaN where there is none.

    Raises:
        DamagedFile: when iterated, if the file is missing, no video, or cannot be read to its end.
    """

    path: Path
    threads: bool = False
    rate: float = math.nan
    damaged: int = 0
    first_damage: float = math.nan
    _due: set[int] = field(default_factory=set, repr=False)
    _noted: set[int] = field(default_factory=set, repr=False)
    _last: float = math.nan

    def __iter__(self) -> Generator[tuple[float, av.VideoFrame], None, None]:
        """Time and frame; damaged frames are left out and counted."""
        with opened(self.path) as container:
            stream = picture_stream(self.path, container)
            self.rate = container_rate(stream)
            stream.thread_type = "AUTO" if self.threads else "NONE"
            stream.codec_context.options = {"err_detect": "explode"}
            unit = float(stream.time_base or 0)
            for packet in packets(self.path, container, stream):
                due = packet.pts if packet.size and not packet.is_discard else None
                if packet.is_corrupt:
                    self._note(due, unit)
                elif due is not None:
                    self._due.add(due)
                try:
                    frames = packet.decode()
                except (av.error.FFmpegError, ValueError):
                    if due in self._due or due is None:
                        self._due -= {due}
                        self._note(due, unit)
                    continue
                for frame in frames:
                    yield from self._whole(frame, unit)
            self._missed(math.inf, unit)

    def _whole(self, frame: av.VideoFrame, unit: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """The frame with its time, unless it is damaged."""
        if frame.pts is None:  # an old container that leaves time to the decoder
            before = self._last if math.isfinite(self._last) else -1 / self.rate
            self._last = before + 1 / self.rate
        else:
            self._missed(frame.pts, unit)
            self._due.discard(frame.pts)
            self._last = frame.pts * unit
        if frame.is_corrupt:
            self._note(frame.pts, unit)
        else:
            yield self._last, frame

    def _missed(self, before: float, unit: float) -> None:
        """Count packets whose frame should have been shown before this moment and was not."""
        for moment in sorted(moment for moment in self._due if moment < before):
            self._due.discard(moment)
            self._note(moment, unit)

    def _note(self, moment: int | None, unit: float) -> None:
        if moment is not None:
            if moment in self._noted:  # a damaged packet gives a damaged frame
                return
            self._noted.add(moment)
            if math.isnan(self.first_damage):
                self.first_damage = moment * unit
        self.damaged += 1

    @property
    def damage(self) -> str:
        """What is damaged, as the rest of a sentence that begins with the file; else empty."""
        if not self.damaged:
            return ""
        place = "" if math.isnan(self.first_damage) else f", the first at {self.first_damage:.2f} s"
        return f"{self.damaged} of its packets or frames are damaged{place}"


def opened(path: Path) -> Any:
    """An open container.

    Raises:
        DamagedFile: if the file is missing, or of no known form.
    """
    try:
        path.stat()  # says why a file cannot be had, which the decoder does not
        return av.open(str(path))
    except FileNotFoundError:
        raise DamagedFile(path, "missing", "it is not there") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise DamagedFile(path, "unreadable", f"it cannot be decoded ({cause(error)})") from None


def picture_stream(path: Path, container: Any) -> Any:
    """The first stream of moving pictures; a cover picture is none.

    Raises:
        DamagedFile: if there is none.
    """
    for stream in container.streams.video:
        if not Disposition.attached_pic & stream.disposition:
            return stream
    raise DamagedFile(path, "unreadable", "it holds no video")


def container_rate(stream: Any) -> float:
    """Frames a second of an open stream; NaN where the container does not say."""
    return float(stream.average_rate or stream.guessed_rate or math.nan)


def packets(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    """The packets of an open stream, an empty one last.

    Raises:
        DamagedFile: if the file cannot be read to its end.
    """
    try:
        yield from container.demux(stream)
    except (av.error.FFmpegError, OSError) as error:
        raise DamagedFile(
            path, "unreadable", f"it cannot be read to its end ({cause(error)})"
        ) from None


def upright(frame: av.VideoFrame) -> np.ndarray:
    """A frame as it is meant to be seen, (H, W, 3) uint8 RGB: turned as its metadata say."""
    picture = frame.to_ndarray(format="rgb24")
    turns = round(getattr(frame, "rotation", 0) / 90) % 4  # counterclockwise
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def frame_times(path: Path) -> tuple[np.ndarray, float]:
    """When each frame is shown, as a rule without decoding any.

    Returns:
        Seconds in the container's time, (frames,), rising; and frames a second as the container
        says, NaN where it does not.

    Raises:
        DamagedFile: if the file is missing, no video, or cannot be read to its end.
    """
    with opened(path) as container:
        stream = picture_stream(path, container)
        rate, unit = container_rate(stream), float(stream.time_base or 0)
        shown = [
            packet.pts
            for packet in packets(path, container, stream)
            if packet.size and not packet.is_discard
        ]
    if None in shown:
        return np.array([time for time, _ in VideoReader(path)], dtype=float), rate
    return np.sort(np.array(shown, dtype=float)) * unit, rate


@dataclass(frozen=True)
class VideoSurvey:
    """What decoding a whole video found.

    Attributes:
        times: seconds in the container at which the frames that could be decoded are shown, (n,).
        rate: frames a second as the container says; NaN where it does not.
        turned: degrees, counterclockwise, by which its frames must be turned to stand upright.
        damage: what is damaged, as the rest of a sentence; empty where nothing is.
    """

    times: np.ndarray
    rate: float
    turned: int
    damage: str

    @property
    def varies(self) -> bool:
        """Whether frames are shown at uneven distances: some differ by a half from the usual."""
        if len(self.times) < 3:
            return False
        steps = np.diff(self.times)
        usual = float(np.median(steps))
        return bool((np.abs(steps - usual) > 0.5 * usual).any())


def survey_video(path: Path, threads: bool = False) -> VideoSurvey:
    """Decode a whole video and keep no picture.

    Raises:
        DamagedFile: if it is missing, no video, or cannot be read to its end.
    """
    reader = VideoReader(path, threads)
    times: list[float] = []
    turned = 0
    for time, frame in reader:
        if not times:
            turned = int(getattr(frame, "rotation", 0))
        times.append(time)
    return VideoSurvey(np.array(times, dtype=float), reader.rate, turned, reader.damage)
