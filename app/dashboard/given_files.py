"""Files that a visitor uploads or names: kept for the visit, and looked at before they are read.

Only where the page is private: an upload becomes a record, which all visitors see.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import streamlit as st

from pkdot.atomic_files import written_aside
from pkdot.errors import InputError, printable
from pkdot.record.embeddings.heads import KINDS, FileHead, check_head, in_words, read_head

from .components import literal

LARGEST_UPLOAD = 200
"""Megabytes of an upload, which the server holds in memory."""
MOST_MEMORY = 2**30
"""Bytes that a file may unpack to on the page; the command line takes what is free."""
MOST_CHOICES = 200
LONGEST_NAME = 60
"""Characters of a file's name that are kept; each may be four bytes, and a name has 255."""
TEXTS = ("targets", "ids", "groups")
"""Files that may hold text."""


@dataclass(frozen=True)
class GivenFile:
    """A file that is at hand, and what its head says.

    Attributes:
        path: where it lies.
        head: its shape, type and size.
    """

    path: Path
    head: FileHead

    @property
    def words(self) -> str:
        """Shape, type and size, for people."""
        head = self.head
        sides = f"{head.rows:,}" + (f" × {head.width:,}" if head.width else "")
        names = f"named by {literal(head.ids)}" if head.ids else ""
        parts = (sides, literal(head.type), in_words(head.size), names)
        return " · ".join(part for part in parts if part)

    @property
    def choices(self) -> list[str]:
        """Columns of a table that can be chosen from a list."""
        columns = self.head.columns if self.head.kind in (".csv", ".parquet") else ()
        return list(columns[:MOST_CHOICES])


def ask(label: str, role: str, *, by_path: bool, note: str = "") -> GivenFile | None:
    """Let a visitor give a file; None while there is none, or where a sentence says what is wrong.

    Args:
        label: of the field.
        role: what the file is: teacher, student, targets, ids or groups.
        by_path: whether it is named rather than uploaded.
        note: a few words of help.
    """
    try:
        path = _named(label, role, note) if by_path else _uploaded(label, role, note)
        if path is None:
            return None
        if path.suffix == ".npy" and role not in TEXTS:  # it stays on disk, whatever its size
            given = GivenFile(path, read_head(path))
        else:
            given = GivenFile(path, check_head(path, MOST_MEMORY, texts=role in TEXTS))
    except InputError as error:
        st.error(literal(error), icon=":material/error:")
        return None
    st.caption(given.words)
    return given


def _named(label: str, role: str, note: str) -> Path | None:
    text = st.text_input(
        label, key=f"path of {role}", placeholder="/folder/file.npy", help=note or None
    ).strip()
    return Path(text) if text else None


def _uploaded(label: str, role: str, note: str) -> Path | None:
    """Where an upload was put; once, as the page is drawn again at every click."""
    upload = st.file_uploader(
        label,
        type=[kind.lstrip(".") for kind in KINDS],
        key=f"file of {role}",
        max_upload_size=LARGEST_UPLOAD,
        help=note or None,
    )
    kept: dict[str, tuple[str, Path]] = st.session_state.setdefault("uploads", {})
    if upload is None:
        if role in kept:
            kept.pop(role)[1].unlink(missing_ok=True)
        return None
    if role not in kept or kept[role][0] != upload.file_id:
        folder = Path(_folder().name) / role
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        path = folder / safe_name(upload.name)
        with written_aside(path) as aside:
            aside.write_bytes(upload.getbuffer())
        kept[role] = (upload.file_id, path)
    return kept[role][1]


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder of this visit, which nobody else may read; it goes when the visit ends."""
    if "uploads folder" not in st.session_state:
        st.session_state["uploads folder"] = tempfile.TemporaryDirectory(prefix="pkdot-")
    folder: tempfile.TemporaryDirectory[str] = st.session_state["uploads folder"]
    return folder


def safe_name(given: str) -> str:
    """A name within a folder, for a file that a browser calls as it likes."""
    name = PurePosixPath(printable(given.replace("\\", "/"))).name
    stem, dot, ending = name.rpartition(".")
    stem = (stem if dot else name).strip(". ")[:LONGEST_NAME] or "file"
    return f"{stem}.{ending.lower()[:10]}" if ending and dot else stem
