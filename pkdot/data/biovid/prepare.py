"""Preparation, once: every window of one modality in one memory-mapped array.

A cache folder is named by everything that its content depends on: the windows, size and time of
each of their files, the options, and the versions of what decodes and filters. What is in a
folder is therefore never stale, and never changed; other data or options open another folder.

The work is cut into chunks. A chunk's rows are written first and its note afterwards, in one
rename: a chunk with a note is done, whoever did it. So an interrupted run resumes, and processes
that prepare the same thing at once share the work: each takes the chunks that nobody holds. A note
keeps the digest of its rows; one that is damaged, or whose rows changed, is done again (rows of
arrays up to :data:`~pkdot.keyed_cache.LARGE` bytes: larger ones would take seconds to read).
Memory holds one window at a time.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...array_files import load_array, read_npy_head
from ...atomic_files import WriterLock, disk_errors, write_text, written_aside
from ...errors import HeldError
from ...keyed_cache import LARGE, UNREADABLE, short_hash
from ...worker_pool import Tied
from ..features import cache_folder
from ..media.workers import one_thread_in_workers
from .cachekey import CHUNK, Options, cache_key
from .damage import Damage, DamagedFile
from .index import BioVidIndex
from .settings import VideoOptions
from .signals import read_trace
from .video import read_clip


@dataclass(frozen=True)
class Prepared:
    """One modality of every window of an index.

    Attributes:
        data: read-only memory map, one row per row of the index's table: (N, frames, size,
            size, 3) uint8 for video, (N, length) float32 for a signal. Rows that are not usable,
            or were not asked for, hold zeros.
        usable: (N,) bool.
        damages: why windows that were asked for are not usable.
        facts: per window of the table: ``rate`` (Hz or frames per second of its file), ``bridged``
            (share interpolated) and ``face_found``; NaN where it does not apply.
        fingerprint: name of the cache folder.
    """

    data: np.ndarray
    usable: np.ndarray
    damages: tuple[Damage, ...]
    facts: pd.DataFrame
    fingerprint: str


def read_window(
    index: BioVidIndex, row: int, modality: str, options: Options, window: tuple[float, float]
) -> tuple[np.ndarray, dict[str, Any]]:
    """One window of one modality: its array, and facts about its file.

    Raises:
        DamagedFile: if the window cannot be used.
    """
    entry = index.table.iloc[row]
    if isinstance(options, VideoOptions):
        clip = read_clip(
            index.root / entry.video,
            options,
            *window,
            int(entry.first_frame),
            int(entry.last_frame),
        )
        return clip.pictures, {"rate": clip.fps, "face_found": clip.face_found}
    trace = read_trace(index.root / entry.signals, modality, options, *window)
    return trace.samples, dict(trace.facts)


def prepare(
    index: BioVidIndex,
    modality: str,
    options: Options,
    window: tuple[float, float] = (0.0, 5.5),
    *,
    classes: tuple[int, ...] | None = None,
    cache: Path | None = None,
    jobs: int = 1,
    progress: bool = True,
) -> Prepared:
    """Prepare one modality, or open what was prepared before.

    Args:
        index: the windows.
        modality: one of :data:`~pkdot.data.biovid.settings.MODALITIES`.
        options: of the modality: :class:`VideoOptions` for video, else :class:`SignalOptions`.
        window: first and last second to keep.
        classes: class numbers that are needed; all when left out. Further classes can be
            prepared later and join the same cache.
        cache: folder of all caches; :func:`cache_folder` when left out.
        jobs: processes; −1 uses every core.
        progress: show a bar.
    """
    import joblib
    from tqdm.auto import tqdm

    shape, dtype = _row_shape(options, window)
    key = cache_key(index, modality, options, window)
    work = _Work(index, modality, options, window, (cache or cache_folder()) / "biovid" / key)
    path = work.folder / "values.npy"
    _allocate(path, (len(index), *shape), dtype)
    chunks = list(_chunks(index, classes))
    todo = [chunk for chunk in chunks if not work.is_done(chunk)]
    with tqdm(
        total=sum(map(len, chunks)),
        initial=sum(map(len, chunks)) - sum(map(len, todo)),
        desc=f"preparing {modality}",
        unit="window",
        disable=not progress or not todo,
    ) as bar:
        if todo:
            run = joblib.Parallel(n_jobs=min(jobs, len(todo)), return_as="generator")
            held = []
            for chunk, done in zip(todo, run(work.task(c, wait=False) for c in todo), strict=True):
                bar.update(len(chunk) if done else 0)
                if not done:
                    held.append(chunk)
            for chunk in held:  # another process holds these: wait for it, or take over
                work.do(chunk, wait=True)
                bar.update(len(chunk))
    return _open(work, chunks, path)


def _row_shape(options: Options, window: tuple[float, float]) -> tuple[tuple[int, ...], type]:
    if isinstance(options, VideoOptions):
        return (options.frames, options.size, options.size, 3), np.uint8
    return (round((window[1] - window[0]) * options.rate),), np.float32


def _chunks(index: BioVidIndex, classes: tuple[int, ...] | None) -> Iterator[tuple[int, ...]]:
    """Rows of each chunk; no chunk mixes classes, so that classes can be prepared one by one."""
    for class_id, rows in index.table.groupby("class_id").indices.items():
        if classes is None or class_id in classes:
            for at in range(0, len(rows), CHUNK):
                yield tuple(int(row) for row in rows[at : at + CHUNK])


def _allocate(path: Path, shape: tuple[int, ...], dtype: type) -> None:
    """Create the array, once, whoever comes first; most file systems store only what is written."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with WriterLock(path.with_suffix(".lock"), patience=math.inf):
        if not path.is_file():
            with written_aside(path) as aside:
                np.lib.format.open_memmap(aside, mode="w+", dtype=dtype, shape=shape)


@dataclass(frozen=True)
class _Work:
    """What a process needs to do a chunk."""

    index: BioVidIndex
    modality: str
    options: Options
    window: tuple[float, float]
    folder: Path

    def note(self, chunk: tuple[int, ...]) -> Path:
        return self.folder / "notes" / f"{chunk[0]:06d}.json"

    def is_done(self, chunk: tuple[int, ...]) -> bool:
        """Whether a chunk has a note that can be read, and rows that are those of the note."""
        try:
            facts, kept = read_note(self.note(chunk))
            path = self.folder / "values.npy"
            known = kept and path.stat().st_size <= LARGE
            return len(facts) == len(chunk) and (not known or _rows_digest(path, chunk) == kept)
        except UNREADABLE:
            return False

    def task(self, chunk: tuple[int, ...], wait: bool) -> tuple[Callable[..., bool], tuple, dict]:
        """The chunk as joblib wants it, with no more of the index than the chunk needs."""
        import joblib

        return joblib.delayed(Tied(_Work.do))(self._only(chunk), chunk, wait)

    def _only(self, chunk: tuple[int, ...]) -> "_Work":
        table = self.index.table.iloc[list(chunk)].set_axis(list(chunk))
        index = BioVidIndex(self.index.root, self.index.layout, table, self.index.simulated)
        return _Work(index, self.modality, self.options, self.window, self.folder)

    def do(self, chunk: tuple[int, ...], wait: bool) -> bool:
        """Do a chunk unless it is done; False where another process holds it and we do not wait."""
        one_thread_in_workers()
        note = self.note(chunk)
        with disk_errors(note):
            note.parent.mkdir(parents=True, exist_ok=True)
        try:
            with WriterLock(note.with_suffix(".lock"), patience=math.inf if wait else 0):
                if not self.is_done(chunk):
                    self._write(chunk, note)
        except HeldError:
            return False
        return True

    def _write(self, chunk: tuple[int, ...], note: Path) -> None:
        here = self if len(self.index) == len(chunk) else self._only(chunk)
        facts = []
        path = self.folder / "values.npy"
        with disk_errors(path), path.open("r+b") as file:
            data_at, row_size = _layout(file)
            for place, row in enumerate(chunk):
                try:
                    values, fact = read_window(
                        here.index, place, self.modality, self.options, self.window
                    )
                except DamagedFile as damage:
                    facts.append({"kind": damage.kind, "reason": damage.reason})
                    continue
                # written, not mapped: a full disk is then an error, and no memory is held
                file.seek(data_at + row * row_size)
                file.write(np.ascontiguousarray(values).tobytes())
                facts.append(fact)
            file.flush()
            os.fsync(file.fileno())
        rows = _rows_digest(path, chunk)
        write_text(
            note, json.dumps({"facts": facts, "own": short_hash([facts, rows]), "rows": rows})
        )


def read_note(note: Path) -> tuple[list[dict[str, Any]], str]:
    """Facts of a chunk's rows, and the digest of these; older notes hold the facts alone.

    Raises:
        OSError, ValueError, KeyError: if it is missing or damaged.
    """
    content = json.loads(note.read_text(encoding="utf-8"))
    if isinstance(content, list):
        return content, ""
    facts, rows = content["facts"], content["rows"]
    if content["own"] != short_hash([facts, rows]):
        raise ValueError("not what was written")
    return facts, rows


def _rows_digest(path: Path, chunk: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        data_at, row_size = _layout(file)
        hashed = hashlib.sha256()
        for row in chunk:
            file.seek(data_at + row * row_size)
            hashed.update(file.read(row_size))
    return hashed.hexdigest()


def _layout(file: Any) -> tuple[int, int]:
    """Where the rows of an open ``.npy`` file begin, and the size of one, in bytes."""
    shape, _, dtype = read_npy_head(file)
    return file.tell(), int(np.prod(shape[1:])) * dtype.itemsize


def _open(work: _Work, chunks: list[tuple[int, ...]], path: Path) -> Prepared:
    table = work.index.table
    files = table["video" if work.modality == "video" else "signals"]
    usable = np.zeros(len(table), dtype=bool)
    facts: list[dict[str, Any]] = [{} for _ in range(len(table))]
    damages = []
    for chunk in chunks:
        for row, fact in zip(chunk, read_note(work.note(chunk))[0], strict=True):
            if "kind" in fact:
                sample, file = table["sample"].iloc[row], files.iloc[row]
                damages.append(Damage(sample, file, fact["kind"], fact["reason"]))
            else:
                usable[row], facts[row] = True, fact
    columns = ["rate", "bridged", "face_found"]
    return Prepared(
        data=load_array(path, mapped=True),
        usable=usable,
        damages=tuple(damages),
        facts=pd.DataFrame(facts, columns=columns).astype(float),
        fingerprint=work.folder.name,
    )
