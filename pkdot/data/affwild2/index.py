"""From a folder to the table of its videos: annotations, crops, source video and sound of each.

Every release of Aff-Wild2 lays its files out in another way, and people unpack them in yet others.
Hence nothing is looked for at a fixed place: folders are known by their names, wherever they lie in
the first levels below the root. Files are only named here, never opened.

Source of the layouts: Kollias et al., the ABAW competitions (2020–2024), facts only.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ...errors import ConfigError, DataError
from ..marker import is_simulated
from .names import recording_of, side_of, video_of

PARTS = ("train", "validation", "test")
TABLE = ("name", "part", "recording", "side", "annotation", "crops", "video", "sound")
"""Columns of :attr:`AffWild2Index.table`."""

VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
"""Suffixes of videos, the most trusted first: where one video lies in two forms, it is used."""

_SETS = {"trainset": "train", "trainingset": "train", "validationset": "validation"}
_CHALLENGES = ("vaestimationchallenge", "vaset")
_TEST_LIST = re.compile(r"(valence|(^|[^a-z])va([^a-z]|$)).*test.*\.txt$")
_DEPTH = 4  # levels below the root at which anything is looked for


@dataclass(frozen=True)
class AffWild2Index:
    """The annotated faces of a corpus, and those to be predicted.

    Attributes:
        root: folder that all paths in the table are relative to.
        table: one row a face, sorted by part and name; columns :data:`TABLE`. ``annotation`` is a
            text file, ``crops`` a folder of numbered pictures, ``video`` and ``sound`` (a wav) may
            be shared by two people; each is empty where there is none.
        simulated: whether the marker of a simulated corpus is there.
        remarks: what is unusual about the folder itself, one sentence each.
    """

    root: Path
    table: pd.DataFrame
    simulated: bool
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)


def read_index(root: Path | str, *, needs_annotations: bool = True) -> AffWild2Index:
    """List what lies below ``root``.

    Args:
        root: the folder that holds annotations, crops and videos.
        needs_annotations: whether a folder without any is refused.

    Raises:
        ConfigError: if ``root`` is no folder.
        DataError: if there are no annotations of valence and arousal, or a folder cannot be read.
    """
    root = Path(root).expanduser()
    if not os.path.isdir(root):  # unlike Path.is_dir, never raises
        raise ConfigError(f"{root} is not a folder; give the folder that holds Aff-Wild2.")
    try:
        found = _look_through(root)
        annotated, annotation_remarks = _annotated(root, found, needs_annotations)
        test, test_remarks = _test_names(found, annotated)
    except OSError as error:
        raise DataError(
            f"{error.filename or root} cannot be read ({error.strerror or error}); mend the "
            f"folder's permissions or the disk."
        ) from error
    rows = [_row(root, found, name, *entry) for name, entry in annotated.items()]
    rows += [_row(root, found, name, "test", None) for name in test]
    table = pd.DataFrame(rows, columns=list(TABLE))
    table["part"] = pd.Categorical(table["part"], PARTS, ordered=True)
    table = table.sort_values(["part", "name"], ignore_index=True)
    table["part"] = table["part"].astype(str)
    remarks = (*annotation_remarks, *test_remarks, *found.remarks)
    return AffWild2Index(root, table, is_simulated(root), remarks)


@dataclass
class _Found:
    """What a walk through the folders came by."""

    challenges: list[Path] = field(default_factory=list)
    crops: dict[str, Path] = field(default_factory=dict)
    videos: dict[str, Path] = field(default_factory=dict)
    sounds: dict[str, Path] = field(default_factory=dict)
    test_lists: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def _look_through(root: Path) -> _Found:
    found = _Found()
    if _plain(root.name) in _CHALLENGES:
        found.challenges.append(root)
    folders = [(root, 0)]
    while folders:
        folder, depth = folders.pop()
        for entry in _entries(folder):
            path = Path(entry.path)
            if not entry.is_dir():
                _file(found, path)
            elif entry.name.lower().startswith("cropped"):
                _crops(found, path)
            elif _plain(entry.name) in _CHALLENGES:
                found.challenges.append(path)
            elif depth < _DEPTH:
                folders.append((path, depth + 1))
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, by name; hidden files and what archives of macOS leave are passed by."""
    with os.scandir(folder) as entries:
        return sorted(
            (e for e in entries if not e.name.startswith((".", "__"))), key=lambda e: e.name
        )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _file(found: _Found, path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix == ".wav":
        found.sounds.setdefault(path.stem, path)
    elif suffix in VIDEOS:
        other = found.videos.setdefault(path.stem, path)
        if other != path:
            best = min(other, path, key=lambda p: VIDEOS.index(p.suffix.lower()))
            found.videos[path.stem] = best
            found.remarks.append(f"{path.stem} lies there as two videos; {best} is used.")
    elif _TEST_LIST.search(path.name.lower()):
        found.test_lists.append(path)


def _crops(found: _Found, base: Path) -> None:
    """The folders of crops in a folder called ``cropped…``, and in such ones inside it."""
    for entry in _entries(base):
        if not entry.is_dir():
            continue
        if entry.name.lower().startswith("cropped"):
            _crops(found, Path(entry.path))
        elif entry.name in found.crops:
            found.remarks.append(
                f"{entry.name} has two folders of crops; {found.crops[entry.name]} is used, not "
                f"{entry.path}."
            )
        else:
            found.crops[entry.name] = Path(entry.path)


def _annotated(
    root: Path, found: _Found, needed: bool
) -> tuple[dict[str, tuple[str, Path]], tuple[str, ...]]:
    """Name -> part and annotation file, of the newest release."""
    usable = [(folder, sets) for folder in found.challenges if (sets := dict(_sets(folder)))]
    if not usable and not needed:
        return {}, ()
    if not usable:
        raise DataError(
            f"{root} holds no annotations of valence and arousal; give the folder that holds "
            f"VA_Estimation_Challenge/Train_Set and Validation_Set (or VA_Set/Training_Set), crops "
            f"and videos."
        )
    usable.sort(key=lambda pair: (_release(pair[0].relative_to(root)), str(pair[0])))
    (chosen, sets), others = usable[-1], usable[:-1]
    remarks = [f"{folder} was not read, {chosen} is the newer release." for folder, _ in others]
    annotated: dict[str, tuple[str, Path]] = {}
    for part in PARTS[:2]:
        for folder in sets.get(part, []):
            for entry in _entries(folder):
                if not entry.name.lower().endswith(".txt"):
                    continue
                name = entry.name[: -len(".txt")]
                if name in annotated and annotated[name][0] != part:
                    remarks.append(f"{name} stands in training and validation; it is validation.")
                annotated[name] = (part, Path(entry.path))
    if not annotated:
        raise DataError(f"{chosen} holds no annotation file; restore the owners' files.")
    return annotated, tuple(remarks)


def _sets(challenge: Path) -> Iterator[tuple[str, list[Path]]]:
    by_part: dict[str, list[Path]] = {}
    for entry in _entries(challenge):
        part = _SETS.get(_plain(entry.name))
        if part and entry.is_dir():
            by_part.setdefault(part, []).append(Path(entry.path))
    yield from by_part.items()


def _release(path: Path) -> int:
    """The number in ``6th_ABAW_Annotations``; 0 where there is none."""
    numbers = [int(n) for n in re.findall(r"(\d+)(?:st|nd|rd|th)", str(path))]
    return max(numbers, default=0)


def _test_names(
    found: _Found, annotated: dict[str, tuple[str, Path]]
) -> tuple[list[str], tuple[str, ...]]:
    """Faces without annotation: those of a list of the owners, else all that have crops."""
    if not found.test_lists:
        names = sorted(set(found.crops) - set(annotated))
        if not names:
            return [], ()
        return names, (
            f"No list of test videos is there: the {len(names)} folders of crops without "
            f"annotation count as test.",
        )
    listed = {
        line.strip()
        for path in found.test_lists
        for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        if line.strip()
    }
    both = listed & set(annotated)
    remarks = [
        f"{name} is on the list of test videos and annotated; it is no test."
        for name in sorted(both)
    ]
    spare = set(found.crops) - set(annotated) - listed
    if spare:
        remarks.append(f"{len(spare)} folders of crops are neither annotated nor test, e.g. "
                       f"{min(spare)}; they are not used.")  # fmt: skip
    return sorted(listed - both), tuple(remarks)


def _row(
    root: Path, found: _Found, name: str, part: str, annotation: Path | None
) -> dict[str, str]:
    def below(path: Path | None) -> str:
        return "" if path is None else path.relative_to(root).as_posix()

    return {
        "name": name,
        "part": part,
        "recording": recording_of(name),
        "side": side_of(name),
        "annotation": below(annotation),
        "crops": below(found.crops.get(name)),
        "video": below(found.videos.get(video_of(name, found.videos))),
        "sound": below(found.sounds.get(video_of(name, found.sounds))),
    }
