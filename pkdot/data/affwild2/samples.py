"""Frames of prepared faces as samples of a modality, and what these depend on."""

import hashlib
from collections.abc import Sequence

import numpy as np

from ...keyed_cache import short_hash
from ..corpus import IndexArray, Samples
from ..features import GroupNormalised, cache_folder, kept_features
from ..frames import FrameWindows
from .faces import Face
from .prepare import VERSION
from .settings import AffWild2Settings
from .stores import CropStore, PictureFrames, PlainFaces, PlainSounds, SoundFrames


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
    places = places_of(faces, name)
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
    key = described_frames(settings, faces, name)
    kept = kept_features(f"affwild2-{name}-plain-{key}", len(store), store.chunks, folder)
    if settings.normalisation == "none":
        return kept
    face = np.repeat(np.arange(len(faces)), np.diff(offsets))
    heard = np.concatenate([face.heard for face in faces]) if name == "sound" else None
    return GroupNormalised(kept, face, heard)


def values_digest(values: np.ndarray) -> str:
    """Hexadecimal digits that depend on all values of an array."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


def places_of(faces: Sequence[Face], modality: str) -> np.ndarray:
    """Of each frame its place in the array of its face, (F,)."""
    return np.concatenate([f.nearest if modality == "face" else f.columns for f in faces])


def described_frames(settings: AffWild2Settings, faces: Sequence[Face], name: str) -> str:
    """Short hash of all that the frames of a modality depend on."""
    if name == "face":
        files = [face.pictures.path.name for face in faces]
    else:
        files = [face.sound.path.name if face.sound else "" for face in faces]
    options = getattr(settings, name).model_dump()
    places = values_digest(places_of(faces, name))
    return short_hash([VERSION, files, places, settings.form, options])
