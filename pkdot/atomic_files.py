"""Files that appear whole or not at all, and a lock that dies with its holder.

A reader may look at a folder at any moment, and a writer may be killed at any moment. Hence each
file is written beside its final name, forced to disk, and renamed: the name holds the old content
or the new, never a part. The name beside it is random: containers that share a disk share process
numbers, too. The lock is the kernel's (``flock``): it needs no clean-up after a kill,
unlike a file with a process number, and on current network file systems it holds across machines.
"""

import errno
import fcntl
import json
import math
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO, Any, Self

from .errors import HeldError, RecordError

_PART = ".part"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a disk refuses while ``path`` is written into one sentence.

    Raises:
        RecordError: for any OSError inside (disk full, read-only, folder gone).
    """
    try:
        yield
    except OSError as error:
        raise RecordError(
            f"{path.name} could not be written in {path.parent}: {error.strerror or error}; free "
            f"some space or choose another folder."
        ) from error


@contextmanager
def written_aside(
    path: Path, before_rename: Callable[[Path], None] | None = None
) -> Iterator[Path]:
    """Give a temporary path to write to; on success it takes the place of ``path``.

    Args:
        path: the final name.
        before_rename: called with the complete temporary file; what it raises stops the rename.

    Raises:
        RecordError: if the disk refuses (full, read-only, folder gone); ``path`` is unchanged.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_PART}")
    with disk_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield aside
            with aside.open("rb+") as stream:
                os.fsync(stream.fileno())
            if before_rename is not None:
                before_rename(aside)
            aside.replace(path)
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def reserve(file: IO[bytes], size: int) -> None:
    """Claim disk space for an open file before it is filled, so that a full disk shows at once.

    A file system that cannot reserve is left alone: the writing itself then fails.

    Raises:
        OSError: if there is not so much space.
    """
    if size <= 0 or not hasattr(os, "posix_fallocate"):  # macOS has none
        return
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def rename_folder(folder: Path, target: Path) -> bool:
    """Give a folder its final name; False where something has that name already.

    Raises:
        RecordError: if the disk refuses.
    """
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return False
        raise RecordError(f"{target} could not be made: {error.strerror}.") from error
    return True


def move(source: Path, target: Path) -> None:
    """Give a whole file or folder its final name on the same disk, in one step.

    Raises:
        RecordError: if the disk refuses.
    """
    with disk_errors(target):
        source.replace(target)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with plain line feeds, whole or not at all."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as indented JSON, whole or not at all (see :func:`plain`)."""
    text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def plain(value: Any, where: str = "run.json") -> Any:
    """Turn settings into what JSON can hold.

    Tuples become lists, paths become strings, NumPy and torch scalars become numbers. JSON has no
    NaN and no infinity, so these become the strings ``"nan"``, ``"inf"`` and ``"-inf"``.

    Raises:
        RecordError: for anything else, and for text with half a character (a lone surrogate, as
            file names of another encoding have), naming where it stands.
    """
    if isinstance(value, str):
        return _unicode(value, where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise RecordError(
                f"{where} holds a whole number beyond 64 bits, which tables cannot keep; give it "
                f"as text."
            )
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {
            _unicode(str(key), where): plain(item, f"{where}: {key}") for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item, where) for item in items]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item(), where)
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1 and len(value) <= 1000:
        return plain(value.tolist(), where)
    raise RecordError(
        f"{where} holds a {type(value).__name__}, which a record cannot keep; give numbers, "
        f"strings, lists or mappings of these."
    )


def _unicode(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RecordError(
            f"{where} holds the text {text[:60]!a}, which is not valid Unicode; rename it."
        ) from None
    return text


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Delete the half-written files that a killed writer left. Call it with the lock held.

    Args:
        folder: where to look, at any depth.
        name: of the one file that the lock is for, in the folder itself.
    """
    left = folder.glob(f".{escape(name)}.*{_PART}") if name else folder.rglob(f".*{_PART}")
    for leftover in left:
        with suppress(OSError):
            leftover.unlink()


class WriterLock:
    """Exclusive right to write one folder or file, until released or the process ends.

    A context manager: leaving the ``with`` block releases it.
    """

    def __init__(self, path: Path, *, patience: float = 0.5) -> None:
        """Take the lock.

        Args:
            path: the lock's file; created where absent.
            patience: seconds to go on trying. A reader that asks :func:`is_held` holds the lock
                for some microseconds, and that must not stop a writer. Infinity waits for ever.

        Raises:
            HeldError: if another writer holds it.
            RecordError: if nothing can be written there, or the file system cannot lock.
        """
        self.path = path
        deadline = time.monotonic() + patience
        while True:
            with disk_errors(path):
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                self._descriptor = os.open(path, flags, 0o644)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The former holder may have deleted the file between our open and our lock; then
                # this lock guards a nameless file, and the next writer would not see it.
                if os.fstat(self._descriptor).st_ino == os.stat(path).st_ino:
                    break
            except (BlockingIOError, FileNotFoundError):
                pass
            except OSError as error:
                os.close(self._descriptor)
                raise RecordError(
                    f"{path.parent} lies on a file system without locks ({error.strerror}); "
                    f"choose one on another (PKDOT_RUNS for records, PKDOT_CACHE for caches)."
                ) from error
            os.close(self._descriptor)
            if time.monotonic() > deadline:
                raise HeldError(
                    f"{path.parent} is being written by another process "
                    f"({_holder(path)}); wait until it ends, or start a record of its own."
                )
            time.sleep(0.02)
        with suppress(OSError):  # a disk that is full takes no name, and the lock holds without it
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()} on {os.uname().nodename}".encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def moved(self, path: Path) -> None:
        """Tell the lock that its file now has another name."""
        self.path = path

    def release(self) -> None:
        """Give the lock back and remove its file; a second call does nothing."""
        if self._descriptor >= 0:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def _holder(path: Path) -> str:
    try:
        return "process " + (path.read_text(encoding="utf-8")[:100] or "unknown")
    except OSError:
        return "process unknown"


def is_held(path: Path) -> bool:
    """Whether a living writer holds the lock at ``path``; a file that nobody holds is not held."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder for unfinished work on the same disk as ``parent``, and removed at the end.

    Those of dead processes are removed at the start. The lock beside a folder is taken before it is
    made, so that one without a living holder belongs to nobody.

    Args:
        parent: where it is made.
        prefix: of its name; what else begins so in ``parent`` is taken for such folders.

    Raises:
        RecordError: if the disk refuses.
    """
    for name in {entry.name.removesuffix(".lock") for entry in parent.glob(f"{prefix}*")}:
        with suppress(HeldError), WriterLock(parent / f"{name}.lock", patience=0):
            shutil.rmtree(parent / name, ignore_errors=True)
    name = f"{prefix}{secrets.token_hex(8)}"
    folder = parent / name
    with WriterLock(parent / f"{name}.lock"):
        try:
            with disk_errors(folder):
                folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
