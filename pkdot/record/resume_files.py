"""What an unfinished run needs to go on: states of its stages, a file each, in ``RESUME``.

A file is safetensors: arrays, and in its header the rest as JSON. It is named by the order of
writing and says which files of earlier stages it builds on. States of finished stages stay; of
those in between the last two do, so that a damaged one costs the time since the one before.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import RecordError
from . import schema
from .arrays import Array, read_arrays
from .files import stays_inside
from .folder import RecordFolder

KEPT = 2
"""States of unfinished stages that are kept."""
_NUMBER = re.compile(r"(\d{6,12})-[\w.-]*\.safetensors")


@dataclass(frozen=True, eq=False)
class ResumeFile:
    """One kept state.

    Attributes:
        name: of the file.
        key: of the stage.
        ended: whether the stage has ended.
        needs: files of finished stages that came before.
        bookmark: how far the record was, see :meth:`pkdot.record.Recorder.bookmark`.
        notes: plain values of the writer's.
        arrays: by name.
    """

    name: str
    key: str
    ended: bool
    needs: Sequence[str]
    bookmark: Mapping[str, Any]
    notes: Mapping[str, Any]
    arrays: Mapping[str, Array]


class ResumeFiles:
    """The states of a run that is being written.

    Args:
        folder: of the record, open for writing.
    """

    def __init__(self, folder: RecordFolder) -> None:
        self._folder = folder
        self._number = max(_numbered(folder.path), default=0)
        self._ended: list[str] = []
        self._open: list[str] = []

    def write(
        self,
        key: str,
        arrays: Mapping[str, Any],
        *,
        ended: bool,
        bookmark: Mapping[str, Any],
        notes: Mapping[str, Any],
    ) -> None:
        """Keep a state, and delete what no state needs any more.

        Args:
            key: of the stage.
            arrays: tensors or arrays by name.
            ended: whether the stage has ended.
            bookmark: of the record; what it counts must be written already.
            notes: plain values, NaN and whole numbers of any size among them.

        Raises:
            RecordError: if the disk refuses.
        """
        self._number += 1
        slug = re.sub(r"[^\w.-]+", "_", key)[:60]
        name = f"{self._number:06d}-{slug}.safetensors"
        content = {
            "key": key,
            "ended": ended,
            "needs": self._ended,
            "bookmark": bookmark,
            "notes": notes,
        }
        path = self._folder.path / schema.RESUME / name
        self._folder.write_arrays(path, arrays, {"state": json.dumps(content)})
        if ended:
            self._ended = [*self._ended, name]
        else:
            self._open = [*self._open, name]
            for old in self._open[:-KEPT]:
                self._folder.remove(f"{schema.RESUME}/{old}")
            self._open = self._open[-KEPT:]

    def take_up(self) -> list[ResumeFile]:
        """The states to go on from, the newest last; all others are deleted.

        The newest that is whole, with the finished stages that it builds on if they are whole, too.
        Empty where there is none: the run then begins anew.

        Raises:
            RecordError: if the disk refuses.
        """
        path = self._folder.path
        names = _numbered(path)
        chain: list[ResumeFile] = []
        for number in sorted(names, reverse=True):
            if chain := _chain(path, names[number]):
                break
        self._ended = [file.name for file in chain if file.ended]
        self._open = [file.name for file in chain if not file.ended]
        for name in set(names.values()) - {file.name for file in chain}:
            self._folder.remove(f"{schema.RESUME}/{name}")
        return chain


def _numbered(record: Path) -> dict[int, str]:
    """Names of the files by the order of writing."""
    names = (file.name for file in (record / schema.RESUME).glob("*.safetensors"))
    matches = (_NUMBER.fullmatch(name) for name in names)
    return {int(match[1]): match[0] for match in matches if match}


def _chain(record: Path, name: str) -> list[ResumeFile]:
    """A state, and before it those that it builds on; empty where one of them is not whole."""
    try:
        newest = _read(record, name)
        return [*(_read(record, earlier) for earlier in newest.needs), newest]
    except (RecordError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _read(record: Path, name: str) -> ResumeFile:
    if not stays_inside(name) or "/" in name:
        raise ValueError(name)
    arrays, notes = read_arrays(record, f"{schema.RESUME}/{name}")
    return ResumeFile(name, arrays=arrays, **json.loads(notes["state"]))
