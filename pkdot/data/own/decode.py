"""One file, or the bytes of one, as an array: by its ending, or by how its bytes begin."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ...errors import ConfigError
from ..corpus import Kind
from .findings import Unusable
from .settings import MediaSettings

NUMBERS = (".npy", ".npz", ".csv")
SOUNDS = (".wav", ".flac", ".mp3", ".ogg")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm")
PICTURES = (".png", ".jpg", ".jpeg")
READABLE = (*NUMBERS, *SOUNDS, *VIDEOS, *PICTURES)
"""Endings of files that can be read."""

_BEGINNINGS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"RIFF": ".wav",
    b"fLaC": ".flac",
    b"ID3": ".mp3",
    b"OggS": ".ogg",
    b"\x93NUMPY": ".npy",
}


@dataclass(frozen=True)
class File:
    """Where one sample of a modality lies: a path, or bytes that came under a name."""

    name: str
    path: Path | None = None
    content: bytes | None = None

    @property
    def ending(self) -> str:
        """Of its name, else the one that its bytes tell; ``""`` where neither does."""
        own = PurePosixPath(self.name).suffix.lower()
        if own in READABLE or self.content is None:
            return own
        start = self.content[:12]
        if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
            return ".avi"
        if start[4:8] == b"ftyp":
            return ".mp4"
        return next((end for begin, end in _BEGINNINGS.items() if start.startswith(begin)), "")

    def read(self) -> bytes:
        """All bytes.

        Raises:
            Unusable: for a file that is no file, cannot be read, or has no bytes.
        """
        if self.content is None:
            assert self.path is not None
            try:
                content = self.path.read_bytes()
            except OSError as error:
                raise _refused(error) from None
        else:
            content = self.content
        if not content:
            raise Unusable("empty", "it has no bytes")
        return content

    def open(self) -> str | io.BytesIO:
        """A path or a stream, for what need not be in memory at once.

        Raises:
            Unusable: as :meth:`read`.
        """
        if self.content is not None:
            return io.BytesIO(self.read())
        assert self.path is not None
        try:
            with self.path.open("rb") as stream:
                if not stream.read(1):
                    raise Unusable("empty", "it has no bytes")
        except OSError as error:
            raise _refused(error) from None
        return str(self.path)


def _refused(error: OSError) -> Unusable:
    if isinstance(error, IsADirectoryError):
        return Unusable("unreadable", "it is a folder and no file")
    return Unusable("unreadable", f"it cannot be read ({error.strerror or error})")


@dataclass(frozen=True)
class Decoded:
    """What a file holds.

    Attributes:
        values: pixels (H, W, 3) or (T, H, W, 3) uint8, or numbers as float32.
        kind: what they are; None where their shape is to tell.
        rate: of a signal, a sound or a video, per second.
        seconds: their length.
        colour_last: whether values are pixels whose last axis is the colour.
    """

    values: np.ndarray
    kind: Kind | None = None
    rate: float | None = None
    seconds: float | None = None
    colour_last: bool = False


def decode(file: File, media: MediaSettings, wanted: Kind | None = None) -> Decoded:
    """Read one file.

    Args:
        file: path or bytes.
        media: rates, lengths and sizes.
        wanted: the kind that the user named, which tells the sound of a video from its pictures.

    Raises:
        Unusable: for a file that is damaged, or of an ending that cannot be read.
    """
    ending = file.ending
    reader = _reader(ending, wanted)
    if reader is None:
        raise Unusable("unreadable", f"its ending {ending!r} is none of {', '.join(READABLE)}")
    return reader(file, media, wanted)


Reader = Callable[[File, MediaSettings, Kind | None], Decoded]


def _reader(ending: str, wanted: Kind | None) -> Reader | None:
    if ending in NUMBERS:
        from .number_files import read_numbers

        return read_numbers
    if ending in SOUNDS or (ending in VIDEOS and wanted == "sound"):
        from .sounds import read_sound

        return read_sound
    if ending in VIDEOS:
        from .clips import read_clip

        return read_clip
    if ending in PICTURES:
        from .pictures import read_picture

        return read_picture
    return None


def require_libraries(endings: set[str]) -> None:
    """Refuse files that need libraries which are not installed, before any is read.

    Raises:
        ConfigError: with the extra to install.
    """
    from importlib.util import find_spec

    needed = {"pooch": True}
    needed["av"] = bool(endings & {*SOUNDS, *VIDEOS})
    needed["cv2"] = bool(endings & {*VIDEOS, *PICTURES})
    missing = [name for name, used in needed.items() if used and not find_spec(name)]
    if missing:
        raise ConfigError(
            f"Files of {', '.join(sorted(endings)) or 'samples'} need {', '.join(missing)}, not "
            f"installed here: pip install 'pkdot[media]'."
        )
