"""The folder that is being filled: one writer, progress, and a list of what was checked."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...atomic_files import WriterLock, write_json
from ...errors import ConfigError, DataError, HeldError
from ..open.index import WORK
from ..open.pointers import Pointer
from ..open.terms import TERMS
from .unpack import Place, require_space, unpack
from .web import RemoteFile, fetch_file, readable

LIST = "FETCHED.json"
"""What was fetched: corpus, terms, archives and files with their sizes."""


@dataclass
class Job:
    """One fetch into one folder.

    Attributes:
        corpus: its name.
        dest: the folder.
        progress: whether bars are drawn.
        files: path below ``dest`` -> size, of all that is there and was checked.
        archives: name of an archive -> paths that came out of it.
        objects: path below ``dest`` -> pointer, of files that are fetched one by one.
    """

    corpus: str
    dest: Path
    progress: bool = True
    files: dict[str, int] = field(default_factory=dict)
    archives: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, Pointer] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """Where half downloads lie."""
        return self.dest / WORK

    def say(self, text: str) -> None:
        """Print a line without breaking a bar."""
        from tqdm.auto import tqdm

        tqdm.write(text)

    def bar(self, total: int | None, title: str) -> Any:
        """A bar that counts bytes."""
        from tqdm.auto import tqdm

        return tqdm(
            total=total,
            desc=title,
            unit="B",
            unit_scale=True,
            disable=not self.progress,
        )

    def is_there(self, path: str) -> bool:
        """Whether a file was checked before and still has its size."""
        try:
            return (self.dest / path).stat().st_size == self.files.get(path)
        except OSError:
            return False

    def has_archive(self, name: str) -> bool:
        """Whether an archive was unpacked and all its files are still there."""
        return name in self.archives and all(map(self.is_there, self.archives[name]))

    def fetch(self, file: RemoteFile, size: int | None) -> Path:
        """Bring a file into the folder of half downloads.

        Raises:
            DataError: as :func:`~pkdot.data.fetch.web.fetch_file`.
        """
        with self.bar(size, file.name) as bar:
            return fetch_file(file, self.work, bar, self.say)

    def unpack(self, archive: Path, place: Place) -> None:
        """Unpack an archive, note its files, and delete it.

        Raises:
            DataError: as :func:`~pkdot.data.fetch.unpack.unpack`.
        """
        with self.bar(None, f"unpacking {archive.name}") as bar:
            sizes = unpack(archive, self.dest, self.work / "unpacked", place, bar.update)
        self.files |= sizes
        self.archives[archive.name] = sorted(sizes)
        self.save()
        archive.unlink()

    def require_space(self, size: int) -> None:
        """Say how many bytes of disk a fetch takes at most.

        Raises:
            DataError: where they do not fit.
        """
        free = require_space(self.dest, size, TERMS[self.corpus].title)
        self.say(f"About {readable(size)} of disk are needed; {readable(free)} are free.")

    def save(self) -> None:
        """Write the list."""
        terms = TERMS[self.corpus]
        content = {
            "corpus": self.corpus,
            "title": terms.title,
            "licence": f"{terms.licence}, {terms.link}",
            "citation": terms.citation,
            "archives": self.archives,
            "objects": {path: [one.oid, one.size] for path, one in self.objects.items()},
            "files": self.files,
        }
        write_json(self.dest / LIST, content)

    def _read(self) -> None:
        try:
            content = json.loads((self.dest / LIST).read_text(encoding="utf-8"))
            self._take(content)
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.say(f"{self.dest / LIST} cannot be read; files are checked again.")

    def _take(self, content: Mapping[str, Any]) -> None:
        if content["corpus"] != self.corpus:
            raise DataError(
                f"{self.dest} holds {content['title']}; choose another folder for "
                f"{TERMS[self.corpus].title}."
            )
        self.objects = {path: Pointer(*one) for path, one in content["objects"].items()}
        self.archives = dict(content["archives"])
        self.files = dict(content["files"])


@contextmanager
def opened_job(corpus: str, dest: Path, progress: bool) -> Iterator[Job]:
    """The job of a folder, for one process at a time; what was done is noted, come what may.

    Raises:
        DataError: where the folder cannot be written, is another process's now, or holds another
            corpus.
    """
    job = Job(corpus, dest, progress)
    try:
        job.work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{dest} cannot be written: {error.strerror or error}.") from error
    try:
        lock = WriterLock(dest / ".fetching.lock")
    except HeldError:
        raise DataError(
            f"Another process is fetching into {dest}; wait until it ends, or choose another "
            f"folder."
        ) from None
    try:
        with lock:
            job._read()
            before = dict(job.files)
            try:
                yield job
            finally:
                if job.files != before:
                    job.save()
            shutil.rmtree(job.work, ignore_errors=True)
    finally:
        for folder in (job.work, dest):  # where nothing came, nothing stays
            with suppress(OSError):
                folder.rmdir()


def numbers_in(given: Iterable[int] | None, known: Iterable[int], what: str) -> list[int]:
    """The numbers that were asked for, sorted; all that are known where None.

    Raises:
        ConfigError: for a number that is not known.
    """
    all_numbers = sorted(known)
    wrong = [number for number in given or () if number not in all_numbers]
    if wrong:
        raise ConfigError(
            f"There is no {what} {wrong[0]}; they are {all_numbers[0]} to {all_numbers[-1]}."
        )
    return all_numbers if given is None else sorted(set(given))
