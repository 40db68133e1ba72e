"""A simulated corpus in BioVid's own layout: video of a drawn face, biosignals, and an index.

One latent pain intensity per window drives everything. It is *graded*: the stimulus sets where it
lies on average, yet it varies widely within a class. It shows strongly in the skin's conductance
and weakly, in each subject differently, on the face. A teacher that has learned to read it from
the skin can therefore tell a student more than the class label does.

The strengths below were tuned, never the method; see :data:`STRENGTHS` for what was measured.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...atomic_files import write_text
from ...errors import ConfigError
from ...worker_pool import Tied
from ..biovid.index import CLASSES
from ..media.workers import one_thread_in_workers
from .face import Face, draw_faces, random_face
from .files import claimed, table, write_video
from .motion import FPS, action_units, poses
from .physiology import (
    LENGTH,
    RATE,
    Body,
    electrocardiogram,
    electromyogram,
    random_body,
    skin_conductance,
)

VERSION = 2
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
"""Tuned on 20 subjects × (BL1, PA4) × 10 windows, seed 0, five folds grouped by subject, with two
plain networks trained without early stopping (:class:`~pkdot.networks.video.SmallVideoNet`, 14
passes; :class:`~pkdot.networks.signal.SmallSignalNet`, 28 passes; one run each): video alone
72.0 %, skin conductance alone 82.2 %, the sum of both log probabilities 85.0 % of 400 windows.
The latent pain itself, cut at one half, tells the classes apart in 92.5 %; its standard deviation
within a class is 0.17 to 0.18.

The leak of clip-level folds, on the same corpus: a support vector machine on 60 principal
components of the late frames scores 71.4 % in folds by subject and 77.5 % in folds by clip (means
of two assignments to folds).
"""


@dataclass(frozen=True)
class Window:
    """One window to write: who, what, and the seeds of chance."""

    subject: str
    class_id: int
    number: int
    person_seed: tuple[int, ...]
    window_seed: tuple[int, ...]

    @property
    def sample(self) -> str:
        return f"{self.subject}-{CLASSES[self.class_id]}-{self.number:03d}"

    def chance(self, purpose: int) -> np.random.Generator:
        """A source of its own for each purpose, so that one file never shifts another."""
        return np.random.default_rng([*self.window_seed, purpose])


@dataclass(frozen=True)
class Person:
    """Face, body, and how this person shows pain: the gain of each of the four action units."""

    face: Face
    body: Body
    gain: float
    habits: np.ndarray


@dataclass(frozen=True)
class Latent:
    """What drives a window: pain (0–1), how much of it shows, and all action units (FRAMES, 6)."""

    pain: float
    shown: float
    activation: np.ndarray


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
    with claimed(base, marker):
        if _index_path(base).is_file():
            return base
        tasks = _plan(subjects, classes, windows, seed)
        work = (joblib.delayed(Tied(_write_window))(base, task, strengths) for task in tasks)
        done = joblib.Parallel(n_jobs=jobs, return_as="generator")(work)
        rows = list(
            tqdm(done, total=len(tasks), desc="simulating", unit="window", disable=not progress)
        )
        write_text(base / "simulation" / "latent.csv", table(rows))
        write_text(_index_path(base), table(_index_rows(tasks)))
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


def _plan(subjects: int, classes: Sequence[str], windows: int, seed: int) -> list[Window]:
    tasks = []
    for person in range(subjects):
        chance = np.random.default_rng([seed, person, 0])
        # six digits that are no date, so that no name can be that of a recorded person
        name = f"900{person + 1:03d}_{chance.choice(['w', 'm'])}_{chance.integers(20, 65)}"
        for class_id in sorted(CLASSES.index(name) for name in classes):
            for number in range(windows):
                tasks.append(
                    Window(
                        subject=name,
                        class_id=class_id,
                        number=class_id * 100 + number + 1,
                        person_seed=(seed, person, 1),
                        window_seed=(seed, person, 2, class_id, number),
                    )
                )
    return tasks


def draw_latent(window: Window, strengths: Strengths) -> tuple[Person, Latent]:
    """The person and the latent intensity behind a window; the same for the same seeds."""
    chance = np.random.default_rng(window.person_seed)
    face, body = random_face(chance), random_body(chance)
    gain = strengths.face_gain * chance.lognormal(0, strengths.face_spread)
    # which of the four action units this person moves: nobody moves them all alike
    person = Person(face, body, gain, habits=chance.dirichlet(np.full(4, 1.5)) * 4)
    chance = np.random.default_rng(window.window_seed)
    pain = mean_pain(window.class_id, strengths) + strengths.spread * chance.normal()
    pain = float(np.clip(pain, 0.0, 1.0))
    shown = max(0.0, gain * pain + strengths.face_noise * chance.normal())
    return person, Latent(pain, shown, action_units(shown * person.habits, chance))


def mean_pain(class_id: np.ndarray | int, strengths: Strengths) -> Any:
    """Mean pain of a class, or of several (…,), before it is cut to 0..1."""
    return 0.5 + strengths.stimulus * (class_id / (len(CLASSES) - 1) - 0.5)


def _write_window(base: Path, window: Window, strengths: Strengths) -> dict[str, object]:
    """Write one window's two files unless they are there; returns its row of the latent table."""
    one_thread_in_workers()
    person, latent = draw_latent(window, strengths)
    name = f"{window.subject}/{window.sample}"
    signals = base / "biosignals_filtered" / f"{name}_bio.csv"
    if not signals.is_file():
        write_text(signals, table(_traces(person.body, latent, strengths, window.chance(1))))
    video = base / "video" / f"{name}.mp4"
    if not video.is_file():
        frames = draw_faces(person.face, latent.activation, poses(window.chance(2)), SIZE)
        write_video(video, frames, FPS)
    return {"sample_name": window.sample, "pain": latent.pain, "shown": latent.shown}


def _traces(
    body: Body, latent: Latent, strengths: Strengths, chance: np.random.Generator
) -> dict[str, np.ndarray]:
    """The columns of a ``_bio.csv``, (LENGTH,) each."""
    pain, units = latent.pain, latent.activation
    grimace = np.maximum(units[:, 4], 0.5 * units[:, 2])
    return {
        "time": np.round(np.arange(LENGTH) * 1e6 / RATE).astype(np.int64),
        "gsr": skin_conductance(body, pain, strengths.skin_noise, chance),
        "ecg": electrocardiogram(body, pain, chance),
        "emg_trapezius": electromyogram(body, np.full(2, pain), 0.6, chance),
        "emg_corrugator": electromyogram(body, units[:, 0], 3.0, chance),
        "emg_zygomaticus": electromyogram(body, grimace, 3.0, chance),
    }


def _index_path(base: Path) -> Path:
    return base / "starting_point" / "samples.csv"


def _index_rows(tasks: Sequence[Window]) -> list[dict[str, object]]:
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
