"""A record's embeddings as files for another program, in memory or in a folder."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...atomic_files import disk_errors, rename_folder, scratch_folder, written_aside
from ...errors import InputError
from .atlas import SHOWN, atlas_table
from .projector import projector_texts
from .samples import NETWORKS, ExportedSamples, exported_samples

if TYPE_CHECKING:
    from ..reader import RunRecord


def export_files(
    record: "RunRecord",
    form: str,
    *,
    epoch: int | None = None,
    projection: str = "pca",
    neighbours: int = SHOWN,
) -> dict[str, bytes]:
    """The embeddings of teacher and student as another program reads them.

    Args:
        record: of a run, or of embeddings that were compared.
        form: ``atlas`` (``teacher.parquet``, ``student.parquet``; see
            :func:`pkdot.record.export.atlas.atlas_table`) or ``projector`` (see
            :func:`pkdot.record.export.projector.projector_texts`).
        epoch: a logged one; by default the best, or the last.
        projection: the maps of ``atlas``: pca or umap.
        neighbours: a sample, for ``atlas``.

    Returns:
        File name -> content.

    Raises:
        InputError: for an unknown form or projection, or embeddings that cannot be exported.
        RecordError: if the record has none of that epoch, or is damaged.
    """
    if form not in FORMS:
        raise InputError(f"Unknown form {form!r}; choose {', '.join(FORMS)}.")
    return FORMS[form](exported_samples(record, epoch, projection), neighbours)


def export_embeddings(
    record: "RunRecord",
    form: str,
    out: str | Path,
    *,
    epoch: int | None = None,
    projection: str = "pca",
    neighbours: int = SHOWN,
) -> Path:
    """Write the files of :func:`export_files` into a new folder, which appears whole or not at all.

    Args:
        record: of a run, or of embeddings that were compared.
        form: ``atlas`` or ``projector``.
        out: the folder.
        epoch: a logged one; by default the best, or the last.
        projection: the maps of ``atlas``: pca or umap.
        neighbours: a sample, for ``atlas``.

    Returns:
        The folder.

    Raises:
        InputError: as :func:`export_files`, or if the folder holds something already.
        RecordError: likewise, or if the disk refuses.
    """
    target = Path(out).expanduser().absolute()
    taken = InputError(f"{target} is there already; delete it, or choose another by --out.")
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise taken
    files = export_files(record, form, epoch=epoch, projection=projection, neighbours=neighbours)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(target.parent, ".exporting-") as hidden:
        for name, content in files.items():
            with written_aside(hidden / name) as aside:
                aside.write_bytes(content)
        if not rename_folder(hidden, target):
            raise taken
    return target


def _atlas(samples: ExportedSamples, neighbours: int) -> dict[str, bytes]:
    import pyarrow.parquet as pq

    files = {}
    for network in NETWORKS:
        stream = io.BytesIO()
        pq.write_table(atlas_table(samples, network, neighbours), stream, compression="zstd")
        files[f"{network}.parquet"] = stream.getvalue()
    return files


def _projector(samples: ExportedSamples, neighbours: int) -> dict[str, bytes]:
    return {name: text.encode() for name, text in projector_texts(samples).items()}


FORMS: dict[str, Callable[[ExportedSamples, int], dict[str, bytes]]] = {
    "atlas": _atlas,
    "projector": _projector,
}
"""What embeddings can be exported as -> its files."""
