"""An open corpus as every network reads it: recordings in, :class:`~pkdot.data.corpus.Corpus` out.

With a ``root`` that folder is read; without one a small simulated folder is written first, in the
same layout, and goes through the same reader.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...keyed_cache import short_hash
from ...tasks import Classification, Regression, Task
from ..biovid.damage import Damage
from ..biovid.samples import VideoSamples
from ..corpus import Corpus, Kind, Samples
from ..features import cache_folder
from ..splits import make_split
from . import cremad, fsdd, pairing, ravdess
from .index import OpenIndex
from .prepare import VERSION, Options, Prepared, prepare
from .served import MiddleFrames, NoisyVoices, Spectrograms, Voices
from .settings import CREMADSettings, FSDDSettings, OpenSettings, RAVDESSSettings
from .terms import TERMS

MEDIUM = {"video": "video", "sound": "sound", "noisy_sound": "sound"}
"""Modality -> the medium that it is read from; the others need no file of their own."""

READERS: Mapping[str, Callable[[Path | str], OpenIndex]] = {
    "fsdd": fsdd.read_index,
    "ravdess": ravdess.read_index,
    "cremad": cremad.read_index,
}

_KINDS: dict[str, Kind] = {
    "video": "clip",
    "sound": "sound",
    "noisy_sound": "sound",
    "picture": "vector",
    "raters": "vector",
}


def load(settings: OpenSettings, seed: int, *, jobs: int = -1, progress: bool = True) -> Corpus:
    """The corpus of one fold and seed; decodes what is not in the cache.

    Raises:
        ConfigError, DataError: each with what to try; in strict mode with all that is damaged.
    """
    index = _chosen(settings, READERS[settings.name](corpus_root(settings, progress)))
    media = dict.fromkeys(MEDIUM[name] for name in settings.names if name in MEDIUM)
    prepared = {
        medium: prepare(index, medium, Options.of(medium, settings), jobs=jobs, progress=progress)
        for medium in media
    }
    shares = _shares(settings, index)
    usable = np.ones(len(index), dtype=bool)
    for one in prepared.values():
        usable &= one.usable
    if "raters" in settings.names:
        usable &= np.isfinite(shares).all(1)
    rows = np.flatnonzero(usable)
    left_out = left_out_sentences(prepared, len(index) - len(rows))
    if left_out and settings.strict:
        raise DataError(
            f"{index.root}: {len(index) - len(rows)} recordings are damaged, and strict mode "
            f"leaves nothing out:\n" + "\n".join(left_out)
        )
    if len(rows) == 0:
        raise DataError(
            f"{index.root} has no usable recording with {', '.join(settings.names)}; run "
            f"`python -m pkdot check {settings.name}` on it."
        )
    return _corpus(settings, seed, index, prepared, shares, rows, left_out)


def corpus_root(settings: OpenSettings, progress: bool = True) -> Path:
    """The folder to read: ``settings.root``, or a simulated one, written if need be."""
    if settings.root is not None:
        return settings.root
    from ..simulate import open_corpora as simulator

    request: dict[str, Any] = {
        "groups": settings.simulated_groups,
        "recordings": settings.simulated_recordings,
        "seed": settings.simulated_seed,
    }
    key = short_hash([settings.name, request, simulator.VERSION])
    dest = cache_folder() / "simulated" / f"{settings.name}-{key}"
    return simulator.simulate(settings.name, dest, **request, progress=progress)


def left_out_sentences(prepared: Mapping[str, Prepared], count: int) -> list[str]:
    """Which recordings are left out and why, a line a damaged file.

    Those that lack a file altogether, or were not rated, are counted in the last line.
    """
    damages: list[Damage] = [d for one in prepared.values() for d in one.damages]
    named = [d for d in damages if d.kind != "missing"]
    lines = [f"{d.sample}: {d.file}: {d.reason}" for d in named]
    rest = count - len({d.sample for d in named})
    return [*lines, *([f"{rest} recordings lack one of the modalities"] if rest > 0 else [])]


def _chosen(settings: OpenSettings, index: OpenIndex) -> OpenIndex:
    """The recordings that the settings ask for."""
    if not isinstance(settings, RAVDESSSettings) or settings.channel == "both":
        return index
    from dataclasses import replace

    table = index.table[index.table["channel"] == settings.channel].reset_index(drop=True)
    if table.empty:
        raise DataError(
            f"{index.root} holds no {settings.channel}; set data.channel, or fetch the part "
            f"{settings.channel}-video."
        )
    return replace(index, table=table)


def _shares(settings: OpenSettings, index: OpenIndex) -> np.ndarray:
    """Raters' shares (N, 6) where they are read, else (N, 0)."""
    if isinstance(settings, CREMADSettings) and settings.needs_votes:
        ids: list[str] = index.table["id"].tolist()
        return cremad.read_votes(index.root, ids, settings.presentation)
    return np.empty((len(index), 0))


def _task_and_targets(
    settings: OpenSettings, index: OpenIndex, shares: np.ndarray, rows: np.ndarray
) -> tuple[Task, np.ndarray]:
    target = getattr(settings, "target", "acted")
    if target == "raters":
        return Regression(targets=index.classes), shares[rows]
    classes = index.table["class_id"].to_numpy(dtype=np.int64)[rows]
    if target == "majority":
        return Classification(classes=index.classes), cremad.majority(shares[rows])
    numbers = np.unique(classes)  # songs lack two emotions
    names = tuple(index.classes[number] for number in numbers)
    return Classification(classes=names), np.searchsorted(numbers, classes).astype(np.int64)


def _corpus(
    settings: OpenSettings,
    seed: int,
    index: OpenIndex,
    prepared: Mapping[str, Prepared],
    shares: np.ndarray,
    rows: np.ndarray,
    left_out: list[str],
) -> Corpus:
    table = index.table.iloc[rows]
    ids, groups = (table[name].to_numpy(dtype=str) for name in ("id", "group"))
    task, targets = _task_and_targets(settings, index, shares, rows)
    split = make_split(task, targets, groups, settings, seed)
    modalities = _modalities(settings, index, prepared, shares, rows)
    own = settings.model_dump(mode="json", include={"noise", "snr", "noise_seed", "pixels"})
    read = {name: one.fingerprint for name, one in prepared.items()}
    sources = {
        name: short_hash([name, read.get(MEDIUM.get(name, ""), ""), ids.tolist(), own])
        for name in settings.names
    }
    parts = [split.labelled, split.unlabelled, split.validation, split.test]
    facts = {
        "left_out": left_out,
        "remarks": list(index.remarks),
        "protocol": settings.protocol,
        "people": {name: dict(one) for name, one in index.people.items()},
        "licence": "simulated" if index.simulated else TERMS[settings.name].licence,
        "citation": TERMS[settings.name].citation,
        "preparation": VERSION,
        "modalities_are": _descriptions(settings),
    }
    if "video" in prepared:
        found = [prepared["video"].facts[row]["face_found"] for row in rows]
        facts["faces_not_found"] = len(found) - sum(found)
    return Corpus(
        name=settings.name,
        modalities=modalities,
        prevalent=settings.prevalent,
        privileged=settings.privileged,
        targets=targets,
        given_targets=targets,
        groups=groups,
        ids=ids,
        task=task,
        split=split,
        simulated=index.simulated,
        fingerprint=short_hash(
            [sources, targets.tolist(), task.kind, [part.tolist() for part in parts]]
        ),
        kinds={name: _KINDS[name] for name in settings.names},
        sources=sources,
        unit="speaker" if settings.name == "fsdd" else "actor",
        media=_media(settings, modalities, prepared, rows),
        facts=facts,
    )


def _modalities(
    settings: OpenSettings,
    index: OpenIndex,
    prepared: Mapping[str, Prepared],
    shares: np.ndarray,
    rows: np.ndarray,
) -> dict[str, Samples]:
    modalities: dict[str, Samples] = {}
    for name in settings.names:
        if name == "video":
            pixels = str(getattr(settings, "pixels", ""))
            modalities[name] = VideoSamples(prepared["video"].data, rows, pixels)  # type: ignore[arg-type]
        elif name == "raters":
            modalities[name] = shares[rows].astype(np.float32)
        elif name == "picture":
            modalities[name] = _pictures(settings, index)[rows]
        else:
            voices = Voices(prepared["sound"].data, rows)
            modalities[name] = voices
            if isinstance(settings, FSDDSettings) and name == "noisy_sound":
                modalities[name] = NoisyVoices(voices, settings.snr, settings.noise_seed)
    return modalities


def _pictures(settings: OpenSettings, index: OpenIndex) -> np.ndarray:
    """Coarse pictures (N, 16) of all recordings of an index."""
    assert isinstance(settings, FSDDSettings)
    classes = index.table["class_id"].to_numpy(dtype=np.int64)
    groups = index.table["group"].to_numpy(dtype=str)
    numbers = pairing.deal_pictures(classes, groups, settings.noise_seed)
    return pairing.coarse_pictures(numbers, settings.noise, settings.noise_seed)


def _descriptions(settings: OpenSettings) -> dict[str, str]:
    """What each modality is, where its name does not say it all."""
    said: dict[str, str] = {}
    if "picture" in settings.names:
        said["picture"] = pairing.SAID
    if isinstance(settings, FSDDSettings) and "noisy_sound" in settings.names:
        said["noisy_sound"] = f"the recording with white noise below 4 kHz, {settings.snr:g} dB"
    if isinstance(settings, CREMADSettings) and settings.needs_votes:
        said["raters"] = f"shares of the raters' answers to {settings.presentation}"
    return said


def _media(
    settings: OpenSettings,
    modalities: Mapping[str, Samples],
    prepared: Mapping[str, Prepared],
    rows: np.ndarray,
) -> dict[str, Samples]:
    """Pictures for people: middle frames, spectrograms, coarse pictures."""
    shown: dict[str, Samples] = {}
    for name in settings.names:
        samples = modalities[name]
        if name == "video":
            shown[name] = MiddleFrames(prepared["video"].data, rows)
        elif isinstance(samples, Voices | NoisyVoices):
            shown[name] = Spectrograms(samples)
        elif name == "picture":
            grey = np.clip(np.asarray(samples), 0, 1).reshape(-1, 4, 4)
            shown[name] = np.round(grey * 255).astype(np.uint8)
    return shown
