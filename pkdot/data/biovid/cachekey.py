"""The name of a cache folder: a hash of everything that its content depends on."""

import hashlib
import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .index import BioVidIndex
from .settings import SignalOptions, VideoOptions

VERSION = 2
"""Raised whenever preparation gives other numbers from the same files and options."""

CHUNK = 16
"""Windows per chunk: little is lost by an interruption, and notes stay few."""

Options = VideoOptions | SignalOptions


def cache_key(
    index: BioVidIndex, modality: str, options: Options, window: tuple[float, float]
) -> str:
    """Short hash of all that the prepared rows depend on."""
    is_video = isinstance(options, VideoOptions)
    files = index.table["video" if is_video else "signals"]
    libraries = ("av", "opencv-python-headless") if is_video else ("neurokit2", "scipy", "pandas")
    digest = hashlib.sha256()
    digest.update(
        json.dumps(
            {
                "modality": modality,
                "options": options.model_dump(mode="json"),
                "window": window,
                "chunk": CHUNK,
                "versions": {"preparation": VERSION, **{n: _version(n) for n in libraries}},
                "frames": index.table[["first_frame", "last_frame"]].to_numpy().tolist(),
            },
            sort_keys=True,
        ).encode()
    )
    for name in files:
        digest.update(f"{name}\0{_stamp(index.root / name)}\n".encode())
    return f"{modality}-{digest.hexdigest()[:16]}"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # a build without metadata, e.g. another distribution of OpenCV
        return "unknown"


def _stamp(path: Path) -> str:
    """Size and time of a file; of each of its files for a folder of frames."""
    try:
        stat = path.stat()
        if path.is_dir():
            entries = sorted(
                (e.name, e.stat().st_size, e.stat().st_mtime_ns) for e in os.scandir(path)
            )
            return hashlib.sha256(repr(entries).encode()).hexdigest()
        return f"{stat.st_size} {stat.st_mtime_ns}"
    except OSError as error:
        return type(error).__name__
