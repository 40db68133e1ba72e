"""Archives of a git repository at one commit, checked by git's own hashes.

A server may pack the same commit into different bytes, so an archive has no hash of its own to
know. What it holds has: git names each file by the SHA-1 of its content (its *blob*) and each
folder by the SHA-1 of its list of blobs (its *tree*), see the chapter "Git Objects" of Chacon and
Straub, "Pro Git", 2014.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

from ...errors import DataError
from .unpack import members, opened
from .web import RemoteFile

_PLAIN_FILE = b"100644"


@dataclass(frozen=True)
class GitArchive:
    """A commit, and the hashes of what is wanted of it.

    Attributes:
        repository: ``owner/name`` on GitHub.
        commit: its full hash.
        trees: folder -> hash of its tree; the folder holds plain files only.
        blobs: file -> hash of its blob.
        size: bytes of the archive, roughly.
    """

    repository: str
    commit: str
    trees: Mapping[str, str]
    blobs: Mapping[str, str] = field(default_factory=dict)
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
            DataError: naming the first folder or file that differs; the archive is then deleted.
        """
        with opened(archive) as file:
            wrong = self._difference(file)
        if wrong:
            archive.unlink()
            raise DataError(
                f"{wrong} of {self.repository} differs from commit {self.commit[:12]}; the archive "
                f"was deleted: fetch again, and if it stays so, do not use it."
            )

    def _difference(self, file: ZipFile) -> str | None:
        found = {
            path: blob_id(file.read(info)) for path, info in members(file, self.place).items()
        }
        for folder, tree in self.trees.items():
            inside = {
                path.rpartition("/")[2]: blob
                for path, blob in found.items()
                if path.rpartition("/")[0] == folder
            }
            if tree_id(inside) != tree:
                return f"The folder {folder}"
        return next((f"The file {p}" for p, blob in self.blobs.items() if found.get(p) != blob), None)


def blob_id(content: bytes) -> str:
    """Git's hash of a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def tree_id(blobs: Mapping[str, str]) -> str:
    """Git's hash of a folder of plain files, from name -> blob."""
    names = sorted(blobs, key=str.encode)
    entries = [_PLAIN_FILE + b" " + n.encode() + b"\0" + bytes.fromhex(blobs[n]) for n in names]
    content = b"".join(entries)
    return hashlib.sha1(b"tree %d\0" % len(content) + content).hexdigest()
