"""Read every file of an Aff-Wild2 folder once; report what is there, and what is lost."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from ..media.damage import DamagedFile
from ..media.pictures import check_picture
from ..media.sound import Sound, read_sound
from ..media.video import VideoSurvey, survey_video
from ..media.workers import Call, one_thread_in_workers, results
from .annotations import read_annotation
from .crops import list_crops, rows_with_crop
from .index import read_index
from .report import CheckReport, FaceReport, SoundFacts, VideoFacts


def check(root: Path | str, *, jobs: int = -1, progress: bool = True) -> CheckReport:
    """Read all annotations, crops, videos and sounds once, and report.

    Args:
        root: the folder that holds annotations, crops and videos.
        jobs: processes; −1 uses every core.
        progress: show bars.

    Raises:
        ConfigError: if ``root`` is no folder.
        DataError: if there are no annotations below it.
    """
    from tqdm.auto import tqdm

    index = read_index(root)
    table = index.table
    sources = sorted(set(zip(table["video"], table["sound"], strict=True)))
    calls: list[Call] = [(_check_source, (index.root, *source)) for source in sources]
    bar = tqdm(results(calls, jobs), "videos", len(calls), disable=not progress)
    media = dict(zip(sources, bar, strict=True))
    calls = [
        (_check_face, (index.root, entry, *media[entry["video"], entry["sound"]]))
        for _, entry in table.iterrows()
    ]
    bar = tqdm(results(calls, jobs), "crops", len(calls), unit="face", disable=not progress)
    return CheckReport(index, tuple(bar))


def _check_source(root: Path, video: str, sound: str) -> tuple[VideoFacts, SoundFacts]:
    """What can be said of a video and its sound, which two people may share."""
    one_thread_in_workers()
    pictures = VideoFacts()
    if video:
        try:
            survey = survey_video(root / video)
        except DamagedFile as error:
            pictures = VideoFacts(problems=(f"{video}: {error.reason}",))
        else:
            pictures = _video_facts(video, survey)
    heard, problems = SoundFacts(), []
    for file in filter(None, (video, sound)):  # a wav is for videos without sound of their own
        try:
            heard = _sound_facts(file, read_sound(root / file), pictures, file == sound)
            break
        except DamagedFile as error:
            if file == sound or (error.kind != "no sound" and not pictures.problems):
                problems.append(f"{file}: {error.reason}")
    return pictures, heard.with_problems(problems)


def _video_facts(video: str, survey: VideoSurvey) -> VideoFacts:
    problems = (f"{video}: {survey.damage}",) if survey.damage else ()
    if not len(survey.times):
        return VideoFacts(rate=survey.rate, problems=problems or (f"{video}: it has no frame",))
    step = float(np.median(np.diff(survey.times))) if len(survey.times) > 1 else 0.0
    return VideoFacts(
        frames=len(survey.times),
        rate=survey.rate,
        varies=survey.varies,
        turned=survey.turned,
        first=float(survey.times[0]),
        end=float(survey.times[-1]) + step,
        problems=problems,
    )


def _sound_facts(file: str, sound: Sound, video: VideoFacts, is_wav: bool) -> SoundFacts:
    problems = []
    if sound.damaged:
        problems.append(f"{file}: {sound.damaged} packets of its sound are damaged")
    if sound.is_silent:
        problems.append(f"{file}: its sound is silent throughout")
    first, end = (0.0, math.nan) if is_wav else (video.first, video.end)
    if is_wav and video.frames:
        end = video.end - video.first
    return SoundFacts(
        source="wav" if is_wav else "video",
        seconds=sound.end - sound.start,
        late=max(sound.start - first, 0.0) if math.isfinite(first) else 0.0,
        short=max(end - sound.end, 0.0) if math.isfinite(end) else 0.0,
        problems=tuple(problems),
    )


def _check_face(root: Path, entry: pd.Series, video: VideoFacts, sound: SoundFacts) -> FaceReport:
    """Annotation and crops of one face, beside what is known of its video and sound."""
    one_thread_in_workers()
    problems = [*video.problems, *sound.problems]
    valid, malformed = np.zeros(0, dtype=bool), 0
    if entry.annotation:
        try:
            annotation = read_annotation(root / entry.annotation)
            valid, malformed = annotation.valid, len(annotation.malformed)
            problems += annotation.remarks(entry.annotation)
            if not annotation.has_header:
                problems.append(f"{entry.annotation}: it has no first line valence,arousal")
        except DamagedFile as error:
            problems.append(f"{entry.annotation}: {error.reason}")
    crops, damaged = np.zeros(0, dtype=np.int64), list[int]()
    if entry.crops:
        crops, damaged = _check_crops(root, entry.crops, problems)
    else:
        problems.append(f"{entry['name']}: it has no folder of crops")
    if not entry.video:
        problems.append(f"{entry['name']}: its video is not there")
    there = rows_with_crop(crops, len(valid))
    whole = rows_with_crop(np.setdiff1d(crops, damaged), len(valid))
    return FaceReport(
        name=entry["name"],
        part=entry.part,
        recording=entry.recording,
        rows=len(valid),
        valid=int(valid.sum()),
        malformed=malformed,
        crops=len(crops),
        without_crop=int((valid & ~there).sum()),
        beyond=int((crops > len(valid)).sum()) if entry.annotation else 0,
        damaged_crops=len(damaged),
        usable=int((valid & whole).sum()),
        video=video,
        sound=sound,
        problems=tuple(problems),
    )


def _check_crops(root: Path, folder: str, problems: list[str]) -> tuple[np.ndarray, list[int]]:
    """Numbers of the crops of a folder, and of those that are damaged, which become problems."""
    try:
        files = list_crops(root / folder)
    except DamagedFile as error:
        problems.append(f"{folder}: {error.reason}")
        return np.zeros(0, dtype=np.int64), []
    damaged = []
    for number, name in files.items():
        try:
            check_picture(root / folder / name)
        except DamagedFile as error:
            damaged.append(number)
            problems.append(f"{folder}/{name}: {error.reason}")
    return np.array(list(files), dtype=np.int64), damaged
