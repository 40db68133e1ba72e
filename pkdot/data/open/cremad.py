"""CREMA-D: ``1001_DFA_ANG_XX`` names actor, sentence, emotion and level; and what raters said.

Each clip was rated by voice alone, by face alone and by both (``processedResults/
tabulatedVotes.csv``). The table does not name which: its row numbers begin with 1, 2 and 3, and the
share of right answers in each third is, to half a point, the one that the paper reports for voice,
face and both.
"""

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ...errors import DataError
from .index import Found, OpenIndex, checked_root, files_below

CLASSES = ("anger", "disgust", "fear", "happy", "neutral", "sad")
MEDIA = ("video", "sound")
CODES = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
LETTERS = tuple("ADFHNS")
SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
KNOWN_BAD = frozenset({"1076_MTI_SAD_XX", "1076_MTI_NEU_XX", "1064_TIE_SAD_XX", "1064_IEO_DIS_MD"})
"""Clips without sound, or cut off, by the reports of users."""

Presentation = Literal["voice", "face", "both"]
VOTES = "tabulatedVotes.csv"

_NAME = re.compile(rf"(1\d{{3}})_({'|'.join(SENTENCES)})_({'|'.join(CODES)})_(LO|MD|HI|XX)")
_MEDIUM = {".wav": "sound", ".flv": "video", ".mp4": "video", ".avi": "video"}
_FIRST_DIGIT = {"voice": 1, "face": 2, "both": 3}


def parse_name(stem: str) -> dict[str, Any] | None:
    """What the name of a file tells; None where it is no recording's."""
    name = _NAME.fullmatch(stem)
    if name is None or not 1001 <= int(name[1]) <= 1091:
        return None
    return {
        "id": stem,
        "group": name[1],
        "class_id": CODES.index(name[3]),
        "sentence": name[2],
        "level": name[4],
    }


def read_index(root: Path | str) -> OpenIndex:
    """All recordings below a folder, but those that are known to be bad.

    Raises:
        ConfigError: if there is no such folder.
        DataError: if it holds no recording.
    """
    root, found = checked_root(root), Found()
    for medium, stem, path in files_below(root, _MEDIUM):
        found.add(parse_name(stem), medium, path)
    bad = sorted(KNOWN_BAD & set(found.rows))
    for name in bad:
        del found.rows[name]
    remarks = (f"{', '.join(bad)} left out: known to be damaged",) if bad else ()
    return found.index("cremad", root, CLASSES, MEDIA, lambda t: _people(root, t), remarks)


def _people(root: Path, table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Sex and age by ``VideoDemographics.csv``; unknown where it is not there."""
    people: dict[str, dict[str, Any]] = {
        group: {"sex": "", "age": -1} for group in sorted(set(table["group"]))
    }
    listed = _find(root, "VideoDemographics.csv")
    if listed is None:
        return people
    try:
        rows = pd.read_csv(listed, dtype={"ActorID": str})
        if not isinstance(rows.index, pd.RangeIndex):  # cells too many, taken for names of rows
            raise ValueError("its lines have more cells than its first line names")
        known = zip(rows["ActorID"], rows["Sex"], rows["Age"].astype(int), strict=True)
        for actor, sex, age in known:
            if actor in people:
                people[actor] = {"sex": "w" if sex == "Female" else "m", "age": age}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{listed} cannot be read ({error}); fetch it again.") from None
    return people


def read_votes(root: Path, ids: list[str], presentation: Presentation) -> np.ndarray:
    """Shares of the raters' answers, (N, 6) in the order of :data:`CLASSES`; NaN: not rated.

    Args:
        root: the folder.
        ids: names of the clips.
        presentation: what the raters had of a clip.

    Raises:
        DataError: if the table of votes is not there, or is another one.
    """
    path = _find(root, VOTES)
    if path is None:
        raise DataError(
            f"{root} holds no {VOTES}, in which the raters' answers are; `python -m pkdot fetch "
            f"cremad` brings it."
        )
    try:
        table = pd.read_csv(path, index_col=0)
        rated = table[table.index // 100_000 == _FIRST_DIGIT[presentation]].set_index("fileName")
        counts = rated[list(LETTERS)].astype(float)
        if counts.index.has_duplicates or (counts.to_numpy() < 0).any():
            raise ValueError("a clip stands in it twice, or a number is below 0")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no table of the raters' votes ({error}).") from None
    votes = counts.reindex(ids).to_numpy()
    total = votes.sum(1, keepdims=True)
    return np.divide(votes, total, out=np.full_like(votes, np.nan), where=total > 0)


def majority(shares: np.ndarray) -> np.ndarray:
    """The class that most raters named, (N,); -1 for a tie, and where nobody rated."""
    filled = np.nan_to_num(shares, nan=-1.0)
    best = filled.max(1)
    alone = (filled == best[:, None]).sum(1) == 1
    return np.where(alone & (best > 0), filled.argmax(1), -1).astype(np.int64)


def _find(root: Path, name: str) -> Path | None:
    places = (root / "processedResults" / name, root / name)
    return next((path for path in places if path.is_file()), None)
