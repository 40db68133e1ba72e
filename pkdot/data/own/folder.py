"""Own data in a folder: ``<root>/<modality>/<id>.<ext>``, with targets in a table beside them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .columns import Columns
from .decode import READABLE, File
from .families import Family, families, family
from .findings import Finding, OwnDataError, count, nearest, some
from .prepare import prepare
from .sample_names import group_findings
from .settings import OwnSettings
from .source import Reading, Source
from .table import Inside, files_of, form_facts, open_family, read_labels, table_part

TARGET_TABLES = ("targets.csv", "targets.tsv", "targets.parquet")
"""Names of the table of a folder, the first of which that is there is read."""


def target_table(root: Path) -> Path | None:
    """The table of a folder; None where it has none."""
    return next((root / name for name in TARGET_TABLES if (root / name).is_file()), None)


def modality_folders(root: Path) -> tuple[str, ...]:
    """Names of the folders that may hold a file a sample, in order."""
    return tuple(
        sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    )


def open_folder(
    root: Path, names: tuple[str, ...], settings: OwnSettings, *, progress: bool = True
) -> Source:
    """The source in a folder.

    Families of numbers in the table, such as ``eda.0 … eda.31``, are modalities as well. Without a
    table the samples are those that the folders of ``names`` (of all, where there are no names)
    hold, and have no target.

    Raises:
        OwnDataError: for a modality that is not there, two files for one id, a file that leads out
            of the folder, or a table that cannot be read.
    """
    folders = modality_folders(root)
    inside = Inside(root)
    table = target_table(root)
    columns = None if table is None else Columns(table.name, (table_part(table),))
    chosen: dict[str, Family] = {}
    modalities = folders
    if columns is None:
        labels = _without_table(root, names or folders, settings, inside)
        for name in names:
            if name not in folders:
                raise OwnDataError(f"{root} has no modality {name!r}; {nearest(name, folders)}")
    else:
        if settings.id not in columns.types:
            raise OwnDataError(
                f"{table} has no column {settings.id!r}, by which files are found; "
                f"{nearest(settings.id, columns.types)}"
            )
        labels = read_labels(columns, settings)
        reserved = {settings.id, settings.group, settings.split, *settings.target}
        known = families(columns, reserved)
        modalities = (*folders, *(name for name in known if name not in folders))
        for name in names:
            if name not in folders:
                chosen[name] = family(name, known, columns, reserved, modalities)
    ids = labels["ids"]

    def open_modality(name: str) -> Reading:
        if name in chosen:
            assert columns is not None
            return open_family(chosen[name], columns, root, settings, progress=progress)
        files = _files(root, name, inside)
        rows = {sample: row for row, sample in enumerate(ids.tolist())}
        items = sorted((rows[sample], file) for sample, file in files.items() if sample in rows)
        strangers = tuple(sorted(sample for sample in files if sample not in rows))
        files_there = files_of(name, len(ids), items, settings)
        reading = prepare(files_there, settings.media, progress=progress)
        return replace(reading, strangers=strangers)

    facts = {} if columns is None else {"table": columns.place, **form_facts(columns)}
    unread = _unread(root, names or folders)
    labels["findings"] = (*labels["findings"], *unread)
    return Source(
        place=root.resolve().name,
        form="folder",
        modalities=modalities,
        open=open_modality,
        names=names,
        facts=facts,
        **labels,
    )


def _without_table(
    root: Path, names: tuple[str, ...], settings: OwnSettings, inside: "Inside"
) -> dict[str, Any]:
    """Fields of a :class:`Source` where no table names the samples."""
    found = [_files(root, name, inside) for name in names if (root / name).is_dir()]
    ids = sorted(set().union(*found))
    if not ids:
        raise OwnDataError(
            f"{root} holds no samples; lay them down as MODALITY/ID.ENDING with targets.csv beside "
            f"the folders, or name a .csv, .parquet or .npz file."
        )
    return {
        "ids": np.array(ids, dtype=str),
        "groups": None,
        "split": None,
        "targets": None,
        "target_names": settings.target,
        "findings": group_findings(root.name, None, settings, ()),
    }


def _entries(root: Path, name: str) -> Iterator[Path]:
    """All files of a modality, in order; hidden ones are none."""
    base = root / name
    for path in sorted(base.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(base).parts)
        if not hidden and not path.is_dir():
            yield path


def _files(root: Path, name: str, inside: Inside) -> dict[str, File]:
    """Name of a sample -> its file; what stands in a folder within is named ``folder/file``."""
    found: dict[str, File] = {}
    for path in _entries(root, name):
        if path.suffix.lower() not in READABLE:
            continue
        sample = path.relative_to(root / name).with_suffix("").as_posix()
        text = path.relative_to(root).as_posix()
        if sample in found:
            raise OwnDataError(
                f"Sample {sample!r} has two files of {name!r} ({Path(found[sample].name).name} "
                f"and {path.name}); keep one."
            )
        found[sample] = File(text, inside(text))
    return found


def _unread(root: Path, names: tuple[str, ...]) -> tuple[Finding, ...]:
    """Files that stand among those of the modalities and cannot be read."""
    others = [
        path.relative_to(root).as_posix()
        for name in names
        if (root / name).is_dir()
        for path in _entries(root, name)
        if path.suffix.lower() not in READABLE
    ]
    if not others:
        return ()
    sentence = f"{count(len(others), 'file')} of other endings are not read ({some(others)})."
    return (Finding("unread", sentence),)
