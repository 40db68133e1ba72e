"""Annotation, crops, moments and sound of each face, joined frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...array_files import load_array
from ..features import cache_folder
from ..media.damage import DamagedFile
from ..media.log_mel import HOP
from ..media.workers import Call, results
from .annotations import Annotation, read_annotation
from .crops import rows_with_crop
from .index import AffWild2Index
from .prepare import Prepared, prepare_crops, prepare_sound, prepare_times
from .settings import AffWild2Settings, FaceOptions, SoundOptions


@dataclass(frozen=True)
class Face:
    """One face, frame by frame; n is the number of rows of its annotation.

    Attributes:
        name, part, recording: as in the index.
        targets: (n, 2), NaN where invalid or without a crop.
        pictures: its crops.
        nearest: for each frame the place of its crop in ``pictures``, or of the one that is
            nearest in number, (n,).
        sound: spectrogram of its video; None without sound.
        columns: the column of the spectrogram at the moment of each frame, (n,).
        heard: whether that column is there, (n,).
        without_crop: valid frames that have no whole crop.
        remarks: what is damaged or missing, one sentence each.
    """

    name: str
    part: str
    recording: str
    targets: np.ndarray
    pictures: Prepared
    nearest: np.ndarray
    sound: Prepared | None
    columns: np.ndarray
    heard: np.ndarray
    without_crop: int
    remarks: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Source:
    """Sound of a video, and when its frames are shown.

    Attributes:
        times: seconds after the first frame, (frames,); empty where they are not known.
        sound: spectrogram; None without sound.
        remarks: what is damaged or missing.
    """

    times: np.ndarray
    sound: Prepared | None
    remarks: tuple[str, ...]


def read_source(root: Path, video: str, wav: str, options: SoundOptions, cache: Path) -> Source:
    """What a video holds beside its pictures; a wav stands in where it has no sound."""
    times, remarks = np.zeros(0), []
    if video:
        try:
            times = load_array(prepare_times(root / video, cache).path)
        except DamagedFile as damage:
            remarks.append(f"{video}: {damage.reason}")
    sound = None
    for file in [f for f in (video if len(times) else "", wav) if f]:
        try:
            sound = prepare_sound(root / file, root / video if video else None, options, cache)
        except DamagedFile as damage:
            if damage.kind != "no sound":
                remarks.append(f"{file}: {damage.reason}")
            continue
        remarks += [f"{file}: {reason}" for reason in sound.facts["damages"]]
        break
    return Source(times, sound, tuple(remarks))


def read_face(
    root: Path,
    entry: pd.Series,
    source: Source,
    options: FaceOptions,
    cache: Path,
    hears: bool = True,
) -> Face | tuple[str, ...]:
    """One row of the index's table, or why it cannot be used.

    Args:
        root: folder that its paths are relative to.
        entry: the row.
        source: of its video.
        options: of crops.
        cache: folder of all caches.
        hears: whether a sound is expected, and missed where there is none.
    """
    name = str(entry["name"])
    if not entry["crops"]:
        return (f"{name}: it has no folder of crops",)
    try:
        annotation = read_annotation(root / entry["annotation"]) if entry["annotation"] else None
        pictures = prepare_crops(root / entry["crops"], options, cache)
    except DamagedFile as damage:
        return (str(damage).removesuffix("."),)
    numbers = np.array(pictures.facts["numbers"], dtype=np.int64)
    if not len(numbers):
        return (f"{name}: it has no whole crop",)
    if annotation is None:  # to be predicted: every frame up to the last crop
        annotation = Annotation(np.full((int(numbers[-1]), 2), np.nan))
    rows = len(annotation)
    seen = rows_with_crop(numbers, rows)
    times = frame_moments(source, rows)
    columns, heard = sound_columns(times, source.sound)
    remarks = [*source.remarks, *(f"{entry['crops']}/{d}" for d in pictures.facts["damages"])]
    remarks += annotation.remarks(str(entry["annotation"]))
    if hears and source.sound is None:
        remarks.append(f"{name}: it has no sound")
    return Face(
        name=name,
        part=str(entry["part"]),
        recording=str(entry["recording"]),
        targets=np.where(seen[:, None], annotation.values, np.nan),
        pictures=pictures,
        nearest=nearest_crops(numbers, rows),
        sound=source.sound,
        columns=columns,
        heard=heard,
        without_crop=int((annotation.valid & ~seen).sum()),
        remarks=tuple(remarks),
    )


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


def nearest_crops(numbers: np.ndarray, rows: int) -> np.ndarray:
    """For each of so many rows the place of the crop that is nearest in number, (rows,).

    Args:
        numbers: of the crops, rising, from 1.
        rows: of the annotation.
    """
    wanted = np.arange(1, rows + 1)
    after = np.searchsorted(numbers, wanted).clip(max=len(numbers) - 1)
    before = (after - 1).clip(min=0)
    closer = np.abs(numbers[before] - wanted) <= np.abs(numbers[after] - wanted)
    return np.where(closer, before, after).astype(np.int64)


def frame_moments(source: Source, rows: int) -> np.ndarray:
    """Seconds after the first frame at which each of so many rows is seen, (rows,).

    Rows beyond the last frame follow at the usual distance. Without a video the rows are spread
    evenly over the sound, which is then supposed to last as long; NaN without either.
    """
    times = source.times
    if len(times):
        step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
        beyond = times[-1] + step * np.arange(1, max(rows - len(times), 0) + 1)
        return np.concatenate([times, beyond])[:rows]
    if source.sound is not None:
        return np.arange(rows) * (float(source.sound.facts["end"]) / rows)
    return np.full(rows, np.nan)


def sound_columns(times: np.ndarray, sound: Prepared | None) -> tuple[np.ndarray, np.ndarray]:
    """Column of a spectrogram at each moment, (n,), and whether it is there, (n,).

    Column j is centred at ``start`` + j hops.
    """
    if sound is None:
        return np.full(len(times), -1, dtype=np.int64), np.zeros(len(times), dtype=bool)
    columns = np.round((times - float(sound.facts["start"])) / HOP).astype(np.int64)
    return columns, (columns >= 0) & (columns < len(sound.open()))
