"""Zip archives unpacked safely: nothing leaves the folder, no links, all of it or nothing.

Members are written aside and checked; only when all are there do they move to their places. A
second time only what is missing is written.
"""

import posixpath
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from ...atomic_files import move
from ...errors import DataError
from .web import readable

SPARE = 200_000_000
"""Bytes that stay free on a disk."""

Place = Callable[[str], str | None]
"""From a member's name to its path below the folder; None leaves it out."""


class UnusableArchive(DataError):
    """An archive that is damaged, or would write where it must not."""


@contextmanager
def opened(archive: Path) -> Iterator[ZipFile]:
    """A downloaded archive, for reading; one that cannot be used is deleted.

    Raises:
        UnusableArchive: where it is no archive, a part of it is damaged, or it is unsafe.
    """
    try:
        with ZipFile(archive) as file:
            yield file
    except UnusableArchive:
        archive.unlink(missing_ok=True)
        raise
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        archive.unlink(missing_ok=True)
        raise UnusableArchive(
            f"{archive.name} is no zip archive that can be read ({error}); it was deleted: fetch "
            f"again."
        ) from error


def members(file: ZipFile, place: Place) -> dict[str, ZipInfo]:
    """Path below the folder -> member, of the files that are wanted.

    Raises:
        UnusableArchive: for a name that would leave the folder, a link, or two members of one path.
    """
    archive = Path(file.filename or "The archive").name
    found: dict[str, ZipInfo] = {}
    for info in file.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnusableArchive(
                f"{archive} holds a link, {info.filename!r}; it was not unpacked, but deleted."
            )
        for name in (info.filename, place(info.filename) or ""):
            if _leaves(name):
                raise UnusableArchive(
                    f"{archive} holds {info.filename!r}, which would be written outside the "
                    f"folder; it was not unpacked, but deleted."
                )
        target = None if info.is_dir() else place(info.filename)
        if target is None:
            continue
        target = posixpath.normpath(target)
        if target in found:
            raise UnusableArchive(
                f"{archive} holds {target!r} twice; it was not unpacked, but deleted."
            )
        found[target] = info
    return found


def _leaves(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name


def unpack(
    archive: Path,
    dest: Path,
    aside: Path,
    place: Place,
    step: Callable[[int], object] = lambda n: None,
) -> dict[str, int]:
    """Unpack the wanted members; those that are there whole stay as they are.

    Args:
        archive: a zip file.
        dest: the folder.
        aside: a folder on the same disk, for members until all are there; it is removed.
        place: see :data:`Place`.
        step: called with the size of each file that is there.

    Returns:
        Path below ``dest`` -> size in bytes, of all wanted members.

    Raises:
        DataError: for an archive that is damaged or unsafe, or a disk that is full; the folder is
            then as it was.
    """
    shutil.rmtree(aside, ignore_errors=True)  # of an earlier, broken try
    try:
        with opened(archive) as file:
            wanted = members(file, place)
            missing = {n: info for n, info in wanted.items() if not _is_there(dest, n, info)}
            for name in missing:
                _refuse_links(dest, name)
            require_space(dest, sum(info.file_size for info in missing.values()), archive.name)
            for name, info in wanted.items():
                if name in missing:
                    _write(file, info, aside / name)
                step(info.file_size)
        _move(aside, dest, list(missing))
    except OSError as error:
        raise DataError(
            f"{archive.name} cannot be unpacked in {dest}: {error.strerror or error}; free some "
            f"space or choose another folder."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return {name: info.file_size for name, info in wanted.items()}


def _is_there(dest: Path, name: str, info: ZipInfo) -> bool:
    path = dest / name
    if not path.is_file() or path.stat().st_size != info.file_size:
        return False
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum == info.CRC


def _write(file: ZipFile, info: ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with file.open(info) as source, path.open("wb") as target:  # checks the CRC at the end
        shutil.copyfileobj(source, target, 1 << 20)


def _refuse_links(dest: Path, name: str) -> None:
    parent = (dest / name).parent
    if not parent.resolve().is_relative_to(dest.resolve()):
        raise DataError(f"{parent} leads out of {dest} by a link; remove the link.")


def _move(aside: Path, dest: Path, names: list[str]) -> None:
    """Move files to their places: a new folder in one step, others file by file."""
    for top in sorted({name.partition("/")[0] for name in names}):
        if not (dest / top).exists():
            move(aside / top, dest / top)
    for name in names:
        if (aside / name).exists():
            (dest / name).parent.mkdir(parents=True, exist_ok=True)
            move(aside / name, dest / name)


def require_space(dest: Path, size: int, what: str) -> int:
    """Bytes that are free on the disk of ``dest``.

    Raises:
        DataError: where there is no room for ``size`` bytes more.
    """
    there = next(path for path in (dest, *dest.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < size + SPARE:
        raise DataError(
            f"{what} needs {readable(size + SPARE)} of free disk, {dest} has {readable(free)}; "
            f"free some space, choose another folder, or fetch fewer parts."
        )
    return free
