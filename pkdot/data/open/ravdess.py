"""RAVDESS: ``02-01-06-01-02-01-12.mp4`` names modality, channel, emotion, intensity, statement,
repetition and actor. A recording is what the last six fields name; its video and its sound are
files of their own, or one file holds both.
"""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from .index import Found, OpenIndex, checked_root, files_below

CLASSES = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
MEDIA = ("video", "sound")
CHANNELS = {"01": "speech", "02": "song"}
COMPLETE = {"speech": 60, "song": 44}
"""Recordings of an actor; actor 18 has no song."""

_NAME = re.compile(r"(0[1-3])-(0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")


def parse_name(stem: str) -> dict[str, Any] | None:
    """What the name of a file tells; None where it is no recording's.

    ``modality`` is ``both``, ``video`` or ``sound``; the others as in :func:`read_index`.
    """
    name = _NAME.fullmatch(stem)
    if name is None or not 1 <= int(name[7]) <= 24 or (name[3] == "01" and name[4] != "01"):
        return None  # neutral has one intensity only
    return {
        "id": stem[3:],
        "modality": ("both", "video", "sound")[int(name[1]) - 1],
        "group": f"actor-{name[7]}",
        "class_id": int(name[3]) - 1,
        "channel": CHANNELS[name[2]],
        "strong": name[4] == "02",
        "statement": int(name[5]),
        "repetition": int(name[6]),
    }


def read_index(root: Path | str) -> OpenIndex:
    """All recordings below a folder, of both channels.

    A file of both modalities stands in for the video or the sound that has none of its own.

    Raises:
        ConfigError: if there is no such folder.
        DataError: if it holds no recording.
    """
    root, found = checked_root(root), Found()
    both: list[tuple[dict[str, Any], str]] = []
    for ending, stem, path in files_below(root, {".wav": "sound", ".mp4": "video"}):
        facts = parse_name(stem)
        modality = facts.pop("modality") if facts else ending
        if facts and modality == "both":
            both.append((facts, path))
        else:
            found.add(facts if modality == ending else None, modality, path)
    for facts, path in both:
        for medium in MEDIA:
            if medium not in found.rows.get(facts["id"], {}):
                found.add(facts, medium, path)
    return found.index("ravdess", root, CLASSES, MEDIA, _people)


def _people(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Actors with odd numbers are men; their ages are known as a range only."""
    return {
        group: {"sex": "m" if int(group[-2:]) % 2 else "w", "age": -1}
        for group in sorted(set(table["group"]))
    }
