"""Corpus ``biovid``: face video at test time, biosignals for the teacher only.

With a ``root`` the database's own files are read; without one a small simulated corpus is written
first, in the same layout, and goes through the same reader.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...keyed_cache import short_hash
from ...tasks import Classification, Ordinal
from ..corpus import Corpus, Samples
from ..features import cache_folder
from .cachekey import VERSION
from .damage import Damage
from .index import CLASSES, BioVidIndex, read_index
from .prepare import Prepared, prepare
from .protocols import excluded_subjects, leaks, make_split
from .samples import Curves, Pictures, VideoSamples, signal_samples
from .selection import keep_windows, sentences
from .settings import TASKS, BioVidSettings

LICENCE = "BioVid Heat Pain Database: by agreement with its owners; faces must not be passed on."


def load(settings: BioVidSettings, seed: int, *, jobs: int = -1, progress: bool = True) -> Corpus:
    """The corpus of one fold and seed; prepares what is not in the cache.

    Raises:
        ConfigError, DataError: each with what to try; in strict mode with all that is damaged.
    """
    index = read_index(corpus_root(settings, jobs, progress), settings.part, settings.signals)
    out = excluded_subjects(
        index.table["subject"].tolist(), settings.protocol, settings.exclude_low_expressive
    )
    class_ids = TASKS[settings.task]
    names = (*settings.prevalent, *settings.privileged)
    prepared = {
        name: prepare(
            index, name, settings.options(name), settings.window,
            classes=class_ids, jobs=jobs, progress=progress,
        )
        for name in names
    }  # fmt: skip
    usable = np.logical_and.reduce([one.usable for one in prepared.values()])
    wanted = ~index.table["subject"].isin(out).to_numpy()
    keep, dropped = keep_windows(index.table[wanted], usable[wanted], class_ids)
    rows = np.flatnonzero(wanted)[keep]
    damages = _damages(prepared, set(index.table.loc[wanted, "sample"]))
    left_out = sentences(damages, dropped)
    if left_out and settings.strict:
        raise DataError(
            f"{index.root}: {len(left_out)} things are damaged, and strict mode leaves nothing "
            f"out:\n" + "\n".join(left_out)
        )
    if len(rows) == 0:
        raise DataError(
            f"{index.root} has no usable window of the classes "
            f"{', '.join(CLASSES[i] for i in class_ids)} with {', '.join(names)}; run "
            f"`python -m pkdot check biovid` on it."
        )
    return _corpus(settings, seed, index, prepared, rows, left_out)


def corpus_root(settings: BioVidSettings, jobs: int = -1, progress: bool = True) -> Path:
    """The folder to read: ``settings.root``, or a simulated corpus, written if need be."""
    if settings.root is not None:
        return settings.root
    from ..simulate import biovid as simulator

    request: dict[str, Any] = {
        "subjects": settings.simulated_subjects,
        "classes": [CLASSES[i] for i in TASKS[settings.task]],
        "windows": settings.simulated_windows,
        "seed": settings.simulated_seed,
    }
    key = short_hash([request, simulator.VERSION])
    dest = cache_folder() / "simulated" / f"biovid-{key}"
    return simulator.simulate(dest, **request, jobs=jobs, progress=progress)


def _damages(prepared: Mapping[str, Prepared], samples: set[str]) -> list[Damage]:
    """Each damaged file once, though several modalities may have met it."""
    found = {d: None for one in prepared.values() for d in one.damages if d.sample in samples}
    return list(found)


def _corpus(
    settings: BioVidSettings,
    seed: int,
    index: BioVidIndex,
    prepared: Mapping[str, Prepared],
    rows: np.ndarray,
    left_out: list[str],
) -> Corpus:
    table = index.table.iloc[rows].reset_index(drop=True)
    subjects = table["subject"].to_numpy(dtype=str)
    split = make_split(
        table,
        settings.protocol,
        settings.fold,
        seed,
        validation_fraction=settings.validation_fraction,
        label_fraction=settings.label_fraction,
        label_unit=settings.label_unit,
        fold_seed=settings.fold_seed,
    )
    modalities: dict[str, Samples] = {}
    sources: dict[str, str] = {}
    for name, one in prepared.items():
        if name == "video":
            modalities[name] = VideoSamples(one.data, rows, settings.pixels)
        else:
            modalities[name] = signal_samples(
                one.data, rows, subjects, split.train, settings.normalisation
            )
        served: list[Any] = [one.fingerprint, table["sample"].tolist()]
        if name == "video":
            served.append(settings.pixels)
        else:
            by_fold = settings.normalisation == "fold"
            served += [settings.normalisation, split.train.tolist() if by_fold else []]
        sources[name] = short_hash(served)
    class_ids = TASKS[settings.task]
    labels = np.searchsorted(class_ids, table["class_id"].to_numpy()).astype(np.int64)
    parts = [split.labelled, split.unlabelled, split.validation, split.test]
    fingerprint = short_hash(
        [
            sorted(one.fingerprint for one in prepared.values()),
            table["sample"].tolist(),
            settings.normalisation,
            settings.pixels,
            [part.tolist() for part in parts],
        ]
    )
    return Corpus(
        name="biovid",
        modalities=modalities,
        prevalent=settings.prevalent,
        privileged=settings.privileged,
        targets=labels,
        given_targets=labels,
        groups=subjects,
        ids=table["sample"].to_numpy(dtype=str),
        task=(Ordinal if settings.task == "ordinal" else Classification)(
            classes=tuple(CLASSES[i] for i in class_ids)
        ),
        split=split,
        simulated=index.simulated,
        fingerprint=fingerprint,
        sources=sources,
        unit="subject",
        posterior=_posterior(index, table["sample"].tolist(), class_ids),
        restricted=not index.simulated,
        media=_media(prepared, rows),
        facts={
            "layout": index.layout,
            "protocol": settings.protocol,
            "subjects_on_both_sides": leaks(settings.protocol),
            "left_out": left_out,
            "remarks": list(index.remarks),
            **_reading_facts(prepared, rows),
            "people": {
                row.subject: {"sex": row.sex, "age": int(row.age)}
                for row in table.drop_duplicates("subject").itertuples()
            },
            "licence": "simulated" if index.simulated else LICENCE,
            "preparation": VERSION,
        },
    )


def _posterior(
    index: BioVidIndex, samples: list[str], class_ids: tuple[int, ...]
) -> np.ndarray | None:
    """What lies behind simulated windows; copies in another layout leave that behind."""
    if not index.simulated or not (index.root / "simulation").is_dir():
        return None
    from ..simulate.posterior import read_posterior

    return read_posterior(index.root, samples, class_ids)


def _media(prepared: Mapping[str, Prepared], rows: np.ndarray) -> dict[str, Samples]:
    """A picture per modality: the middle frame of a clip, the curve of a signal."""
    return {
        name: (Pictures if name == "video" else Curves)(one.data, rows)
        for name, one in prepared.items()
    }


def _reading_facts(prepared: Mapping[str, Prepared], rows: np.ndarray) -> dict[str, Any]:
    """Counts over the windows in use: faces not found, windows with bridged gaps, odd rates."""
    facts: dict[str, Any] = {"faces_not_found": 0, "bridged": {}, "rates": {}}
    for name, one in prepared.items():
        used = one.facts.iloc[rows]
        facts["faces_not_found"] += int((used["face_found"] == 0).sum())
        facts["bridged"][name] = int((used["bridged"] > 0).sum())
        facts["rates"][name] = {
            f"{rate:g}": int(n) for rate, n in used["rate"].value_counts().items()
        }
    return facts
