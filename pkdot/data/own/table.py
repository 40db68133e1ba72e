"""Own data in a table: one row a sample; modalities are families of columns or columns of files."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ...keyed_cache import short_hash
from .columns import Columns
from .decode import File
from .families import Family, families, family, kind_in_features
from .findings import OwnDataError, nearest
from .parts import CsvPart, ParquetPart, Part
from .prepare import Files, file_stamp, prepare
from .sample_names import check_ids, group_findings, numbered
from .settings import GROUP, ID, SPLIT, OwnSettings
from .source import Reading, Source, array_reading

TABLES = (".csv", ".tsv", ".txt", ".parquet")


def table_part(path: Path) -> Part:
    """One file of a table, by its ending."""
    return ParquetPart(path) if path.suffix.lower() == ".parquet" else CsvPart(path)


def open_table(
    path: Path, names: tuple[str, ...], settings: OwnSettings, *, progress: bool = True
) -> Source:
    """The source in one ``.csv`` or ``.parquet`` file.

    Raises:
        OwnDataError: see :func:`source_of_columns`.
    """
    columns = Columns(path.name, (table_part(path),))
    return source_of_columns("table", columns, path.parent, names, settings, progress=progress)


def source_of_columns(
    form: str,
    columns: Columns,
    root: Path,
    names: tuple[str, ...],
    settings: OwnSettings,
    *,
    progress: bool = True,
) -> Source:
    """A source whose modalities are columns of a table.

    Args:
        form: table or hugging face.
        columns: of the table.
        root: folder that paths in it are relative to, and may not leave.
        names: of the modalities that may be read.
        settings: name the columns, and the kinds of modalities.
        progress: show bars while files are read.

    Raises:
        OwnDataError: for columns that are not there, ids that repeat, or no rows.
    """
    labels = read_labels(columns, settings)
    reserved = {settings.id, settings.group, settings.split, *settings.target}
    known = families(columns, reserved)
    chosen = {name: family(name, known, columns, reserved) for name in names}
    unread = [name for name in columns.types if name and name not in reserved]

    def open_modality(name: str) -> Reading:
        return open_family(chosen[name], columns, root, settings, progress=progress)

    taken = {column for own in (*known.values(), *chosen.values()) for column in own.columns}
    return Source(
        place=columns.place,
        form=form,
        modalities=(*known, *(name for name in names if name not in known)),
        open=open_modality,
        names=names,
        columns=tuple(name for name in unread if name not in taken),
        facts=form_facts(columns),
        **labels,
    )


def form_facts(columns: Columns) -> dict[str, Any]:
    """How a csv is written; nothing of other files."""
    part = columns.parts[0]
    if not isinstance(part, CsvPart):
        return {}
    return {"separator": part.form.separator, "decimal": part.form.decimal}


def read_labels(columns: Columns, settings: OwnSettings) -> dict[str, Any]:
    """Ids, groups, targets and split of a table, as fields of :class:`Source`.

    Raises:
        OwnDataError: for a column that is named and not there, and ids that are empty or repeat.
    """
    place, there = columns.place, columns.types

    def column(role: str, name: str, default: str) -> np.ndarray | None:
        if name in there:
            return columns.text(name)
        if name and name != default:
            raise OwnDataError(f"{place} has no {role} column {name!r}; {nearest(name, there)}")
        return None

    ids = column("id", settings.id, ID)
    if ids is not None:
        check_ids(ids, place)
    groups = column("group", settings.group, GROUP)
    split = column("split", settings.split, SPLIT)
    targets, class_names = _targets(columns, settings)
    return {
        "ids": numbered(len(columns)) if ids is None else ids,
        "groups": groups,
        "split": columns.part_words() if split is None and settings.split else split,
        "targets": targets,
        "target_names": settings.target,
        "class_names": class_names,
        "findings": group_findings(place, groups, settings, tuple(there)),
    }


def _targets(columns: Columns, settings: OwnSettings) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Targets as they are written, and the names that whole numbers of a class stand for."""
    missing = [name for name in settings.target if name not in columns.types]
    if len(missing) == len(settings.target):
        # nothing to learn from may be meant: what needs targets says so, and for what column
        return None, ()
    if missing:
        raise OwnDataError(
            f"{columns.place} has no target column {missing[0]!r}; "
            f"{nearest(missing[0], columns.types)}"
        )
    told = columns.features.get(settings.target[0])
    named = tuple(told["names"]) if isinstance(told, dict) and told.get("names") else ()
    values = [columns.raw(name) for name in settings.target]
    if len(values) == 1:
        return values[0], named if values[0].dtype.kind in "iuf" else ()
    if any(column.dtype.kind == "U" for column in values):
        return np.stack([column.astype(str) for column in values], axis=1), ()
    return np.stack(values, axis=1), ()


# --- modalities ---------------------------------------------------------------------------------


def open_family(
    own: Family, columns: Columns, root: Path, settings: OwnSettings, *, progress: bool = True
) -> Reading:
    """Read a modality of a table.

    Args:
        own: its columns.
        columns: of the table.
        root: folder that paths are relative to, and may not leave.
        settings: its kind, and how files are read.
        progress: show a bar while files are read.

    Raises:
        OwnDataError: for columns that hold no numbers, or a path that leaves the folder.
    """
    if own.manner in ("paths", "cells"):
        read = _paths if own.manner == "paths" else _cells
        return prepare(read(own, columns, root, settings), settings.media, progress=progress)
    return _numbers(own, columns, settings)


def _numbers(own: Family, columns: Columns, settings: OwnSettings) -> Reading:
    wanted = settings.kinds.get(own.name)
    if own.manner == "lists":
        values, absent = columns.arrays(own.columns[0])
        return array_reading(values, own.name, wanted, absent=absent)
    values = columns.numbers(own.columns)
    if wanted is None and own.manner == "columns":
        wanted = "columns"
    facts = {"columns": list(own.columns)} if own.manner == "columns" else None
    return array_reading(values, own.name, wanted, facts=facts)


def _paths(own: Family, columns: Columns, root: Path, settings: OwnSettings) -> Files:
    """The files that a column names."""
    texts = columns.text(own.columns[0])
    inside = Inside(root)
    files = [(row, File(text, inside(text))) for row, text in enumerate(texts.tolist()) if text]
    # a file that is not there is a sample without the modality
    there = [(row, file) for row, file in files if file.path is not None and file.path.exists()]
    return files_of(own.name, len(texts), there, settings)


def files_of(name: str, size: int, items: list[tuple[int, File]], settings: OwnSettings) -> Files:
    """The files of a modality, with a stamp of their names, sizes and times."""
    stamp = [(row, file.name, file_stamp(file.path)) for row, file in items if file.path]
    endings = frozenset(file.ending for _, file in items)
    return Files(name, size, lambda: items, short_hash(stamp), endings, settings.kinds.get(name))


def _cells(own: Family, columns: Columns, root: Path, settings: OwnSettings) -> Files:
    """The files that a column holds as bytes, or as structures of bytes and path."""
    inside = Inside(root)
    column = own.columns[0]
    told = kind_in_features(own.name, columns.features)

    def items() -> Iterator[tuple[int, File]]:
        for row, cell in columns.cells(column):
            file = _file_of(cell, f"{column} of row {row}", inside)
            if file is not None:
                yield row, file

    stamp = [(part.path.name, file_stamp(part.path)) for part in columns.parts]
    first = next(iter(items()), (0, File("")))[1]
    return Files(
        own.name, len(columns), items, short_hash([column, stamp]), frozenset({first.ending}),
        settings.kinds.get(own.name) or ("sound" if told == "sound" else None),
    )  # fmt: skip


def _file_of(cell: Any, name: str, inside: Callable[[str], Path]) -> File | None:
    if isinstance(cell, Mapping):
        path = cell.get("path")
        if cell.get("bytes") is not None:
            return File(PurePosixPath(path).name if path else name, content=cell["bytes"])
        return File(path, inside(path)) if path else None
    return None if cell is None else File(name, content=bytes(cell))


class Inside:
    """Turns the paths that a table names into files below a folder.

    Raises:
        OwnDataError: for a path that leads out of the folder, also by a link.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def __call__(self, text: str) -> Path:
        path = self.root / text.replace("\\", "/")
        try:
            whole = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise OwnDataError(f"The path {text[:80]!r} cannot be followed ({error}).") from None
        if not whole.is_relative_to(self.root):
            raise OwnDataError(
                f"The path {text[:80]!r} leads out of {self.root}; files must lie in the folder "
                f"of their table."
            )
        return whole
