"""Zip archives unpacked safely: nothing leaves the folder, no links, and a second time only what is
missing.
"""

import posixpath
import shutil
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from ...errors import DataError
from .web import readable

SPARE = 200_000_000
"""Bytes that stay free on a disk."""

Place = Callable[[str], str | None]
"""From a member's name to its path below the folder; None leaves it out."""


@contextmanager
def opened(archive: Path) -> Iterator[ZipFile]:
    """The archive, for reading.

    Raises:
        DataError: where it is no archive, or a part of it is damaged.
    """
    try:
        with ZipFile(archive) as file:
            yield file
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{archive} is no zip archive that can be read ({error}); delete it and fetch again."
        ) from error


def members(file: ZipFile, place: Place) -> dict[str, ZipInfo]:
    """Path below the folder -> member, of the files that are wanted.

    Raises:
        DataError: for a name that would leave the folder, a link, or two members of one path.
    """
    found: dict[str, ZipInfo] = {}
    for info in file.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DataError(f"{file.filename} holds a link, {info.filename!r}; it is not unpacked.")
        for name in (info.filename, place(info.filename) or ""):
            if _leaves(name):
                raise DataError(
                    f"{file.filename} holds {info.filename!r}, which would be written outside the "
                    f"folder; it is not unpacked."
                )
        target = None if info.is_dir() else place(info.filename)
        if target is None:
            continue
        target = posixpath.normpath(target)
        if target in found:
            raise DataError(f"{file.filename} holds {target!r} twice; it is not unpacked.")
        found[target] = info
    return found


def _leaves(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name


def unpack(
    archive: Path, dest: Path, place: Place, step: Callable[[int], object] = lambda n: None
) -> dict[str, int]:
    """Unpack the wanted members; those that are there whole stay as they are.

    Args:
        archive: a zip file.
        dest: the folder.
        place: see :data:`Place`.
        step: called with the size of each file that is in its place.

    Returns:
        Path below ``dest`` -> size in bytes, of all wanted members.

    Raises:
        DataError: for an archive that is damaged or unsafe, or a disk that is full.
    """
    with opened(archive) as file:
        wanted = members(file, place)
        missing = {name: info for name, info in wanted.items() if not _is_there(dest, name, info)}
        require_space(dest, sum(info.file_size for info in missing.values()), archive.name)
        for name, info in wanted.items():
            if name in missing:
                _write(file, info, dest, name)
            step(info.file_size)
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


def _write(file: ZipFile, info: ZipInfo, dest: Path, name: str) -> None:
    path = dest / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.resolve().is_relative_to(dest.resolve()):
            raise DataError(f"{path.parent} leads out of {dest} by a link; remove the link.")
        aside = path.with_name(f".{path.name}.part")
        with file.open(info) as source, aside.open("wb") as target:  # checks the CRC at the end
            shutil.copyfileobj(source, target, 1 << 20)
        aside.replace(path)
    except OSError as error:
        raise DataError(
            f"{name} cannot be written in {dest}: {error.strerror or error}; free some space or "
            f"choose another folder."
        ) from error


def require_space(dest: Path, size: int, what: str) -> None:
    """Raise :class:`DataError` unless the disk of ``dest`` has room for ``size`` bytes more."""
    there = next(path for path in (dest, *dest.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < size + SPARE:
        raise DataError(
            f"{what} needs {readable(size + SPARE)} of free disk, {dest} has {readable(free)}; free "
            f"some space, choose another folder, or fetch fewer parts."
        )
