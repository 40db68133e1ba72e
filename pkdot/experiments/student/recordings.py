"""New recordings in any form of own data, opened for a student's prevalent modalities alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...data.affwild2 import AffWild2Settings, require_libraries
from ...data.affwild2.submission import FaceRecordings
from ...data.own import OwnSettings
from ...data.own.findings import OwnDataError, some
from ...data.own.load import open_source
from ...data.own.source import Source
from ...errors import ConfigError
from ...settings import flatten
from .trained import TrainedStudent

READ = ("id", "group", "target", "kinds", "media")
"""Settings of a training's own data that say how files are read, not what is learnt."""


def open_recordings(
    student: TrainedStudent,
    path: Path,
    changes: Mapping[str, Any] | None = None,
    *,
    progress: bool = True,
) -> Source | FaceRecordings:
    """Open recordings the way that the student's training data were read.

    Files and columns of other modalities are not opened. A folder given to a student of Aff-Wild2
    is read in that layout, and its test videos are the recordings.

    Args:
        student: trained.
        path: a table, an ``.npz`` file or a folder; a folder of Aff-Wild2 for a student of it.
        changes: settings of :class:`pkdot.data.own.OwnSettings` by dotted name.
        progress: whether to draw bars while files are read.

    Raises:
        ConfigError: for a setting that there is not.
        OwnDataError: for recordings that cannot be read, or a modality that is not there.
    """
    data = student.record.config.get("data")
    if isinstance(data, Mapping) and data.get("name") == "affwild2" and path.is_dir():
        if changes:
            raise ConfigError(
                f"A folder of Aff-Wild2 is read as in the training; leave out {min(changes)!r}."
            )
        require_libraries()
        from ...data.affwild2.recordings import open_faces

        if data.get("smoothing") == "auto":
            data = {**data, "smoothing": student.record.facts["data"]["smoothing"]}
        faces = AffWild2Settings(**data)
        return open_faces(path, faces, student.prevalent, progress=progress)
    settings = reading_settings(student, changes or {})
    source = open_source(path, student.prevalent, settings, progress=progress)
    lacking = [name for name in student.prevalent if name not in source.modalities]
    if lacking:
        raise OwnDataError(
            f"{source.place} has no modality {lacking[0]!r}, which the student reads; it has "
            f"{', '.join(source.modalities) or 'none'}."
        )
    for name in student.prevalent:
        _check_columns(student, source, name)
    return source


def _check_columns(student: TrainedStudent, source: Source, name: str) -> None:
    """Refuse columns of other names than those of the training.

    Raises:
        OwnDataError: naming the first of them.
    """
    told = student.record.facts.get("data", {}).get("reading", {}).get(name, {}).get("columns")
    found = source.reading(name).facts.get("columns") if told else None
    if not found or list(found) == list(told):
        return
    lacking = [column for column in told if column not in found]
    odd = [column for column in found if column not in told]
    raise OwnDataError(
        f"{name!r} of {source.place} has other columns than the student learnt from: it lacks "
        f"{some(lacking) or 'none'}, and has {some(odd) or 'none'} besides; name them alike."
    )


def reading_settings(student: TrainedStudent, changes: Mapping[str, Any]) -> OwnSettings:
    """How recordings are read: as the training's own data were, or by the kinds on record."""
    config = student.record.config
    data = config.get("data")
    values: dict[str, Any] = {}
    if isinstance(data, Mapping) and data.get("name") == "own":
        values = {name: data[name] for name in READ if name in data}
    rate = int(config["backbones"].get("sound_rate", 16_000))
    media = {"sound_rate": rate, **values.get("media", {})}
    kinds = {name: modality.kind for name, modality in student.modalities.items()}
    values |= {"media": media, "kinds": {**kinds, **values.get("kinds", {})}}
    known = flatten(OwnSettings(**values).model_dump(), groups=True)
    for name, value in changes.items():
        if name.split(".")[0] not in READ or (name not in known and name.split(".")[0] != "kinds"):
            raise ConfigError(f"There is no setting {name!r} of recordings; see {', '.join(READ)}.")
        *folders, last = name.split(".")
        place = values
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return OwnSettings(**values)
