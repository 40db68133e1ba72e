"""The test videos of a folder, opened for a trained student."""

from pathlib import Path

import numpy as np

from ...errors import ConfigError, DataError
from ..corpus import Kind
from ..frames import FrameNames, window_rows
from .faces import read_faces
from .index import read_index
from .samples import face_samples
from .settings import AffWild2Settings
from .submission import FaceReading, FaceRecordings


def open_faces(
    root: Path,
    settings: AffWild2Settings,
    names: tuple[str, ...],
    *,
    jobs: int = -1,
    progress: bool = True,
) -> FaceRecordings:
    """The test videos below a folder, read as a training read its own; others are not opened.

    Args:
        root: the folder that holds crops and videos; annotations are not needed.
        settings: of the training; its width of smoothing is a number.
        names: modalities to read.
        jobs: processes; −1 uses every core.
        progress: show bars.

    Raises:
        ConfigError: if ``root`` is no folder, or the width is still to be chosen.
        DataError: if no face is to be predicted.
    """
    width = settings.smoothing
    if width == "auto":
        raise ConfigError("Recordings are smoothed by the width of a training; give its number.")
    settings = settings.model_copy(update={"root": root, "unannotated": True})
    index = read_index(root, needs_annotations=False)
    table = index.table[index.table["part"] == "test"].reset_index(drop=True)
    index = type(index)(index.root, table, index.simulated, index.remarks)
    faces, left_out = read_faces(index, settings, names, jobs, progress)
    if not faces:
        raise DataError(
            f"{root} has no face to be predicted: no list of test videos and no crops without "
            f"annotation; run `python -m pkdot check affwild2` on it."
        )
    offsets = np.concatenate([[0], np.cumsum([len(face) for face in faces])]).astype(np.int64)
    span = settings.length * settings.dilation
    windows = [window_rows(len(f), settings.length, span, settings.dilation) for f in faces]
    rows = np.concatenate([own + at for own, at in zip(windows, offsets[:-1], strict=True)])
    owner = np.repeat(np.arange(len(faces)), [len(own) for own in windows])
    heard = np.concatenate([face.heard for face in faces])[rows].mean(axis=1) >= 0.5
    everything = np.ones(len(rows), dtype=bool)
    samples = face_samples(settings, faces, offsets, rows, names)
    kind: Kind = "frames" if settings.form == "plain" else "picture"
    frames = FrameNames([face.name for face in faces], offsets, rows)[np.arange(len(rows))]
    return FaceRecordings(
        place=str(root),
        ids=np.array([f"{names[0]}+" for names in frames]),
        groups=np.array([faces[i].recording for i in owner]),
        frames=frames,
        readings={
            name: FaceReading(samples[name], kind, heard if name == "sound" else everything)
            for name in names
        },
        pictured=frozenset(
            f"{face.name}/{number:05d}"
            for face in faces
            for number in face.pictures.facts["numbers"]
        ),
        smoothing=width,
        left_out=tuple(left_out),
    )
