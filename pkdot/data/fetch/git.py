"""Archives of a git repository at one commit, checked by git's own hashes.

A server may pack the same commit into different bytes, so an archive has no hash of its own to
know. What it holds has: git names each file by the SHA-1 of its content (its *blob*) and each
folder by the SHA-1 of its list of blobs (its *tree*), see the chapter "Git Objects" of Chacon and
Straub, "Pro Git", 2014.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from zipfile import ZipFile

from .unpack import UnusableArchive, members, opened
from .web import RemoteFile

_PLAIN, _EXECUTABLE = b"100644", b"100755"


@dataclass(frozen=True)
class GitArchive:
    """A commit, and the hashes of what is wanted of it.

    Attributes:
        repository: ``owner/name`` on GitHub.
        commit: its full hash.
        trees: folder -> hash of its tree; the folder holds files only.
        blobs: file -> hash of its blob.
        executable: patterns of names in ``trees`` that git keeps as executable, which enters the
            tree's hash.
        size: bytes of the archive, roughly.
    """

    repository: str
    commit: str
    trees: Mapping[str, str]
    blobs: Mapping[str, str] = field(default_factory=dict)
    executable: tuple[str, ...] = ()
    size: int = 0

    def remote(self, server: str) -> RemoteFile:
        """The archive as a server of GitHub's gives it."""
        name = f"{self.repository.rpartition('/')[2]}-{self.commit[:12]}.zip"
        return RemoteFile(f"{server}/{self.repository}/zip/{self.commit}", name)

    def place(self, member: str) -> str | None:
        """Where a member of the archive belongs: as in the repository, if it is wanted."""
        path = member.partition("/")[2]  # the archive has one folder around all
        return path if path in self.blobs or path.rpartition("/")[0] in self.trees else None

    def verify(self, archive: Path) -> None:
        """Compare what the archive holds with the hashes.

        Raises:
            UnusableArchive: naming the first folder or file that differs; the archive is deleted.
        """
        with opened(archive) as file:
            wrong = self._difference(file)
            if not wrong:
                return
            raise UnusableArchive(
                f"{wrong} of {self.repository} differs from commit {self.commit[:12]}; the archive "
                f"was deleted: fetch again, and if it stays so, do not use it."
            )

    def _difference(self, file: ZipFile) -> str | None:
        found = {path: blob_id(file.read(info)) for path, info in members(file, self.place).items()}
        for folder, tree in self.trees.items():
            inside = {
                path.rpartition("/")[2]: blob
                for path, blob in found.items()
                if path.rpartition("/")[0] == folder
            }
            if tree_id(inside, self.executable) != tree:
                return f"The folder {folder}"
        return next(
            (f"The file {p}" for p, blob in self.blobs.items() if found.get(p) != blob), None
        )


def blob_id(content: bytes) -> str:
    """Git's hash of a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def tree_id(blobs: Mapping[str, str], executable: Iterable[str] = ()) -> str:
    """Git's hash of a folder of files, from name -> blob.

    Args:
        blobs: name -> hash of its blob.
        executable: patterns of names that are kept as executable.
    """

    def entry(name: str) -> bytes:
        mode = _EXECUTABLE if any(fnmatchcase(name, one) for one in executable) else _PLAIN
        return mode + b" " + name.encode() + b"\0" + bytes.fromhex(blobs[name])

    content = b"".join(entry(name) for name in sorted(blobs, key=str.encode))
    return hashlib.sha1(b"tree %d\0" % len(content) + content).hexdigest()
