"""The folder of a run while somebody writes it: its lock, its ``run.json``, its files.

A file appears whole or not at all, and the folder itself appears with its ``run.json``: whatever
moment the writer is killed at, what stands on disk opens.
"""

import re
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..atomic_files import (
    WriterLock,
    disk_errors,
    remove_leftovers,
    rename_folder,
    write_text,
    written_aside,
)
from ..digests import add_digest, digest_lines, file_digest, read_digests
from ..errors import InputError, RecordError
from . import schema
from .manifest import RunManifest
from .validation import packed

if TYPE_CHECKING:
    import pandas as pd


class RecordFolder:
    """A record's folder, held by one writer until :meth:`release`.

    Attributes:
        path: where it lies.
        manifest: content of ``run.json``; :meth:`write_manifest` writes it.
        is_open: whether this writer still holds it.
    """

    def __init__(self, path: Path, manifest: RunManifest, lock: WriterLock) -> None:
        self.path = path
        self.manifest = manifest
        self.is_open = True
        self._lock = lock
        self._digests: dict[str, str] = {}

    @classmethod
    def create(cls, runs: Path, manifest: RunManifest, *, exact: bool) -> "RecordFolder":
        """Fill a hidden folder, then rename it to the ``run_id`` of the manifest.

        Args:
            runs: folder of records.
            manifest: content of ``run.json``.
            exact: whether no other name will do; else a number is appended to one that is taken.

        Raises:
            InputError: if the id cannot name a folder.
            RecordError: if the name is taken, or nothing can be written there.
        """
        wanted = manifest.run_id
        if not re.fullmatch(r"\w[\w.+-]*", wanted):
            raise InputError(f"{wanted!r} cannot name a run; use letters, digits, '-' and '_'.")
        hidden = runs / f".{wanted}.{uuid4().hex}"
        try:
            hidden.mkdir(parents=True)
        except OSError as error:
            raise RecordError(
                f"No record can be made in {runs}: {error.strerror}; give another runs_dir or "
                f"set PKDOT_RUNS."
            ) from error
        try:
            lock = WriterLock(hidden / schema.LOCK)
            for attempt in count(1):
                target = runs / (wanted if attempt == 1 else f"{wanted}-{attempt}")
                manifest.run_id = target.name
                manifest.write(hidden)
                if rename_folder(hidden, target):
                    break
                if exact:
                    # Two reasons, two sentences: somebody writes it now, or it is left over.
                    WriterLock(target / schema.LOCK).release()
                    raise RecordError(
                        f"The record {target} exists already; choose another run_id, delete it, "
                        f"or give resume=True."
                    )
        except RecordError:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        lock.moved(target / schema.LOCK)
        return cls(target, manifest, lock)

    @classmethod
    def reopen(cls, path: Path, manifest: RunManifest) -> "RecordFolder":
        """Take the lock of a record whose writer is gone, and clear what it left half written.

        Args:
            path: of the record.
            manifest: its new content of ``run.json``, not yet written.

        Raises:
            RecordError: if somebody writes it.
        """
        lock = WriterLock(path / schema.LOCK)
        remove_leftovers(path)
        return cls(path, manifest, lock)

    def release(self) -> None:
        """Give the lock back; nothing can be written afterwards."""
        self.is_open = False
        self._lock.release()

    def write_manifest(self) -> None:
        """Write ``run.json`` with the time of now."""
        self.manifest.write(self.path)

    def write_table(self, name: str, frame: "pd.DataFrame") -> None:
        """Write a parquet file.

        Raises:
            InputError: if parquet cannot hold the table.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except (pa.ArrowException, ValueError) as error:
            raise InputError(f"{name} cannot hold this table: {error}.") from error
        with self._noted(self.path / name) as aside:
            pq.write_table(table, aside, compression="zstd")

    def write_arrays(
        self, path: Path, arrays: Mapping[str, Any], notes: Mapping[str, str] | None = None
    ) -> None:
        """Write a safetensors file, with notes in its header."""
        with self._noted(path) as aside:
            aside.write_bytes(packed(arrays, dict(notes or {})))

    def _noted(self, path: Path) -> AbstractContextManager[Path]:
        """As :func:`written_aside`, with the digest kept before the file takes its name."""
        name = path.relative_to(self.path).as_posix()

        def note(aside: Path) -> None:
            self._digests[name] = file_digest(aside)
            add_digest(self.path / schema.DIGESTS, name, self._digests[name])

        return written_aside(path, before_rename=note)

    def settle_digests(self, *, resumable: bool = True) -> None:
        """Keep one digest a file: of what was written several times, the last.

        Args:
            resumable: whether the files by which the run goes on stay.
        """
        every = read_digests(self.path / schema.DIGESTS)
        every |= {name: (value,) for name, value in self._digests.items()}
        lines = []
        for name in sorted(every):
            leaves = not resumable and name.startswith(f"{schema.RESUME}/")
            if not leaves and (self.path / name).is_file():
                lines += [(name, value) for value in self._own(name, every[name])]
        if lines:
            write_text(self.path / schema.DIGESTS, digest_lines(lines))

    def _own(self, name: str, digests: tuple[str, ...]) -> tuple[str, ...]:
        """The one that fits the file, of those that killed writers left; all where none does."""
        if len(digests) == 1:
            return digests
        value = file_digest(self.path / name)
        return (value,) if value in digests else digests

    def remove(self, name: str) -> None:
        """Delete a file, if it is there.

        Raises:
            RecordError: if the disk refuses.
        """
        self._digests.pop(name, None)
        with disk_errors(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    def remove_resume(self) -> None:
        """Delete what a run needs to go on; a finished one needs it no more."""
        shutil.rmtree(self.path / schema.RESUME, ignore_errors=True)

    def sizes(self) -> dict[str, int]:
        """Bytes of each file but ``run.json`` and the digests, by its name within the folder."""
        return {
            file.relative_to(self.path).as_posix(): file.stat().st_size
            for file in sorted(self.path.rglob("*"))
            if file.is_file()
            and not file.name.startswith(".")
            and file.name not in (schema.MANIFEST, schema.DIGESTS)
            and file.parent != self.path / schema.RESUME
        }
