"""Files of samples, decoded once into one memory-mapped array that is kept.

The array's name is a hash of all that it depends on: each file's name, size and time, the settings
of its medium, and the versions of what decodes. It is therefore never stale.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...array_files import load_array
from ...atomic_files import WriterLock, disk_errors
from ...errors import DataError
from ...keyed_cache import UNREADABLE, is_whole, short_hash, written_with_digest
from ..corpus import Kind, Samples
from ..features import cache_folder
from .decode import Decoded, File, decode, require_libraries
from .findings import Damage, OwnDataError, Unusable
from .served import Pixels, as_kind
from .settings import MediaSettings
from .source import Reading
from .views import views_of

VERSION = 1
"""Raised whenever the same files and settings give other numbers."""

_LIBRARIES = ("av", "opencv-python-headless")


@dataclass(frozen=True)
class Files:
    """The files of one modality.

    Attributes:
        name: of the modality.
        size: N, samples of the source.
        items: gives the row and the file of each sample that has one, in order of rows.
        stamp: what differs where a file does, e.g. names, sizes and times.
        endings: that occur.
        wanted: kind, where the user named one.
        windows: whether there is a target a frame.
    """

    name: str
    size: int
    items: Callable[[], Iterable[tuple[int, File]]]
    stamp: Any
    endings: frozenset[str]
    wanted: Kind | None = None
    windows: bool = False


@dataclass
class _Notes:
    """What is kept beside an array: which rows it has, what is wrong with others, and facts."""

    usable: list[int] = field(default_factory=list)
    damages: list[tuple[int, str, str]] = field(default_factory=list)
    rates: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    kind: Kind | None = None
    colour_last: bool = False


def prepare(
    files: Files, media: MediaSettings, *, jobs: int = -1, progress: bool = True
) -> Reading:
    """Decode every file of a modality, or open what was decoded before.

    Args:
        files: of the modality.
        media: how they are read.
        jobs: threads; -1 uses every core.
        progress: show a bar.

    Raises:
        ConfigError: where a library is missing.
        RecordError: if the cache folder cannot be written.
    """
    require_libraries(set(files.endings))
    versions = {name: _version(name) for name in _LIBRARIES}
    key = short_hash([VERSION, versions, media, files.wanted, files.size, files.stamp])
    path = cache_folder() / "own" / f"{files.name.replace('/', '_')}-{key}.npy"
    notes = path.with_suffix(".json")
    found = _open(files, path, notes, key)
    if found is None:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with WriterLock(path.with_suffix(".lock"), patience=math.inf):
            found = _open(files, path, notes, key)
            if found is None:
                with written_with_digest(path) as aside, aside.open("wb") as stream:
                    kept = _write(stream, files, media, jobs, progress)
                with written_with_digest(notes) as aside:
                    aside.write_text(json.dumps(kept.__dict__), encoding="utf-8")
                found = _open(files, path, notes, key)
    assert found is not None
    return found


def _decoded(
    files: Files, media: MediaSettings, jobs: int, progress: bool
) -> Iterator[tuple[int, Decoded | Unusable]]:
    """Row and content of each file, in order, a few at a time on several threads."""
    import joblib
    from tqdm.auto import tqdm

    def one(row: int, file: File) -> tuple[int, Decoded | Unusable]:
        try:
            return row, decode(file, media, files.wanted)
        except Unusable as damage:
            return row, damage

    run = joblib.Parallel(
        n_jobs=jobs, prefer="threads", return_as="generator", pre_dispatch="2*n_jobs"
    )(joblib.delayed(one)(row, file) for row, file in files.items())
    yield from tqdm(
        run, total=files.size, desc=f"reading {files.name}", unit="file", disable=not progress
    )


def _write(
    stream: BinaryIO, files: Files, media: MediaSettings, jobs: int, progress: bool
) -> _Notes:
    """Write the array to an open file, row by row; the first file that can be read gives shapes."""
    notes = _Notes()
    shape: tuple[int, ...] = ()
    dtype = np.dtype(np.float32)
    at = 0
    for row, content in _decoded(files, media, jobs, progress):
        if isinstance(content, Unusable):
            notes.damages.append((row, content.kind, content.reason))
            continue
        values = content.values
        if not notes.usable:
            shape, dtype = values.shape, values.dtype
            notes.kind, notes.colour_last = content.kind, content.colour_last
            _head(stream, (files.size, *shape), dtype)
        values = _close(values, shape)
        if values.shape != shape or values.dtype != dtype:
            reason = f"its shape is {values.shape}, that of the first file {shape}"
            if content.seconds is not None:
                reason += f"; it lasts {content.seconds:.2f} s"
            notes.damages.append((row, "shape", reason))
            continue
        wrong = _wrong_numbers(values)
        if wrong:
            notes.damages.append((row, "numbers", wrong))
            continue
        if np.issubdtype(dtype, np.floating) and np.isnan(values).all():
            continue
        _zeros(stream, row - at, shape, dtype)
        stream.write(np.ascontiguousarray(values).tobytes())
        at = row + 1
        notes.usable.append(row)
        if content.rate is not None:
            rate = f"{content.rate:g}"
            notes.rates[rate] = notes.rates.get(rate, 0) + 1
        if content.seconds is not None:
            notes.seconds.append(round(content.seconds, 3))
    if not shape:
        shape = (1,)
        _head(stream, (files.size, 1), dtype)
    _zeros(stream, files.size - at, shape, dtype)
    return notes


def _close(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sounds and signals that differ by a hundredth of their length at most, made alike."""
    if values.ndim != 2 or len(shape) != 2 or values.shape[0] != shape[0]:
        return values
    length = shape[1]
    if values.shape[1] != length and abs(values.shape[1] - length) <= 0.01 * length:
        values = np.pad(values[:, :length], ((0, 0), (0, max(0, length - values.shape[1]))))
    return values


def _wrong_numbers(values: np.ndarray) -> str:
    if values.dtype == np.uint8:
        return ""
    finite = np.isfinite(values)
    if finite.all() or np.isnan(values).all():
        return ""
    word = "infinite" if np.isinf(values).any() else "NaN"
    return f"it has {int((~finite).sum())} of {values.size} values {word}"


def _head(stream: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    stream.seek(0)
    np.lib.format.write_array_header_1_0(
        stream,
        {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape},
    )


def _zeros(stream: BinaryIO, rows: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    row = bytes(int(np.prod(shape)) * dtype.itemsize)
    for _ in range(rows):
        stream.write(row)


def _open(files: Files, path: Path, notes: Path, key: str) -> Reading | None:
    """What was decoded before; None where it is absent or damaged."""
    try:
        if not (is_whole(path) and is_whole(notes)):
            return None
        kept = _Notes(**json.loads(notes.read_text(encoding="utf-8")))
        values = load_array(path, mapped=True)
    except UNREADABLE:
        return None
    if len(values) != files.size:
        return None
    usable = np.zeros(files.size, dtype=bool)
    usable[kept.usable] = True
    samples, kind = _served(values, kept, files)
    return Reading(
        samples=samples,
        kind=kind,
        usable=usable,
        damages=tuple(Damage(*damage) for damage in kept.damages),
        fingerprint=f"{key}-{kind}",
        facts=_facts(kept),
        views=views_of(values, kind),
    )


def _served(values: np.ndarray, notes: _Notes, files: Files) -> tuple[Samples, Kind]:
    wanted = files.wanted or notes.kind
    if not notes.usable:
        return values, wanted or "vector"
    if notes.colour_last:
        return Pixels(values), "picture" if values.ndim == 4 else "clip"
    try:
        return as_kind(values, wanted, files.windows)
    except DataError as error:
        raise OwnDataError(f"{files.name!r}: {error}") from None


def _facts(notes: _Notes) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if notes.rates:
        facts["rates"] = notes.rates
    if notes.seconds:
        facts["seconds"] = [min(notes.seconds), max(notes.seconds)]
    return facts


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # a build without metadata, or a file that needs it not
        return "unknown"


def file_stamp(path: Path) -> str:
    """Size and time of a file, or why they cannot be had."""
    try:
        stat = path.stat()
    except OSError as error:
        return type(error).__name__
    return f"{stat.st_size} {stat.st_mtime_ns}"
