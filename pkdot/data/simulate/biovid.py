"""A simulated corpus in BioVid's own layout: video of a drawn face, biosignals, and an index.

One latent pain intensity per window drives everything. It is *graded*: the stimulus sets where it
lies on average, yet it varies widely within a class. It shows strongly in the skin's conductance
and weakly, in each subject differently, on the face. A teacher that has learned to read it from
the skin can therefore tell a student more than the class label does.

The strengths below were tuned, never the method; see :data:`STRENGTHS` for what was measured.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ...errors import ConfigError, DataError
from ..biovid.index import CLASSES, MARKER
from .face import draw_face, random_face
from .files import table, write_aside, write_video
from .motion import FPS, poses
from .motion import activation as activation_units
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

SIZE = 192


@dataclass(frozen=True)
class Strengths:
    """How strongly pain shows, where.

    Attributes:
        stimulus: distance between the mean pain (0–1) of no stimulus and of the strongest.
        spread: standard deviation of pain within a class.
        face_gain: median expressiveness of a face at full pain (activation of an action unit).
        face_spread: standard deviation of the log of that gain over subjects.
        face_noise: standard deviation of expression without cause.
        skin_noise: standard deviation of the skin's response, in units of full pain.
    """

    stimulus: float = 0.6
    spread: float = 0.19
    face_gain: float = 0.9
    face_spread: float = 0.5
    face_noise: float = 0.14
    skin_noise: float = 0.14


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
        write_aside(base / "simulation" / "latent.csv", table(rows))
        write_aside(_index_path(base), table(_index_rows(tasks)))
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
    write_aside(path, json.dumps(marker, indent=1) + "\n")


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
    pain = 0.5 + strengths.stimulus * level + strengths.spread * chance.normal()
    pain = float(np.clip(pain, 0.0, 1.0))
    shown = max(0.0, gain * pain + strengths.face_noise * chance.normal())
    row = {"sample_name": task.sample, "pain": round(pain, 5), "shown": round(shown, 5)}

    activation = activation_units(shown * habits, chance)
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
        write_aside(signals, table(traces))
    video = base / "video" / task.subject / f"{task.sample}.mp4"
    if not video.is_file():
        own = np.random.default_rng([*task.window_seed, 2])
        frames = (
            draw_face(face, units, pose, SIZE)
            for units, pose in zip(activation, poses(own), strict=True)
        )
        write_video(video, frames, FPS)
    return row


def _index_path(base: Path) -> Path:
    return base / "starting_point" / "samples.csv"


def _index_rows(tasks: Sequence[_Task]) -> list[dict[str, object]]:
    people = {
        name: number + 1 for number, name in enumerate(dict.fromkeys(t.subject for t in tasks))
    }
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
