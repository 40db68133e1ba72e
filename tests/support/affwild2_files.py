"""Aff-Wild2 folders for tests: a few frames of a few faces, in every layout that is known."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from pkdot.data.media.sound import RATE
from pkdot.data.simulate.film import write_film

FRAMES = 20


@dataclass(frozen=True)
class Layout:
    """Where one release lays its files.

    Attributes:
        train, validation: folders of annotations.
        crops: folders of crops, taken in turn.
        videos: folders of videos, taken in turn.
    """

    train: str
    validation: str
    crops: Sequence[str]
    videos: Sequence[str]


def _sets(base: str, train: str = "Train_Set") -> tuple[str, str]:
    return f"{base}/{train}", f"{base}/Validation_Set"


LAYOUTS = {
    "first release": Layout(
        *_sets("annotations/VA_Set", "Training_Set"), ["cropped_aligned"], ["batch1", "batch2"]
    ),
    "third release": Layout(
        *_sets("annotations/VA_Estimation_Challenge"), ["cropped_aligned"], ["batch1", "new_vids"]
    ),
    "fifth release": Layout(
        *_sets("5th_ABAW_Annotations/VA_Estimation_Challenge"),
        ["cropped_aligned/cropped_aligned", "cropped_aligned/cropped_aligned_new_50_vids"],
        ["batch1", "batch2", "new_vids"],
    ),
    "sixth release": Layout(
        *_sets("6th ABAW Annotations/VA_Estimation_Challenge"), ["cropped"], ["."]
    ),
    "sixth release, unpacked elsewhere": Layout(
        *_sets("data/6th_ABAW_Annotations/VA_Estimation_Challenge"),
        ["cropped_aligned", "cropped_aligned_new_50_vids"],
        ["videos/batch1", "videos/batch2"],
    ),
}


def write_annotation(path: Path, pairs: Iterable[Sequence[float]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["valence,arousal", *(f"{v:g},{a:g}" for v, a in pairs)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_crops(folder: Path, numbers: Iterable[int], size: int = 16) -> Path:
    """Grey pictures whose brightness is twice their number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        picture = np.full((size, size, 3), 2 * number, np.uint8)
        cv2.imwrite(str(folder / f"{number:05d}.jpg"), picture)
    return folder


def grey(frames: int, flash: Collection[int] = (), size: int = 32) -> Iterator[np.ndarray]:
    """Dark frames, a few of them bright."""
    for number in range(frames):
        yield np.full((size, size, 3), 230 if number in flash else 20, np.uint8)


def click(seconds: float, at: Collection[float] = (), rate: int = RATE) -> np.ndarray:
    """A faint hiss, loud for two milliseconds at some moments."""
    samples = 0.003 * np.random.default_rng(0).standard_normal(round(seconds * rate))
    for moment in at:
        begin = round(moment * rate)
        samples[begin : begin + rate // 500] = 0.9
    return samples.astype(np.float32)


def write_video(path: Path, frames: int = FRAMES, rate: int = 25, sound: bool = True) -> Path:
    voice = click(frames / rate) if sound else None
    write_film(path, grey(frames), Fraction(rate), voice)
    return path


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=rate)
        stream.layout = "mono"
        values = np.round(samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def pairs(rows: int = FRAMES, seed: int = 0) -> np.ndarray:
    """Smooth valence and arousal, (rows, 2)."""
    chance = np.random.default_rng(seed)
    time = np.arange(rows)[:, None] / 10
    return np.round(0.8 * np.sin(time + chance.uniform(0, 6, 2)), 3)


def write_layout(root: Path, layout: Layout) -> Path:
    """Six faces in one layout; the counts of :data:`EXPECTED` hold in each.

    Two people share ``video5``; one video is an avi, one has no sound; invalid rows, crops that
    are missing and crops beyond the annotation are among them.
    """
    faces = {
        "1-30-64x48": ("train", FRAMES, [], [3, 4], "avi", True),
        "video5_left": ("train", FRAMES, [0, 1], [], "mp4", True),
        "video5_right": ("train", FRAMES + 1, [20], [21], "mp4", True),
        "7-25-32x32-1": ("train", FRAMES, [], [], "mp4", True),
        "video20": ("validation", FRAMES, [5], [6, 7], "mp4", False),  # row 5 is of crop 6
        "9-24-32x32": ("validation", FRAMES, [], [], "avi", True),
    }
    written: set[str] = set()
    for place, (name, (part, rows, bad, absent, form, sound)) in enumerate(faces.items()):
        values = pairs(rows, place)
        values[bad] = -5
        folder = layout.train if part == "train" else layout.validation
        write_annotation(root / folder / f"{name}.txt", values)
        numbers = set(range(1, rows + 1)) - set(absent)
        if name == "9-24-32x32":
            numbers |= {FRAMES + 1, FRAMES + 2}  # beyond the annotation
        write_crops(root / layout.crops[place % len(layout.crops)] / name, sorted(numbers))
        video = name.removesuffix("_left").removesuffix("_right")
        if video not in written:
            written.add(video)
            where = root / layout.videos[place % len(layout.videos)]
            write_video(where / f"{video}.{form}", sound=sound)
    write_crops(root / layout.crops[0] / "video99", [1, 2, 3])  # to be predicted
    return root


EXPECTED = {
    "train": {"faces": 4, "recordings": 3, "rows": 81, "valid": 78, "invalid": 3, "without_crop": 2,
              "beyond": 0, "usable": 76, "without_sound": 0},
    "validation": {"faces": 2, "recordings": 2, "rows": 40, "valid": 39, "invalid": 1,
                   "without_crop": 1, "beyond": 2, "usable": 38, "without_sound": 1},
    "test": {"faces": 1, "recordings": 1, "rows": 0, "valid": 0, "usable": 0, "crops": 3},
}  # fmt: skip
"""Totals of :func:`write_layout`, counted by hand."""
