"""Files of a simulated corpus: each appears whole or not at all."""

import json
import math
import wave
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ...atomic_files import (
    WriterLock,
    disk_errors,
    remove_leftovers,
    write_text,
    written_aside,
)
from ...errors import ConfigError, DataError
from ..marker import MARKER


def table(columns: Any) -> str:
    """Columns by name, or rows as mappings -> text separated by tabs, five decimals."""
    return pd.DataFrame(columns).round(5).to_csv(sep="\t", index=False, lineterminator="\n")


@contextmanager
def claimed(base: Path, marker: Mapping[str, object]) -> Iterator[None]:
    """Hold a folder as a simulated corpus of these settings, marked, while its files are made.

    Of several processes one makes the corpus and the others wait; what a killed one left half
    written is removed.

    Raises:
        DataError: if it holds anything else, a simulated corpus of other settings included.
    """
    _is_marked(base, marker)  # before anything is made in a folder that is not ours
    lock = base / "simulation" / "lock"
    with disk_errors(base / MARKER):
        lock.parent.mkdir(parents=True, exist_ok=True)
    with WriterLock(lock, patience=math.inf):
        marked = _is_marked(base, marker)  # again: another process may have marked it meanwhile
        remove_leftovers(base)
        if not marked:
            write_text(base / MARKER, json.dumps(marker, indent=1) + "\n")
        yield


def _is_marked(base: Path, marker: Mapping[str, object]) -> bool:
    """Whether a folder is marked as this corpus already; False where it is free."""
    path = base / MARKER
    if path.is_file():
        if _read(path) != marker:
            raise DataError(
                f"{base} holds a simulated corpus of other settings; choose another folder, or "
                f"delete it first."
            )
        return True
    ours = ("simulation", f".{MARKER}.")  # a process that is marking it, or was killed at that
    if base.is_dir() and not all(entry.name.startswith(ours) for entry in base.iterdir()):
        raise DataError(
            f"{base} is not empty and holds no simulated corpus; simulated files are never mixed "
            f"with others: choose another folder."
        )
    return False


def _read(path: Path) -> object:
    """What a marker says; nothing where it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def write_video(
    path: Path, frames: Iterable[np.ndarray], fps: int, form: Literal["mp4", "flv"] = "mp4"
) -> None:
    """Encode RGB frames (H, W, 3) uint8 at ``fps``; the file appears whole or not at all."""
    import av

    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    if form == "flv":
        codec = "flv"  # flash video, as old corpora have it
    with written_aside(path) as aside, av.open(str(aside), "w", format=form) as container:
        stream: Any = None  # PyAV's type for it depends on the codec's name
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=fps)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.thread_count = 1  # one thread: the same bytes every time
                if codec == "flv":
                    stream.bit_rate = 2_000_000
                if codec == "libx264":
                    stream.options = {"preset": "ultrafast", "crf": "18"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is None:
            raise ConfigError(f"A video needs at least one frame; {path.name} was given none.")
        container.mux(stream.encode())


def write_wav(path: Path, samples: np.ndarray, rate: int) -> None:
    """Write one channel (n,) in −1 to 1 as 16-bit samples; the file appears whole or not at all."""
    content = (np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes()
    with written_aside(path) as aside, wave.open(str(aside), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes(content)
