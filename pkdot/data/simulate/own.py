"""A small simulated data set in each form of own data: a table, a folder, arrays.

One tension a sample, between 0 and 1. It shows clearly in the skin, as eight numbers a sample;
less clearly in the voice, a short tone whose pitch rises; and faintly in the face, a drawn picture
whose brows come down, in every person a little differently.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ...atomic_files import disk_errors, write_text, written_aside
from ...errors import DataError
from .files import claimed, write_wav

VERSION = 1
"""Raised whenever the generator changes what it draws."""

SIZE = 24
RATE = 4000
SECONDS = 0.5
SKIN = 8
CLASSES = ("calm", "tense")
FACE_NOISE, VOICE_NOISE, SKIN_NOISE = 0.35, 0.2, 0.15
"""Standard deviations of what each modality shows of tension, whose own is about 0.29."""


@dataclass(frozen=True)
class OwnExamples:
    """Three forms of the same samples.

    Attributes:
        table: a ``.csv`` with the columns ``id, person, mood, tension, face, voice, skin.0 …``.
        folder: ``face/<id>.png``, ``voice/<id>.wav`` and ``targets.csv``; the table names these
            files.
        arrays: an ``.npz`` with ``face, skin, targets, groups, ids``.
    """

    table: Path
    folder: Path
    arrays: Path


def write_examples(
    dest: Path, *, people: int = 12, samples: int = 20, seed: int = 0, progress: bool = True
) -> OwnExamples:
    """Write the data set in its three forms, or find it there.

    Args:
        dest: folder to write into; made where it is not there.
        people: how many, each a group.
        samples: of each person.
        seed: of everything drawn.
        progress: whether to draw a bar.

    Raises:
        DataError: for a folder that holds something else, such as a data set of another seed,
            or fewer than three people.
    """
    if people < 3 or samples < 1:
        raise DataError(
            f"{people} people of {samples} samples make no split by person; ask for three people "
            f"or more."
        )
    found = OwnExamples(dest / "samples.csv", dest / "recordings", dest / "samples.npz")
    request = {"people": people, "samples": samples, "seed": seed}
    marker = {"simulated": True, "corpus": "own", "version": VERSION, **request}
    with claimed(dest, marker):
        if not found.arrays.is_file():
            _make(found, people, samples, seed, progress)
    return found


def _make(found: OwnExamples, people: int, samples: int, seed: int, progress: bool) -> None:
    """Write all three forms; the arrays last, whose presence says that all are whole."""
    for name in ("face", "voice"):
        with disk_errors(found.folder):
            (found.folder / name).mkdir(parents=True, exist_ok=True)

    table = _table(people, samples, np.random.default_rng([seed, 0]))
    faces = []
    drawn = _drawn(table, np.random.default_rng([seed, 1]))
    for row, (picture, sound) in tqdm(
        zip(table.itertuples(), drawn, strict=True),
        total=len(table),
        desc="simulating",
        unit="sample",
        disable=not progress,
    ):
        _write(found.folder / row.face.split("/", 1)[1], _png(picture))
        write_wav(found.folder / row.voice.split("/", 1)[1], sound, RATE)
        faces.append(picture)

    shown = table.drop(columns=["brows", "pitch"])
    labels = shown[["id", "person", "mood", "tension"]]
    write_text(found.folder / "targets.csv", labels.to_csv(index=False))
    write_text(found.table, shown.to_csv(index=False))
    with written_aside(found.arrays) as aside, aside.open("wb") as file:
        np.savez(
            file,
            face=(np.stack(faces)[:, None] / 255).astype(np.float32),
            skin=table[[f"skin.{i}" for i in range(SKIN)]].to_numpy(np.float32),
            targets=table["mood"].to_numpy(str),
            groups=table["person"].to_numpy(str),
            ids=table["id"].to_numpy(str),
        )


def _table(people: int, samples: int, chance: np.random.Generator) -> pd.DataFrame:
    """One row a sample: what it is, where its files lie, and what they show."""
    size = people * samples
    person = np.repeat(np.arange(people), samples)
    tension = chance.random(size)
    ids = [f"p{who:02d}-{number:03d}" for who, number in zip(person, _places(person), strict=True)]
    tense = chance.random(size) < 1 / (1 + np.exp(-12 * (tension - 0.5)))
    rating = np.clip(10 * tension + 0.7 * chance.standard_normal(size), 0, 10)
    own_brows = 0.5 * chance.random(people)
    pattern = chance.standard_normal((1, SKIN))
    skin = pattern * (tension[:, None] + SKIN_NOISE * chance.standard_normal((size, 1)))
    skin += 0.1 * chance.standard_normal((size, SKIN))
    columns = {
        "id": ids,
        "person": [f"person-{who:02d}" for who in person],
        "mood": np.array(CLASSES)[tense.astype(int)],
        "tension": rating.round(2),
        "face": [f"recordings/face/{name}.png" for name in ids],
        "voice": [f"recordings/voice/{name}.wav" for name in ids],
        "brows": tension + own_brows[person] + FACE_NOISE * chance.standard_normal(size),
        "pitch": tension + VOICE_NOISE * chance.standard_normal(size),
    }
    return pd.DataFrame(columns | {f"skin.{i}": skin[:, i].round(4) for i in range(SKIN)})


def _places(person: np.ndarray) -> np.ndarray:
    """The number of a sample among those of its person, (N,)."""
    return np.arange(len(person)) - np.searchsorted(person, person)


def _drawn(
    table: pd.DataFrame, chance: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each row a face (SIZE, SIZE) uint8 and a sound (L,) in -1..1."""
    time = np.arange(round(RATE * SECONDS)) / RATE
    for brows, pitch in zip(table["brows"], table["pitch"], strict=True):
        yield _face(float(brows), chance), _tone(float(pitch), time, chance)


def _face(brows: float, chance: np.random.Generator) -> np.ndarray:
    large = 8 * SIZE
    picture = np.full((large, large), 40, dtype=np.uint8)
    centre = (large // 2 + int(chance.integers(-4, 5)), large // 2 + int(chance.integers(-4, 5)))
    cv2.ellipse(picture, centre, (int(0.34 * large), int(0.44 * large)), 0, 0, 360, 190, -1)
    drop = int(0.10 * large * float(np.clip(brows, -0.5, 2)))
    for side in (-1, 1):
        eye = (centre[0] + side * int(0.15 * large), centre[1] - int(0.06 * large))
        cv2.circle(picture, eye, int(0.03 * large), 30, -1)
        outer = (eye[0] + side * int(0.09 * large), eye[1] - int(0.14 * large))
        inner = (eye[0] - side * int(0.08 * large), eye[1] - int(0.14 * large) + drop)
        cv2.line(picture, outer, inner, 30, int(0.035 * large))
    mouth = (centre[0], centre[1] + int(0.22 * large))
    cv2.ellipse(picture, mouth, (int(0.12 * large), int(0.03 * large)), 0, 0, 360, 90, -1)
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(float)
    return np.clip(small + 6 * chance.standard_normal(small.shape), 0, 255).astype(np.uint8)


def _tone(pitch: float, time: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    frequency = 200 * 2 ** float(np.clip(pitch, -0.5, 2))
    phase = 2 * np.pi * (frequency * time + chance.random())
    tone = 0.5 * np.sin(phase) + 0.2 * np.sin(2 * phase)
    return tone + 0.05 * chance.standard_normal(len(time))


def _png(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])


def _write(path: Path, content: bytes) -> None:
    with written_aside(path) as aside:
        aside.write_bytes(content)
