"""Corpus ``affwild2``: windows of frames with valence and arousal for each.

With a ``root`` the database's own files are read; without one a small simulated corpus is written
first, in the same layout, and goes through the same reader.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...keyed_cache import short_hash
from ...tasks import Regression
from ..corpus import Corpus, IndexArray, Samples, Split
from ..features import GroupNormalised, cache_folder, kept_features
from ..frames import FrameNames, FrameWindows, MiddleFrames, first_occurrences, window_rows
from ..media.workers import Call, results
from .annotations import TARGETS
from .faces import Face, read_face, read_source
from .index import AffWild2Index, read_index
from .prepare import VERSION
from .protocol import assign_roles, shared_recordings
from .settings import AffWild2Settings
from .stores import CropStore, PictureFrames, PlainFaces, PlainSounds, SoundFrames

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


def read_faces(
    index: AffWild2Index,
    settings: AffWild2Settings,
    names: Sequence[str],
    jobs: int = -1,
    progress: bool = True,
) -> tuple[list[Face], list[str]]:
    """All faces that can be used, prepared, and what is damaged, missing or left out.

    Args:
        index: what is there.
        settings: sizes, and whether test videos are read.
        names: modalities to read; where sound is not among them, no video is opened.
        jobs: processes; −1 uses every core.
        progress: show bars.
    """
    from tqdm.auto import tqdm

    table = index.table
    if not settings.unannotated:
        table = table[table["part"] != "test"]
    cache = cache_folder()
    hears = "sound" in names
    if not hears:
        table = table.assign(video="", sound="")
    sources = sorted(set(zip(table["video"], table["sound"], strict=True)))
    calls: list[Call] = [(read_source, (index.root, *s, settings.sound, cache)) for s in sources]
    bar = tqdm(results(calls, jobs), "preparing sound", len(calls), disable=not progress)
    heard = dict(zip(sources, bar, strict=True))
    calls = [
        (read_face, (index.root, entry, heard[entry["video"], entry["sound"]], settings.face,
                     cache, hears))
        for _, entry in table.iterrows()
    ]  # fmt: skip
    faces: list[Face] = []
    left_out: dict[str, None] = {}
    bar = tqdm(results(calls, jobs), "preparing faces", len(calls), disable=not progress)
    for found in bar:
        if isinstance(found, Face):
            faces.append(found)
        left_out |= dict.fromkeys(found.remarks if isinstance(found, Face) else found)
    return faces, list(left_out)


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
    described = {name: _described(settings, faces, name) for name in used}
    where = _digest(rows)
    modalities = face_samples(settings, faces, windows.offsets, rows, used)
    crops = CropStore([f.pictures for f in faces], windows.offsets, _places(faces, "face"))
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
        fingerprint=short_hash([described, settings.normalisation, where, roles, _digest(targets)]),
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


def _digest(values: np.ndarray) -> str:
    """Hexadecimal digits that depend on all values of an array."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


def _places(faces: Sequence[Face], modality: str) -> np.ndarray:
    """Of each frame its place in the array of its face, (F,)."""
    return np.concatenate([f.nearest if modality == "face" else f.columns for f in faces])


def _described(settings: AffWild2Settings, faces: Sequence[Face], name: str) -> str:
    """Short hash of all that the frames of a modality depend on."""
    if name == "face":
        files = [face.pictures.path.name for face in faces]
    else:
        files = [face.sound.path.name if face.sound else "" for face in faces]
    options = getattr(settings, name).model_dump()
    return short_hash([VERSION, files, _digest(_places(faces, name)), settings.form, options])


def face_samples(
    settings: AffWild2Settings,
    faces: Sequence[Face],
    offsets: IndexArray,
    rows: IndexArray,
    names: Sequence[str],
) -> dict[str, Samples]:
    """Windows (N, L, ...) of each modality, read on demand.

    Args:
        settings: how frames are seen and heard.
        faces: whose frames.
        offsets: number of the first frame of each face, and of all frames.
        rows: frames of each window, (N, L).
        names: of the modalities.
    """
    return {name: FrameWindows(_frames(settings, faces, offsets, name), rows) for name in names}


def _frames(
    settings: AffWild2Settings, faces: Sequence[Face], offsets: IndexArray, name: str
) -> Samples:
    """All frames of a modality; plain descriptions are computed once and kept."""
    places = _places(faces, name)
    store: CropStore | SoundFrames
    if name == "face":
        of_face = PlainFaces if settings.form == "plain" else PictureFrames
        store = of_face([face.pictures for face in faces], offsets, places)
    else:
        of_sound = PlainSounds if settings.form == "plain" else SoundFrames
        sounds = [face.sound for face in faces]
        store = of_sound(sounds, offsets, places, settings.sound.bands, settings.sound.context)
    if settings.form == "raw":
        return store
    folder = cache_folder() / "features"
    key = _described(settings, faces, name)
    kept = kept_features(f"affwild2-{name}-plain-{key}", len(store), store.chunks, folder)
    if settings.normalisation == "none":
        return kept
    face = np.repeat(np.arange(len(faces)), np.diff(offsets))
    heard = np.concatenate([face.heard for face in faces]) if name == "sound" else None
    return GroupNormalised(kept, face, heard)


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
