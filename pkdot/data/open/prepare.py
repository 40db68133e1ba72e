"""One medium of every recording, decoded once and kept in files of a few recordings each.

The name of a file is a hash of all that it depends on: names, sizes and times of the recordings,
the settings, the versions of what decodes. An interrupted preparation goes on where it stopped.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ...array_files import load_array
from ...atomic_files import write_text
from ...keyed_cache import KeyedCache, short_hash
from ..biovid.damage import Damage
from ..biovid.settings import VideoOptions
from ..features import cache_folder
from ..media.damage import DamagedFile
from ..media.sound import RATE
from .index import OpenIndex
from .reading import read_face, read_voice
from .served import Chunked
from .settings import OpenSettings

VERSION = 1
"""Raised whenever the same files and settings give other numbers."""

CHUNK = 64
"""Recordings a file."""


@dataclass(frozen=True)
class Options:
    """How a medium is read.

    Attributes:
        video: of face crops; None for a sound.
        seconds: of a sound.
        middle: whether its middle is taken.
    """

    video: VideoOptions | None = None
    seconds: float = 0.0
    middle: bool = True

    @classmethod
    def of(cls, medium: str, settings: OpenSettings) -> "Options":
        """Those of a medium."""
        if medium == "video":
            return cls(video=getattr(settings, "video", None))
        return cls(seconds=settings.seconds, middle=settings.name != "fsdd")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one recording."""
        if self.video is None:
            return (round(self.seconds * RATE),)
        return (self.video.frames, self.video.size, self.video.size, 3)

    @property
    def dtype(self) -> type[np.generic]:
        """Of one recording."""
        return np.int16 if self.video is None else np.uint8

    def read(self, path: Path) -> tuple[np.ndarray, dict[str, Any]]:
        """One recording, and facts about it.

        Raises:
            DamagedFile: if it cannot be used.
        """
        if self.video is None:
            return read_voice(path, self.seconds, middle=self.middle)
        return read_face(path, self.video)


@dataclass(frozen=True)
class Prepared:
    """One medium of every recording of an index.

    Attributes:
        data: (N, …); zeros where a recording is not usable.
        usable: (N,) bool.
        damages: why recordings that have a file are not usable.
        facts: per recording, ``{}`` where it is not usable.
        fingerprint: hash of all that the numbers depend on.
    """

    data: Chunked
    usable: np.ndarray
    damages: tuple[Damage, ...]
    facts: tuple[dict[str, Any], ...]
    fingerprint: str


def prepare(
    index: OpenIndex, medium: str, options: Options, *, jobs: int = -1, progress: bool = True
) -> Prepared:
    """Decode a medium of every recording, or open what was decoded before.

    Args:
        index: the recordings.
        medium: column of the index.
        options: how it is read.
        jobs: threads; −1 uses every core.
        progress: show a bar.

    Raises:
        RecordError: if the cache cannot be written.
    """
    import joblib
    from tqdm.auto import tqdm

    paths = index.table[medium].tolist()
    chunks = [paths[at : at + CHUNK] for at in range(0, len(paths), CHUNK)]
    keys = [f"{medium}-{_key(index.root, chunk, options)}" for chunk in chunks]
    facts: list[dict[str, Any]] = []
    arrays: list[np.ndarray] = []
    with joblib.Parallel(n_jobs=jobs, prefer="threads") as parallel:
        reader = _Reader(index.root, options, cache_folder() / index.corpus, parallel)
        lacking = [key for key in keys if not reader.values.file(key).is_file()]
        for chunk, key in tqdm(
            list(zip(chunks, keys, strict=True)),
            desc=f"reading {index.corpus}, {medium}",
            unit=f"{CHUNK} files",
            disable=not progress or not lacking,
        ):
            own, array = reader.chunk(chunk, key)
            facts += own
            arrays.append(array)
    usable = np.array(["kind" not in fact for fact in facts], dtype=bool)
    return Prepared(
        data=Chunked(arrays),
        usable=usable,
        damages=tuple(_damages(index, medium, facts)),
        facts=tuple(fact if "kind" not in fact else {} for fact in facts),
        fingerprint=short_hash(keys),
    )


class _Reader:
    """Reads some files at a time and keeps what came of them.

    Args:
        root: the folder of recordings.
        options: how they are read.
        folder: of the cache.
        parallel: runs several reads at once.
    """

    def __init__(self, root: Path, options: Options, folder: Path, parallel: Any) -> None:
        self._root, self._options, self._parallel = root, options, parallel
        self.values = KeyedCache(folder, ".npy", _read_values, _write_values)
        self.notes = KeyedCache(folder, ".json", _read_notes, _write_notes)

    def chunk(self, paths: list[str], key: str) -> tuple[list[dict[str, Any]], np.ndarray]:
        """Facts and values of some files, in their order."""
        compute = partial(self._compute, paths, key)
        facts, values = self.notes.find_or_compute(key, compute), self.values.find(key)
        if values is None:  # the notes outlived the values
            facts, values = compute(), self.values.find(key)
        assert values is not None
        return facts, values

    def _compute(self, paths: list[str], key: str) -> list[dict[str, Any]]:
        import joblib

        found = self._parallel(joblib.delayed(self._one)(path) for path in paths)
        zero = np.zeros(self._options.shape, self._options.dtype)
        self.values.keep(key, np.stack([zero if v is None else v for v, _ in found]))
        return [fact for _, fact in found]

    def _one(self, path: str) -> tuple[np.ndarray | None, dict[str, Any]]:
        if not path:
            return None, {"kind": "missing", "reason": "there is no such file"}
        try:
            return self._options.read(self._root / path)
        except DamagedFile as damage:
            return None, {"kind": damage.kind, "reason": damage.reason}


def _damages(index: OpenIndex, medium: str, facts: list[dict[str, Any]]) -> Iterator[Damage]:
    names = zip(index.table["id"], index.table[medium], facts, strict=True)
    for name, path, fact in names:
        if "kind" in fact:
            yield Damage(name, path or medium, fact["kind"], fact["reason"])


def _key(root: Path, paths: list[str], options: Options) -> str:
    """All that the values of some files depend on."""
    versions = {name: _version(name) for name in ("av", "opencv-python-headless")}
    stamps = [[path, _stamp(root / path)] for path in paths]
    return short_hash([VERSION, versions, options.shape, options, stamps])


def _stamp(path: Path) -> str:
    """Size and time of a file, or why they cannot be had."""
    try:
        stat = path.stat()
    except OSError as error:
        return type(error).__name__
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # a build without metadata, e.g. another distribution of OpenCV
        return "unknown"


def _read_values(path: Path) -> np.ndarray:
    values = load_array(path, mapped=True)
    return values


def _write_values(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as stream:
        np.save(stream, values)


def _read_notes(path: Path) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return notes


def _write_notes(path: Path, facts: list[dict[str, Any]]) -> None:
    write_text(path, json.dumps(facts))
