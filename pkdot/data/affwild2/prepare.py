"""Preparation, once: crops of one size and log-mel spectrograms, a file each, kept in the cache.

A file is named by all that its content depends on: the files it was made from, with size and time
of change, the options, the versions of what decodes. It appears whole or not at all, so that an
interrupted preparation goes on where it stopped. Pictures go to the disk one by one: memory holds
one picture at a time, and one video's sound.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...atomic_files import write_text
from ...keyed_cache import KeyedCache, short_hash
from ..features import cache_folder
from ..frames import RowFile
from ..media.damage import DamagedFile
from ..media.log_mel import log_mel
from ..media.pictures import check_picture
from ..media.sound import read_sound
from ..media.video import frame_times
from ..media.workers import one_thread_in_workers
from .crops import list_crops
from .settings import FaceOptions, SoundOptions

VERSION = 1
"""Raised whenever preparation gives other numbers from the same files and options."""


@dataclass(frozen=True)
class Prepared:
    """One array of one face or video, and facts about it.

    Attributes:
        path: of the array, ``.npy``.
        facts: of crops: ``numbers``, of the pictures in the array; of a sound: ``start`` of the
            spectrogram in seconds after the first picture, and ``end``; of both ``damages``.
    """

    path: Path
    facts: dict[str, Any]

    def open(self) -> RowFile:
        """The array, of which rows are read on demand."""
        return RowFile(self.path)


def prepare_crops(folder: Path, options: FaceOptions, cache: Path | None = None) -> Prepared:
    """Crops of a folder as (n, size, size, 3) uint8; damaged ones are left out and named.

    Raises:
        DamagedFile: if the folder is missing or cannot be listed.
        RecordError: if the disk refuses.
    """
    one_thread_in_workers()
    files = list_crops(folder)
    stamps = [(name, *_stamp(folder / name)) for name in files.values()]
    key = short_hash([VERSION, _versions(), options.model_dump(), str(folder), stamps])
    where = (cache or cache_folder()) / "affwild2" / "crops" / key

    def make(path: Path) -> dict[str, Any]:
        numbers: list[int] = []
        damages: list[str] = []
        with path.open("wb") as file:
            _header(file, len(files), options.size)
            for number, name in files.items():
                try:
                    picture = check_picture(folder / name)
                except DamagedFile as damage:
                    damages.append(f"{name}: {damage.reason}")
                    continue
                file.write(_resized(picture, options.size).tobytes())
                numbers.append(number)
            file.seek(0)
            _header(file, len(numbers), options.size)
        return {"numbers": numbers, "damages": damages}

    return _kept(where, make)


def prepare_sound(
    source: Path, video: Path | None, options: SoundOptions, cache: Path | None = None
) -> Prepared:
    """The log-mel spectrogram of a video's sound, (frames, bands) float32.

    Args:
        source: a video, or a wav that begins with the video's first picture.
        video: whose pictures set time 0; None where there are none.
        options: bands.
        cache: folder of all caches.

    Raises:
        DamagedFile: if there is no sound that can be decoded.
        RecordError: if the disk refuses.
    """
    one_thread_in_workers()
    key = short_hash([VERSION, _versions(), options.bands, str(source), _stamp(source)])
    where = (cache or cache_folder()) / "affwild2" / "sounds" / key

    def make(path: Path) -> dict[str, Any]:
        sound = read_sound(source)
        first = float(frame_times(source)[0][0]) if source == video else 0.0
        with path.open("wb") as file:
            np.save(file, log_mel(sound.samples, sound.rate, options.bands))
        damages = [f"{sound.damaged} packets of its sound are damaged"] if sound.damaged else []
        return {"start": sound.start - first, "end": sound.end - first, "damages": damages}

    return _kept(where, make)


def prepare_times(video: Path, cache: Path | None = None) -> Prepared:
    """Seconds after the first picture at which each one is shown, (frames,).

    Raises:
        DamagedFile: if there is no such video.
        RecordError: if the disk refuses.
    """
    key = short_hash([VERSION, _versions(), str(video), _stamp(video)])
    where = (cache or cache_folder()) / "affwild2" / "times" / key

    def make(path: Path) -> dict[str, Any]:
        times, _ = frame_times(video)
        if not len(times):
            raise DamagedFile(video, "short", "it holds no picture")
        with path.open("wb") as file:
            np.save(file, times - times[0])
        return {}

    return _kept(where, make)


def _kept(where: Path, make: Callable[[Path], dict[str, Any]]) -> Prepared:
    """The array at a place, made there if need be; its facts are written first."""
    facts = where.with_suffix(".json")

    def read(path: Path) -> Prepared:
        found = Prepared(path, json.loads(facts.read_text(encoding="utf-8")))
        found.open()  # a damaged file is made again
        return found

    def write(path: Path, _: Any) -> None:
        write_text(facts, json.dumps(make(path)))

    store = KeyedCache(where.parent, ".npy", read, write)

    def compute() -> Prepared:
        store.keep(where.name, None)
        return read(store.file(where.name))

    return store.find_or_compute(where.name, compute)


def _header(file: Any, count: int, size: int) -> None:
    """The head of a ``.npy`` file of pictures; as long for any count."""
    head = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    np.lib.format.write_array_header_1_0(file, head)


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    if picture.shape[:2] == (size, size):
        return picture
    smaller = min(picture.shape[:2]) > size
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(picture, (size, size), interpolation=how)


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change of a file; zeros where it is not there."""
    try:
        stat = os.stat(path)
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _versions() -> list[str]:
    return [_version(name) for name in ("av", "opencv-python-headless")]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # a build without metadata, e.g. another distribution of OpenCV
        return "unknown"
