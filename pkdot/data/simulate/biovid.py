"""A simulated corpus in BioVid's own layout: video of a drawn face, biosignals, and an index.

One latent pain intensity per window drives everything. It is *graded*: the stimulus sets where it
lies on average, yet it varies widely within a class. It shows strongly in the skin's conductance
and weakly, in each subject differently, on the face. A teacher that has learned to read it from
the skin can therefore tell a student more than the class label does.

The strengths below were tuned, never the method; see :data:`STRENGTHS` for what was measured.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import ConfigError, DataError
from ..biovid.index import CLASSES, MARKER
from .face import ACTION_UNITS, Pose, draw_face, random_face
from .physiology import (
    LENGTH,
    RATE,
    electrocardiogram,
    electromyogram,
    random_body,
    skin_conductance,
)

VERSION = 1
"""Raised whenever the generator changes what it draws; part of the marker and of caches."""

FPS = 25
FRAMES = 138
SIZE = 192


@dataclass(frozen=True)
class Strengths:
    """How strongly pain shows, where.

    Attributes:
        stimulus: distance between the mean log-odds of pain of no stimulus and the strongest.
        spread: standard deviation of the log-odds within a class.
        face_gain: median expressiveness of a face at full pain (activation of an action unit).
        face_spread: standard deviation of the log of that gain over subjects.
        face_noise: standard deviation of expression without cause.
        skin_noise: standard deviation of the skin's response, in units of full pain.
    """

    stimulus: float = 3.6
    spread: float = 1.2
    face_gain: float = 0.5
    face_spread: float = 0.6
    face_noise: float = 0.18
    skin_noise: float = 0.22


STRENGTHS = Strengths()


@dataclass(frozen=True)
class _Task:
    """One window to write: who, what, and the seeds of chance."""

    subject: str
    class_id: int
    number: int
    person_seed: tuple[int, ...]
    window_seed: tuple[int, ...]

    @property
    def sample(self) -> str:
        return f"{self.subject}-{CLASSES[self.class_id]}-{self.number:03d}"


def simulate(
    dest: Path | str,
    *,
    subjects: int = 20,
    classes: Sequence[str] = ("BL1", "PA4"),
    windows: int = 10,
    seed: int = 0,
    jobs: int = -1,
    strengths: Strengths = STRENGTHS,
    progress: bool = True,
) -> Path:
    """Write a simulated corpus, or finish one that was interrupted.

    Every window has seeds of its own, and each file is written aside and renamed: what is there
    is whole, and is not made again. The index comes last, so that an unfinished corpus cannot be
    mistaken for a small one.

    Args:
        dest: folder; new, empty, or a simulated corpus of the same settings.
        subjects: how many people, at most 999.
        classes: names out of :data:`~pkdot.data.biovid.index.CLASSES`.
        windows: per subject and class, at most 99.
        seed: other seeds give other people.
        jobs: processes; −1 uses every core.
        strengths: of the generator.
        progress: show a bar.

    Returns:
        ``dest`` as a path.

    Raises:
        ConfigError: for a number or class that makes no corpus.
        DataError: if ``dest`` holds something else, a corpus of other settings included.
    """
    import joblib
    from filelock import FileLock
    from tqdm.auto import tqdm

    _check_request(subjects, classes, windows)
    base = Path(dest)
    marker = {
        "simulated": True,
        "generator": VERSION,
        "seed": seed,
        "subjects": subjects,
        "classes": list(classes),
        "windows": windows,
        "strengths": asdict(strengths),
    }
    _claim(base, marker)
    with FileLock(base / "simulation" / "lock"):
        if _index_path(base).is_file():
            return base
        for leftover in base.rglob(".*.part"):
            leftover.unlink()
        tasks = _plan(subjects, classes, windows, seed)
        work = (joblib.delayed(_write_window)(base, task, strengths) for task in tasks)
        done = joblib.Parallel(n_jobs=jobs, return_as="generator")(work)
        rows = list(
            tqdm(done, total=len(tasks), desc="simulating", unit="window", disable=not progress)
        )
        _write_aside(base / "simulation" / "latent.csv", _table(rows))
        _write_aside(_index_path(base), _table(_index_rows(tasks)))
    return base


def _check_request(subjects: int, classes: Sequence[str], windows: int) -> None:
    for name, number, largest in (("subjects", subjects, 999), ("windows", windows, 99)):
        if not 1 <= number <= largest:
            raise ConfigError(f"{name} must lie in 1..{largest}, not {number}.")
    unknown = sorted(set(classes) - set(CLASSES))
    if unknown or not classes or len(set(classes)) != len(classes):
        raise ConfigError(
            f"classes must be different names out of {', '.join(CLASSES)}, not {list(classes)}."
        )


def _claim(base: Path, marker: dict[str, object]) -> None:
    """Mark the folder as ours, or refuse it."""
    path = base / MARKER
    if path.is_file():
        if json.loads(path.read_text()) != marker:
            raise DataError(
                f"{base} holds a simulated corpus of other settings; choose another folder, or "
                f"delete it first."
            )
        return
    if base.is_dir() and any(base.iterdir()):
        raise DataError(
            f"{base} is not empty and holds no simulated corpus; simulated files are never mixed "
            f"with others: choose another folder."
        )
    (base / "simulation").mkdir(parents=True, exist_ok=True)
    _write_aside(path, json.dumps(marker, indent=1) + "\n")


def _plan(subjects: int, classes: Sequence[str], windows: int, seed: int) -> list[_Task]:
    tasks = []
    for person in range(subjects):
        chance = np.random.default_rng([seed, person, 0])
        # six digits that are no date, so that no name can be that of a recorded person
        name = f"900{person + 1:03d}_{chance.choice(['w', 'm'])}_{chance.integers(20, 65)}"
        for class_id in sorted(CLASSES.index(name) for name in classes):
            for number in range(windows):
                tasks.append(
                    _Task(
                        subject=name,
                        class_id=class_id,
                        number=class_id * 100 + number + 1,
                        person_seed=(seed, person, 1),
                        window_seed=(seed, person, 2, class_id, number),
                    )
                )
    return tasks


def _write_window(base: Path, task: _Task, strengths: Strengths) -> dict[str, object]:
    """Write one window's two files unless they are there; returns its row of the latent table."""
    person = np.random.default_rng(task.person_seed)
    face, body = random_face(person), random_body(person)
    gain = strengths.face_gain * person.lognormal(0, strengths.face_spread)
    # which of the four action units this person moves: nobody moves them all alike
    habits = person.dirichlet(np.full(4, 1.5)) * 4
    chance = np.random.default_rng(task.window_seed)
    level = task.class_id / (len(CLASSES) - 1) - 0.5
    odds = strengths.stimulus * level + strengths.spread * chance.normal()
    pain = float(1 / (1 + np.exp(-odds)))
    shown = max(0.0, gain * pain + strengths.face_noise * chance.normal())
    row = {"sample_name": task.sample, "pain": round(pain, 5), "shown": round(shown, 5)}

    activation = _activation(shown * habits, chance)
    signals = base / "biosignals_filtered" / task.subject / f"{task.sample}_bio.csv"
    if not signals.is_file():
        own = np.random.default_rng([*task.window_seed, 1])
        traces = {
            "time": np.round(np.arange(LENGTH) * 1e6 / RATE).astype(np.int64),
            "gsr": skin_conductance(body, pain, strengths.skin_noise, own),
            "ecg": electrocardiogram(body, pain, own),
            "emg_trapezius": electromyogram(body, np.full(2, pain), 0.6, own),
            "emg_corrugator": electromyogram(body, activation[:, 0], 3.0, own),
            "emg_zygomaticus": electromyogram(
                body, np.maximum(activation[:, 4], 0.5 * activation[:, 2]), 3.0, own
            ),
        }
        _write_aside(signals, _table(traces))
    video = base / "video" / task.subject / f"{task.sample}.mp4"
    if not video.is_file():
        own = np.random.default_rng([*task.window_seed, 2])
        poses = _poses(own)
        frames = (
            draw_face(face, units, pose, SIZE)
            for units, pose in zip(activation, poses, strict=True)
        )
        write_video(video, frames)
    return row


def _activation(pain_units: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Action units over the window, (FRAMES, 6): pain's four, blinks, and what has no cause."""
    time = np.arange(FRAMES) / FPS
    units = np.zeros((FRAMES, len(ACTION_UNITS)))
    units[:, :4] = np.outer(_rise(time, chance.uniform(0.5, 2.0)), pain_units)
    for onset in chance.uniform(0, 5.5, chance.poisson(1.3)):
        units[:, 3] += np.exp(-(((time - onset) / 0.09) ** 2))  # a blink
    for unit, probability in ((0, 0.1), (1, 0.1), (4, 0.25), (5, 0.2)):
        size, start, stop = chance.uniform(0.15, 0.6), *np.sort(chance.uniform(0, 5.5, 2))
        if chance.random() < probability:
            units[:, unit] += size * _rise(time, start) * (1 - _rise(time, stop))
    units += chance.normal(0, 0.02, units.shape)
    return np.clip(units, 0.0, 1.0)


def _rise(time: np.ndarray, onset: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(time - onset) / 0.18))


def _poses(chance: np.random.Generator) -> list[Pose]:
    """A head that is never quite still: each coordinate sways around a place of its own."""
    time = np.arange(FRAMES) / FPS

    def sway(middle: float, size: float) -> np.ndarray:
        slow, fast = chance.uniform(0.1, 0.3), chance.uniform(0.4, 0.9)
        phase = chance.uniform(0, 2 * np.pi, 2)
        wave = np.sin(2 * np.pi * slow * time + phase[0])
        wave = wave + 0.4 * np.sin(2 * np.pi * fast * time + phase[1])
        return chance.normal(0, middle) + size * wave

    columns = zip(
        sway(0.02, 0.006), sway(0.015, 0.006), sway(2.0, 0.8), 1 + sway(0.02, 0.006),
        1 + sway(0.05, 0.01), strict=True,
    )  # fmt: skip
    return [Pose(*map(float, column)) for column in columns]


def write_video(path: Path, frames) -> None:
    """Encode RGB frames (H, W, 3) uint8 at 25 per second; the file appears whole or not at all."""
    import av

    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    aside = _aside(path)
    with av.open(str(aside), "w", format="mp4") as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=FPS)
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.thread_count = 1  # one thread: the same bytes every time
                if codec == "libx264":
                    stream.options = {"preset": "ultrafast", "crf": "18"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is None:
            raise ConfigError(f"A video needs at least one frame; {path.name} was given none.")
        container.mux(stream.encode())
    os.replace(aside, path)


def _index_path(base: Path) -> Path:
    return base / "starting_point" / "samples.csv"


def _index_rows(tasks: Sequence[_Task]) -> list[dict[str, object]]:
    people = {name: number + 1 for number, name in enumerate(dict.fromkeys(t.subject for t in tasks))}
    return [
        {
            "subject_id": people[task.subject],
            "subject_name": task.subject,
            "class_id": task.class_id,
            "class_name": CLASSES[task.class_id],
            "sample_id": number + 1,
            "sample_name": task.sample,
        }
        for number, task in enumerate(tasks)
    ]


def _table(columns) -> str:
    return pd.DataFrame(columns).round(5).to_csv(sep="\t", index=False, lineterminator="\n")


def _aside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _write_aside(path: Path, text: str) -> None:
    aside = _aside(path)
    aside.write_text(text, encoding="utf-8", newline="\n")
    os.replace(aside, path)
