"""What lies in the folder of an open corpus: one row a recording, told by the files' names."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import ConfigError, DataError
from ..marker import is_simulated
from .pointers import ADVICE, read_pointer
from .terms import TERMS

WORK = ".fetching"
"""Folder of half downloads; where it is there, a fetch is under way or was broken off."""


@dataclass(frozen=True)
class OpenIndex:
    """The recordings of an open corpus.

    Attributes:
        corpus: its name.
        root: the folder.
        table: one row a recording: ``id``, ``group``, ``class_id``, one column of paths below the
            root for each medium (empty: not there), and whatever else the names tell.
        classes: names of the classes, by number.
        media: columns of ``table`` that hold paths.
        simulated: whether a simulator made the folder.
        remarks: what is unusual, one sentence each.
        people: group -> ``sex`` (w, m or empty) and ``age`` (-1: unknown).
    """

    corpus: str
    root: Path
    table: pd.DataFrame
    classes: tuple[str, ...]
    media: tuple[str, ...]
    simulated: bool
    remarks: tuple[str, ...] = ()
    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def having(self, medium: str) -> np.ndarray:
        """Which recordings have a file of a medium, (N,) bool."""
        return (self.table[medium] != "").to_numpy()


def checked_root(root: Path | str) -> Path:
    """A folder that is there.

    Raises:
        ConfigError: for anything else.
    """
    path = Path(root).expanduser()
    if not path.is_dir():
        raise ConfigError(f"There is no folder {path}; name the one that holds the recordings.")
    return path


def files_below(root: Path, endings: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Medium, stem and path below the root of every file of some endings, in order of paths.

    Args:
        root: the folder; hidden folders below it are passed over.
        endings: ending in small letters -> medium.
    """
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            stem, ending = os.path.splitext(name)
            medium = endings.get(ending.lower())
            if medium is not None and not name.startswith("."):
                yield medium, stem, os.path.relpath(os.path.join(folder, name), root)


@dataclass
class Found:
    """Recordings as their files are met.

    Attributes:
        rows: id -> what the name tells, and path by medium.
        twice: files left aside, as another one of the same name came first.
        other: files whose name tells no recording.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    twice: int = 0
    other: int = 0

    def add(self, facts: Mapping[str, Any] | None, medium: str, path: str) -> None:
        """Note a file; ``facts`` hold ``id``, or are None where its name tells nothing."""
        if facts is None:
            self.other += 1
            return
        row = self.rows.setdefault(str(facts["id"]), dict(facts))
        if medium in row:
            self.twice += 1
        else:
            row[medium] = path

    def index(
        self,
        corpus: str,
        root: Path,
        classes: tuple[str, ...],
        media: tuple[str, ...],
        people: Callable[[pd.DataFrame], Mapping[str, Mapping[str, Any]]] = lambda table: {},
        remarks: tuple[str, ...] = (),
    ) -> OpenIndex:
        """The index of all that was met, in order of ids.

        Raises:
            DataError: if there is no recording, or all files are pointers of git-lfs.
        """
        if not self.rows:
            raise DataError(
                f"{root} holds no recording of {TERMS[corpus].title}, by the names of its files; "
                f"`python -m pkdot fetch {corpus} FOLDER` brings them."
            )
        table = pd.DataFrame([self.rows[name] for name in sorted(self.rows)])
        for medium in media:
            if medium not in table:
                table[medium] = ""
        table = table.fillna(dict.fromkeys(media, ""))
        _refuse_pointers(root, table, media)
        notes = list(remarks)
        if self.twice:
            notes.append(f"{self.twice} files are there twice or more; the first is used")
        if self.other:
            notes.append(f"{self.other} files have names of no recording; they are passed over")
        if (root / WORK).is_dir():
            notes.append("a fetch into this folder is under way, or was broken off")
        return OpenIndex(
            corpus, root, table, classes, media, is_simulated(root), tuple(notes), people(table)
        )


def _refuse_pointers(root: Path, table: pd.DataFrame, media: tuple[str, ...]) -> None:
    """Stop where no file was fetched at all; single pointers are damage like any other."""
    paths = [path for medium in media for path in table[medium] if path]
    few = paths[:: max(1, len(paths) // 50)]
    if few and all(read_pointer(root / path) for path in few):
        raise DataError(f"{root / few[0]}, like all files that were looked at: {ADVICE}.")
