"""Corpus ``affwild2``: windows of frames with valence and arousal for each.

With a ``root`` the database's own files are read; without one a small simulated corpus is written
first, in the same layout, and goes through the same reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...keyed_cache import short_hash
from ...tasks import Regression
from ..corpus import Corpus, IndexArray, Split
from ..features import cache_folder
from ..frames import FrameNames, MiddleFrames, first_occurrences, window_rows
from .annotations import TARGETS
from .faces import Face, read_faces
from .index import AffWild2Index, read_index
from .prepare import VERSION
from .protocol import assign_roles, shared_recordings
from .samples import described_frames, face_samples, places_of, values_digest
from .settings import AffWild2Settings
from .stores import CropStore

LICENCE = "Aff-Wild2: by agreement with its owners; its frames must not be passed on."
_PARTS = ("train", "inner", "test", "unannotated")
_HEARD = 0.5  # share of a window's frames that must have sound


def load(settings: AffWild2Settings, seed: int, *, jobs: int = -1, progress: bool = True) -> Corpus:
    """The corpus of one seed, which draws the inner split; prepares what is not in the cache.

    Raises:
        ConfigError, DataError: each with what to try; in strict mode with all that is damaged.
    """
    index = read_index(corpus_root(settings, jobs, progress))
    used = (*settings.prevalent, *settings.privileged)
    faces, left_out = read_faces(index, settings, used, jobs, progress)
    if left_out and settings.strict:
        raise DataError(
            f"{index.root}: {len(left_out)} things are damaged or missing, and strict mode leaves "
            f"nothing out:\n" + "\n".join(left_out)
        )
    roles = assign_roles(faces, settings.validation_fraction, seed)
    return _corpus(settings, index, faces, roles, left_out)


def corpus_root(settings: AffWild2Settings, jobs: int = -1, progress: bool = True) -> Path:
    """The folder to read: ``settings.root``, or a simulated corpus, written if need be."""
    if settings.root is not None:
        return settings.root
    from ..simulate import affwild2 as simulator

    request: dict[str, Any] = {
        "videos": settings.simulated_videos,
        "frames": settings.simulated_frames,
        "seed": settings.simulated_seed,
        "size": max(settings.face.size + settings.face.size % 2, 16),
    }
    key = short_hash([request, simulator.VERSION, str(simulator.STRENGTHS)])
    dest = cache_folder() / "simulated" / f"affwild2-{key}"
    return simulator.simulate(dest, **request, jobs=jobs, progress=progress)


@dataclass(frozen=True)
class _Windows:
    """Windows over all faces.

    Attributes:
        offsets: number of the first frame of each face, and of all frames, (faces + 1,).
        rows: frames of each window, (N, L).
        face: which face each window is of, (N,).
        part: index into :data:`_PARTS`, (N,).
    """

    offsets: IndexArray
    rows: IndexArray
    face: IndexArray
    part: IndexArray

    def of(self, part: str) -> IndexArray:
        return np.flatnonzero(self.part == _PARTS.index(part))


def _windows(settings: AffWild2Settings, faces: Sequence[Face], roles: Sequence[str]) -> _Windows:
    """Windows of every face in use; those of training may overlap, all others cover each frame."""
    span = settings.length * settings.dilation
    offsets = np.concatenate([[0], np.cumsum([len(face) for face in faces])]).astype(np.int64)
    rows, owners, parts = [], [], []
    for i, (face, role) in enumerate(zip(faces, roles, strict=True)):
        if role not in _PARTS:
            continue
        stride = settings.stride if role == "train" and settings.stride else span
        own = window_rows(len(face), settings.length, stride, settings.dilation)
        if role != "unannotated":
            own = own[np.isfinite(face.targets[own]).any(axis=(1, 2))]
        if "sound" in settings.prevalent:
            own = own[face.heard[own].mean(axis=1) >= _HEARD]
        rows.append(own + offsets[i])
        owners.append(np.full(len(own), i, dtype=np.int64))
        parts.append(np.full(len(own), _PARTS.index(role), dtype=np.int64))
    return _Windows(offsets, *(np.concatenate(x) for x in (rows, owners, parts)))


def _corpus(
    settings: AffWild2Settings,
    index: AffWild2Index,
    faces: list[Face],
    roles: list[str],
    left_out: list[str],
) -> Corpus:
    windows = _windows(settings, faces, roles)
    rows = windows.rows
    targets = np.concatenate([face.targets for face in faces])[rows]
    targets[~first_occurrences(rows)] = np.nan  # a repeated last frame counts once
    heard = np.concatenate([face.heard for face in faces])[rows].mean(axis=1) >= _HEARD
    split = Split(
        labelled=windows.of("train"),
        unlabelled=np.zeros(0, dtype=np.int64),
        validation=windows.of("inner"),
        test=windows.of("test"),
    )
    names = [face.name for face in faces]
    starts = rows[:, 0] - windows.offsets[windows.face] + 1
    ids = np.array([f"{names[f]}/{n:05d}+" for f, n in zip(windows.face, starts, strict=True)])
    used = (*settings.prevalent, *settings.privileged)
    described = {name: described_frames(settings, faces, name) for name in used}
    where, truth = values_digest(rows), values_digest(targets)
    modalities = face_samples(settings, faces, windows.offsets, rows, used)
    crops = CropStore([f.pictures for f in faces], windows.offsets, places_of(faces, "face"))
    return Corpus(
        name="affwild2",
        modalities=modalities,
        prevalent=settings.prevalent,
        privileged=settings.privileged,
        targets=targets,
        given_targets=targets,
        groups=np.array([faces[i].recording for i in windows.face]),
        ids=ids,
        task=Regression(targets=TARGETS, objective="ccc"),
        split=split,
        simulated=index.simulated,
        fingerprint=short_hash([described, settings.normalisation, where, roles, truth]),
        kinds={name: "frames" if settings.form == "plain" else "picture" for name in used},
        present={} if "sound" in settings.prevalent else {"sound": heard},
        sources={
            name: short_hash([described[name], settings.normalisation, where]) for name in used
        },
        frames=FrameNames(names, windows.offsets, rows),
        smoothing=None if settings.smoothing == "auto" else settings.smoothing,
        unit="video",
        restricted=not index.simulated,
        media={"face": MiddleFrames(crops, rows)},
        facts=_facts(settings, index, faces, roles, left_out),
    )


def _facts(
    settings: AffWild2Settings,
    index: AffWild2Index,
    faces: list[Face],
    roles: list[str],
    left_out: list[str],
) -> dict[str, Any]:
    def count(role: str) -> int:
        own = [f for f, r in zip(faces, roles, strict=True) if r == role]
        return sum(int(np.isfinite(face.targets[:, 0]).sum()) for face in own)

    facts: dict[str, Any] = {
        "frames": {role: count(role) for role in ("train", "inner", "test", "shared")},
        "frames_without_crop": sum(face.without_crop for face in faces),
        "faces_without_sound": [face.name for face in faces if face.sound is None],
        "recordings_in_two_parts": sorted(shared_recordings(faces)),
        "smoothing": settings.smoothing,
        "left_out": left_out,
        "remarks": list(index.remarks),
        "licence": "simulated" if index.simulated else LICENCE,
        "preparation": VERSION,
    }
    if index.simulated and (index.root / "simulation").is_dir():
        tested = [face for face, role in zip(faces, roles, strict=True) if role == "test"]
        facts["ceiling"] = _ceiling(index.root, tested)
    return facts


def _ceiling(root: Path, faces: Sequence[Face]) -> dict[str, dict[str, float]]:
    """What is seen -> target -> the highest CCC that anybody can reach on these faces."""
    from ...tasks.moments import Moments
    from ..simulate.affwild2 import read_ceiling

    known = read_ceiling(root, [face.name for face in faces])
    valid = np.isfinite(np.concatenate([face.targets for face in faces]))
    truth = known.pop("truth")
    return {
        seen: {
            target: round(Moments.of(mean[valid[:, t], t], truth[valid[:, t], t]).pearson, 4)
            for t, target in enumerate(TARGETS)
        }
        for seen, mean in known.items()
    }
