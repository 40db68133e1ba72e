"""Small simulated folders in the layouts of FSDD, RAVDESS and CREMA-D.

They are for whoever has not fetched the corpora: voices are buzzes, faces are drawn. Of an emotion
the voice shows more than the face, so that there is something to be learnt from a teacher.
"""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ...atomic_files import move, write_text
from ...errors import ConfigError, DataError
from ..marker import MARKER
from ..open import cremad, ravdess
from .acted_voice import RATE, Manner, Speaker, random_speaker, say_digit, speak
from .face import Face, Pose, draw_faces, random_face
from .files import write_video, write_wav

VERSION = 2
"""Raised whenever the simulator draws something else; part of the marker and of caches."""

FPS, SECONDS, SIZE = 25, 0.8, 120

# AU4, AU6/7, AU9/10, AU43, AU12, AU26; then semitones, decibels, syllables a second, brightness
_SHOWN: dict[str, tuple[tuple[float, ...], tuple[float, float, float, float]]] = {
    "neutral": ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)),
    "calm": ((0.0, 0.0, 0.0, 0.3, 0.15, 0.0), (-1.0, -4.0, -0.8, -1.0)),
    "happy": ((0.0, 0.5, 0.0, 0.0, 0.9, 0.1), (4.0, 3.0, 1.2, 1.0)),
    "sad": ((0.5, 0.0, 0.0, 0.5, 0.0, 0.0), (-2.0, -6.0, -1.2, -2.0)),
    "anger": ((0.9, 0.5, 0.2, 0.0, 0.0, 0.1), (2.0, 7.0, 0.8, 3.0)),
    "fear": ((0.5, 0.0, 0.0, 0.0, 0.0, 0.6), (7.0, 1.0, 2.2, 0.0)),
    "disgust": ((0.3, 0.4, 0.9, 0.0, 0.0, 0.1), (-3.0, 1.0, -0.6, 2.0)),
    "surprised": ((0.0, 0.0, 0.0, 0.0, 0.2, 0.9), (8.0, 4.0, 0.2, 1.5)),
}
_ALIASES = {"angry": "anger", "fearful": "fear"}
_FACE_GAIN, _FACE_NOISE = 1.0, 0.1
_VOICE_NOISE = np.array([1.4, 1.8, 0.5, 0.8])
_RIGHT = (0.40, 0.57, 0.63)  # share of raters, by voice, face and both, as in CREMA-D
_RATERS = 10


def simulate(
    corpus: str,
    dest: Path | str,
    *,
    groups: int = 8,
    recordings: int = 4,
    seed: int = 0,
    progress: bool = True,
) -> Path:
    """Write a small simulated folder; it appears whole or not at all.

    Args:
        corpus: fsdd, ravdess or cremad.
        dest: folder; new, or a simulated one of the same settings, which stays.
        groups: speakers or actors, 3 to 24.
        recordings: of each person and class; RAVDESS has room for 4, CREMA-D for 12.
        seed: other seeds give other people.
        progress: show a bar.

    Raises:
        ConfigError: for a number that the names of the files have no room for.
        DataError: if ``dest`` holds something else.
    """
    from tqdm.auto import tqdm

    base = Path(dest)
    room = {"fsdd": 50, "ravdess": 4, "cremad": 12}
    for name, number, low, high in (
        ("groups", groups, 3, 24),
        ("recordings", recordings, 1, room[corpus]),
    ):
        if not low <= number <= high:
            raise ConfigError(f"{name} must lie in {low} to {high} for {corpus}, not {number}.")
    marker = {
        "simulated": True,
        "generator": VERSION,
        "corpus": corpus,
        "groups": groups,
        "recordings": recordings,
        "seed": seed,
    }
    if base.is_dir() and any(base.iterdir()):
        if (base / MARKER).is_file() and json.loads((base / MARKER).read_text()) == marker:
            return base
        raise DataError(
            f"{base} is not empty and holds no simulated corpus of these settings; choose another "
            f"folder."
        )
    aside = base.with_name(f".{base.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    write_text(aside / MARKER, json.dumps(marker, indent=1) + "\n")
    makers: dict[str, Callable[..., Iterator[int]]] = {
        "fsdd": _fsdd,
        "ravdess": _ravdess,
        "cremad": _cremad,
    }
    for _ in tqdm(
        makers[corpus](aside, groups, recordings, seed),
        desc=f"simulating {corpus}",
        unit="file",
        disable=not progress,
    ):
        pass
    move(aside, base)
    return base


def _fsdd(base: Path, groups: int, recordings: int, seed: int) -> Iterator[int]:
    for person in range(groups):
        speaker = random_speaker(np.random.default_rng([seed, person]))
        name = f"sim{chr(ord('a') + person)}"
        for digit, number in itertools.product(range(10), range(recordings)):
            chance = np.random.default_rng([seed, person, digit, number])
            path = base / "recordings" / f"{digit}_{name}_{number}.wav"
            write_wav(path, say_digit(speaker, digit, chance), 8000)
            yield 1


def _person(seed: int, person: int) -> tuple[Face, Speaker, float]:
    """Face, voice, and how strongly this person's face shows emotions."""
    chance = np.random.default_rng([seed, person])
    return random_face(chance), random_speaker(chance), float(chance.uniform(0.6, 1.2))


def _act(
    emotion: str, face: Face, gain: float, chance: np.random.Generator
) -> tuple[list[np.ndarray], Manner]:
    """Frames of a face, and the manner of a voice, that show an emotion."""
    units, manner = _SHOWN[_ALIASES.get(emotion, emotion)]
    shown = _FACE_GAIN * gain * np.array(units) + _FACE_NOISE * chance.standard_normal(6)
    time = np.arange(round(SECONDS * FPS)) / (SECONDS * FPS)
    course = np.clip(1.5 * np.sin(np.pi * (time + 0.15) / 1.2), 0, 1)
    x, y, roll = chance.normal(0, 0.012, 3)
    pose = Pose(dx=x, dy=y, roll=60 * roll, light=1 + chance.normal(0, 0.05))
    moved = np.clip(shown * course[:, None], 0, 1)
    frames = list(draw_faces(face, moved, [pose] * len(moved), SIZE))
    noise = _VOICE_NOISE * chance.standard_normal(4)
    return frames, Manner(*(np.array(manner) + noise).tolist())


def _ravdess(base: Path, groups: int, recordings: int, seed: int) -> Iterator[int]:
    takes = list(itertools.product((1, 2), (1, 2)))[:recordings]
    for person in range(groups):
        face, speaker, gain = _person(seed, person)
        folder = base / f"Actor_{person + 1:02d}"
        for number, emotion in enumerate(ravdess.CLASSES):
            for statement, repetition in takes:
                chance = np.random.default_rng([seed, person, number, statement, repetition])
                name = f"01-{number + 1:02d}-01-{statement:02d}-{repetition:02d}-{person + 1:02d}"
                frames, manner = _act(emotion, face, gain, chance)
                write_video(folder / f"02-{name}.mp4", frames, FPS)
                write_wav(folder / f"03-{name}.wav", speak(speaker, manner, SECONDS, chance), RATE)
                yield 2


def _cremad(base: Path, groups: int, recordings: int, seed: int) -> Iterator[int]:
    names, classes = [], []
    for person in range(groups):
        face, speaker, gain = _person(seed, person)
        for number, emotion in enumerate(cremad.CLASSES):
            for sentence in cremad.SENTENCES[:recordings]:
                chance = np.random.default_rng(
                    [seed, person, number, cremad.SENTENCES.index(sentence)]
                )
                name = f"{1001 + person}_{sentence}_{cremad.CODES[number]}_XX"
                frames, manner = _act(emotion, face, gain, chance)
                write_video(base / "VideoFlash" / f"{name}.flv", frames, FPS, "flv")
                sound = speak(speaker, manner, SECONDS, chance)
                write_wav(base / "AudioWAV" / f"{name}.wav", sound, RATE)
                names.append(name)
                classes.append(number)
                yield 2
    write_text(base / "processedResults" / cremad.VOTES, _votes(names, np.array(classes), seed))
    people = [f'{1001 + person},{30 + person},"{_sex(seed, person)}"' for person in range(groups)]
    write_text(base / "VideoDemographics.csv", "\n".join(['"ActorID","Age","Sex"', *people, ""]))


def _sex(seed: int, person: int) -> str:
    return "Male" if _person(seed, person)[1].pitch < 155 else "Female"


def _votes(names: list[str], classes: np.ndarray, seed: int) -> str:
    """A table of raters' answers in CREMA-D's form."""
    parts = []
    letters = list(cremad.LETTERS)
    for digit, right in enumerate(_RIGHT, start=1):
        chance = np.random.default_rng([seed, digit])
        share = np.full((len(names), 6), (1 - right) / 7)
        share[:, cremad.CLASSES.index("neutral")] *= 3  # raters in doubt say neutral
        share[np.arange(len(names)), classes] += right
        share /= share.sum(1, keepdims=True)
        votes = np.array([chance.multinomial(_RATERS, row) for row in share])
        most = votes == votes.max(1, keepdims=True)
        part = pd.DataFrame(votes, columns=letters)
        part.index = np.arange(1, len(names) + 1) + digit * 100_000
        part["fileName"] = names
        part["numResponses"] = _RATERS
        part["agreement"] = votes.max(1) / _RATERS
        part["emoVote"] = [":".join(np.array(letters)[row]) for row in most]
        parts.append(part)
    return str(pd.concat(parts).to_csv(lineterminator="\n"))
