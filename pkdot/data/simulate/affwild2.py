"""A simulated corpus in Aff-Wild2's own layout: drawn faces, their annotations, and voices.

What makes the real files awkward is there, too: two people in one video, parts of one recording,
rows that are invalid, crops that are missing, a video without sound, avi beside mp4, several frame
rates, sound that begins late.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from ...atomic_files import move, write_text
from ...errors import ConfigError, DataError
from ...worker_pool import Tied
from ..marker import MARKER
from ..media.sound import RATE
from ..media.workers import one_thread_in_workers
from .affect import DRIVES, LATENTS, Strengths, cut, draw_affect, posterior_mean
from .face import ACTION_UNITS, Face, Pose, draw_face, random_face
from .files import claimed, table
from .film import write_film
from .motion import poses
from .voice import random_voice, speak

VERSION = 1
"""Raised whenever the generator changes what it draws; part of the marker and of caches."""

STRENGTHS = Strengths()
SETS = {"train": "Train_Set", "validation": "Validation_Set"}
_RATES = (Fraction(25), Fraction(30), Fraction(30_000, 1001))
_UNALIGNED = 0.1  # share of the head's movement that is left in a crop
_UNMARKED = 8  # rows at the beginning of a video that nobody annotated
_SEEN = {"face": ("face",), "sound": ("sound",), "both": ("face", "sound")}
_MISSING = 0.015  # share of frames without a crop, as in the real files


@dataclass(frozen=True)
class Video:
    """One video to write.

    Attributes:
        name: of its file.
        part: train, validation or test.
        people: names of annotations and crops, one or two.
        rate: frames a second.
        form: mp4 or avi.
        sound_start: seconds; None for a video without sound.
        unmarked: rows of −5 at its beginning.
        seed: of everything in it.
        cast: seed of who is seen; parts of a recording share it.
    """

    name: str
    part: str
    people: tuple[str, ...]
    rate: Fraction
    form: str
    sound_start: float | None
    unmarked: int
    seed: tuple[int, ...]
    cast: tuple[int, ...]

    @property
    def folder(self) -> str:
        return "batch2" if self.form == "avi" else "batch1"

    def chance(self, *purpose: int) -> np.random.Generator:
        """A source of its own for each purpose, so that one file never shifts another."""
        return np.random.default_rng([*self.seed, *purpose])


def simulate(
    dest: Path | str,
    *,
    videos: int = 24,
    frames: int = 400,
    size: int = 112,
    seed: int = 0,
    jobs: int = -1,
    strengths: Strengths = STRENGTHS,
    progress: bool = True,
) -> Path:
    """Write a simulated corpus, or finish one that was interrupted.

    Two thirds of the videos are for training, two for the test, the rest for validation. In every
    sixth there are two people; every eighth is without sound; every fourth is an avi.

    Args:
        dest: folder; new, empty, or a simulated corpus of the same settings.
        videos: how many, 6 to 999.
        frames: of each.
        size: of crops, in pixels, even.
        seed: other seeds give other people.
        jobs: processes; −1 uses every core.
        strengths: of the generator.
        progress: show a bar.

    Returns:
        ``dest`` as a path.

    Raises:
        ConfigError: for numbers that make no corpus.
        DataError: if ``dest`` holds something else, a corpus of other settings included.
    """
    import joblib
    from tqdm.auto import tqdm

    if not 6 <= videos <= 999 or not 16 <= frames <= 99_999 or size % 2 or not 16 <= size <= 512:
        raise ConfigError(
            f"videos must lie in 6..999, frames in 16..99999 and size in 16..512 and be even, not "
            f"{videos}, {frames} and {size}."
        )
    base = Path(dest)
    request = {"videos": videos, "frames": frames, "size": size, "seed": seed}
    marker = {"simulated": True, "corpus": "affwild2", "generator": VERSION, **request,
              "strengths": asdict(strengths)}  # fmt: skip
    latent = base / "simulation" / "latent.csv"
    with claimed(base, marker):
        if latent.is_file():
            return base
        plan = plan_videos(videos, seed)
        work = (joblib.delayed(Tied(_write_video))(base, v, frames, size, strengths) for v in plan)
        done = joblib.Parallel(n_jobs=jobs, return_as="generator")(work)
        rows = list(tqdm(done, total=len(plan), desc="simulating", disable=not progress))
        names = [f"{name}\n" for video in plan if video.part == "test" for name in video.people]
        write_text(base / "VA_test_set_release.txt", "".join(names))
        write_text(latent, table(pd.concat(rows)))
    return base


def plan_videos(count: int, seed: int) -> list[Video]:
    """Names, parts and oddities of so many videos, the same for the same seed."""
    n_train = round(2 * count / 3)
    plan: list[Video] = []
    for i in range(count):
        part = "train" if i < n_train else "test" if i >= count - 2 else "validation"
        rate = _RATES[i % len(_RATES)]
        # numbers beyond those of the real videos, so that no name can be taken for one of them
        name = f"{900 + i}-{round(rate)}-256x128" if i % 3 else f"video{9000 + i}"
        if i == 2:
            name = f"{plan[1].name}-2"  # another part of a recording
            rate = plan[1].rate
        people = (f"{name}_left", f"{name}_right") if i % 6 == 3 else (name,)
        form = "avi" if i % 4 == 2 else "mp4"
        late = 0.3 if i % 5 == 4 and form == "mp4" else 0.0
        silent = i % 8 == 7
        plan.append(
            Video(name, part, people, rate, form, None if silent else late,
                  _UNMARKED if i % 3 == 1 else 0, (seed, i), (seed, 1 if i == 2 else i))
        )  # fmt: skip
    return plan


def _write_video(
    base: Path, video: Video, frames: int, size: int, strengths: Strengths
) -> pd.DataFrame:
    """Write all files of a video that are not there; returns its rows of the latent table."""
    one_thread_in_workers()
    step = float(1 / video.rate)
    drawn = []
    for person in range(len(video.people)):
        latents, drives = draw_affect(frames, step, strengths, video.chance(1, person))
        # as the table of latents keeps them, so that annotations agree with it to the last digit
        drawn.append((latents.round(5), drives.round(5)))
    faces = [_Actor(video, person, drives) for person, (_, drives) in enumerate(drawn)]
    for actor, name, (latents, _) in zip(faces, video.people, drawn, strict=True):
        _write_crops(base / "cropped_aligned" / name, actor, size)
        if video.part in SETS:
            _write_annotation(base, video, name, latents)
    film = base / video.folder / f"{video.name}.{video.form}"
    if not film.is_file():
        write_film(film, _scene(faces, size), video.rate, _voices(video, drawn, step),
                   sound_start=video.sound_start or 0.0)  # fmt: skip
    columns = [*LATENTS, *DRIVES]
    numbers = np.arange(1, frames + 1)
    tables = [
        pd.DataFrame(np.hstack(pair), columns=columns).assign(name=name, frame=numbers, step=step)
        for name, pair in zip(video.people, drawn, strict=True)
    ]
    return pd.concat(tables)[["name", "frame", "step", *columns]]


class _Actor:
    """A drawn person who moves as the drives say, frame by frame."""

    def __init__(self, video: Video, person: int, drives: np.ndarray) -> None:
        self.face: Face = random_face(np.random.default_rng([*video.cast, 2, person]))
        chance = video.chance(3, person)
        time = np.arange(len(drives)) / float(video.rate)
        self.units = action_units(drives[:, :2], time, chance)
        self.poses = poses(chance, time)
        self.absent = chance.random(len(drives)) < _MISSING

    def picture(self, frame: int, size: int) -> np.ndarray:
        """As the camera sees it."""
        return draw_face(self.face, self.units[frame], self.poses[frame], size)

    def crop(self, frame: int, size: int) -> np.ndarray:
        """Aligned, as the owners' crops are: the head stays where it is, up to small errors."""
        seen = self.poses[frame]
        dx, dy, roll = (_UNALIGNED * x for x in (seen.dx, seen.dy, seen.roll))
        return draw_face(self.face, self.units[frame], Pose(dx, dy, roll, light=seen.light), size)


def action_units(drives: np.ndarray, time: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Action units (n, 6) of a face with drives of smile and tension (n, 2): mouth, brows, jaw."""
    smile, tension = drives.T
    units = np.zeros((len(time), len(ACTION_UNITS)))
    units[:, 0] = np.maximum(-smile, 0)  # AU4: a frown
    units[:, 1] = 0.5 * np.maximum(smile, 0)  # AU6: cheeks rise with a smile
    units[:, 4] = np.maximum(smile, 0)  # AU12
    units[:, 5] = 0.4 + 0.5 * tension  # AU26
    for onset in chance.uniform(0, time[-1], chance.poisson(0.25 * time[-1])):
        units[:, 3] += np.exp(-(((time - onset) / 0.09) ** 2))  # a blink
    return np.clip(units, 0, 1)


def _write_crops(folder: Path, actor: _Actor, size: int) -> None:
    """All crops of a face; the folder gets its name when it is whole."""
    if folder.is_dir():
        return
    aside = folder.with_name(f".{folder.name}.crops")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for frame in np.flatnonzero(~actor.absent):
        picture = cv2.cvtColor(actor.crop(int(frame), size), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(aside / f"{frame + 1:05d}.jpg"), picture)
    move(aside, folder)


def _write_annotation(base: Path, video: Video, name: str, latents: np.ndarray) -> None:
    values = cut(latents)
    values[: video.unmarked] = -5
    lines = ["valence,arousal", *(f"{v:g},{a:g}" for v, a in values)]
    folder = base / "annotations" / "VA_Estimation_Challenge" / SETS[video.part]
    write_text(folder / f"{name}.txt", "\n".join(lines) + "\n")


def _scene(actors: Sequence[_Actor], size: int) -> Iterator[np.ndarray]:
    """Frames of the video: its people side by side."""
    for frame in range(len(actors[0].units)):
        yield np.hstack([actor.picture(frame, size) for actor in actors])


def _voices(
    video: Video, drawn: Sequence[tuple[np.ndarray, np.ndarray]], step: float
) -> np.ndarray | None:
    """The sound: all people at once, from the moment at which it begins; None without sound."""
    if video.sound_start is None:
        return None
    times = np.arange(len(drawn[0][1])) * step
    seconds = len(times) * step
    voices = []
    for person, (_, drives) in enumerate(drawn):
        chance = video.chance(4, person)
        voices.append(speak(random_voice(chance), drives[:, 2:], times, seconds, chance))
    return np.mean(voices, axis=0)[round(video.sound_start * RATE) :]


def read_ceiling(base: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The best that can be known of some simulated faces from their drives.

    Args:
        base: folder of the corpus.
        names: of annotated faces.

    Returns:
        ``truth``, and the posterior mean given ``face``, ``sound`` and ``both``: (frames, 2) each,
        all faces one behind the other. It supposes that each person's habits are known and, in a
        video with two people, whose voice is whose. No answer correlates better with the truth,
        and no CCC exceeds the correlation: that is the ceiling.

    Raises:
        DataError: if the table of latents is missing or lacks a face.
    """
    try:
        strengths = Strengths(**json.loads((base / MARKER).read_text())["strengths"])
        latents = pd.read_csv(base / "simulation" / "latent.csv", sep="\t", dtype={"name": str})
        faces = dict(list(latents.groupby("name")))
        found: dict[str, list[np.ndarray]] = {key: [] for key in ("truth", *_SEEN)}
        for name in names:
            drives = faces[name][list(DRIVES)].to_numpy()
            step = float(faces[name]["step"].iloc[0])
            found["truth"].append(cut(faces[name][list(LATENTS)].to_numpy()))
            for key, seen in _SEEN.items():
                found[key].append(posterior_mean(drives, step, strengths, seen))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{base} holds no latents of its faces ({error}); simulate the corpus again in a new "
            f"folder."
        ) from None
    return {key: np.concatenate(parts) for key, parts in found.items()}
