"""From a folder to the table of its windows: who, which class, which files.

Two layouts are understood: the database as its owners ship it (an index ``samples.csv``, one mp4
and one ``_bio.csv`` per window), and that of the released PKDOT code (folders of jpg frames,
``physio/``, annotation files). Files are only named here, never opened.

Source of the layouts: BioVid Heat Pain Database (Walter et al., 2013) and the public repository
haseebaslam95/PKDOT, facts only.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ...errors import ConfigError, DataError
from ..marker import is_simulated
from .damage import check_cells

CLASSES = ("BL1", "PA1", "PA2", "PA3", "PA4")
"""Class names in the order of their numbers: baseline, then four heat levels."""

COLUMNS = ("subject_name", "class_id", "class_name", "sample_name")
"""What the index ``samples.csv`` must have, by name; further columns are not read."""

TABLE = (
    "sample", "subject", "sex", "age", "class_id", "class_name",
    "video", "signals", "first_frame", "last_frame",
)  # fmt: skip
"""Columns of :attr:`BioVidIndex.table`."""

_SUBJECT = re.compile(r"^\w+?_([mw])_(\d+)$")
_ANNOTATION = re.compile(r"^(\d/\S+)\s+(\d+)\s+(\d+)(?:\s+\S+)?\s*$")
_NAMES_A_CLIP = re.compile(r"^\s*\d/\S")
_SAMPLE = re.compile(r"^(?P<subject>.+)-(?P<class>BL1|PA[1-4])-(?P<number>\d+)$")

SignalKind = Literal["filtered", "raw"]


@dataclass(frozen=True)
class BioVidIndex:
    """The windows of a corpus.

    Attributes:
        root: folder that all paths in the table are relative to.
        layout: ``"owners"`` or ``"released"``.
        table: one row a window, sorted by class and name; columns :data:`TABLE`. ``video`` is an
            mp4 file, or a folder of frames in the released layout, where ``first_frame`` and
            ``last_frame`` bound the numbers of its jpg files (−1: no bound).
        simulated: whether the marker of a simulated corpus is there.
        remarks: what is unusual about the index itself, one sentence each.
    """

    root: Path
    layout: Literal["owners", "released"]
    table: pd.DataFrame
    simulated: bool
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)


def read_index(root: Path | str, part: str = "A", signals: SignalKind = "filtered") -> BioVidIndex:
    """List the windows below ``root``.

    Args:
        root: the database's folder (with ``PartA`` in it), one part's folder, or a folder in the
            released code's layout.
        part: ``"A"`` or ``"B"``; ignored where ``root`` has no such folder and holds an index
            itself.
        signals: read ``biosignals_filtered/`` or ``biosignals_raw/`` (owners' layout only).

    Raises:
        ConfigError: if ``root`` is no folder, or ``part`` or ``signals`` is no known name.
        DataError: if there is no index, or one that cannot be read.
    """
    root = Path(root).expanduser()
    if part not in ("A", "B") or signals not in ("filtered", "raw"):
        raise ConfigError(
            f"part must be 'A' or 'B' and signals 'filtered' or 'raw', not {part!r} and "
            f"{signals!r}."
        )
    if not os.path.isdir(root):  # unlike Path.is_dir, never raises
        raise ConfigError(f"{root} is not a folder; give the folder that holds BioVid.")
    try:
        index = _find(root, part, signals)
    except OSError as error:
        raise DataError(
            f"{error.filename or root} cannot be read ({error.strerror or error}); mend the "
            f"folder's permissions or the disk."
        ) from error
    if index is not None:
        return index
    other = "B" if part == "A" else "A"
    hint = (
        f"there is a Part{other} folder: ask for part {other!r}"
        if (root / f"Part{other}").is_dir()
        else "give the folder that holds PartA or starting_point/samples.csv, or one with physio/ "
        "and class folders 0 to 4"
    )
    raise DataError(f"{root} holds no index of part {part}; {hint}.")


def _find(root: Path, part: str, signals: SignalKind) -> BioVidIndex | None:
    for base in (root / f"Part{part}", root):
        for path in (base / "starting_point" / "samples.csv", base / "samples.csv"):
            if path.is_file():
                table, remarks = _owners_table(path, signals)
                return BioVidIndex(base, "owners", table, is_simulated(root, base), remarks)
    if _looks_released(root):
        table, remarks = _released_table(root)
        return BioVidIndex(root, "released", table, is_simulated(root), remarks)
    return None


def sex_and_age(subject: str) -> tuple[str, int]:
    """Sex and age from a subject's name: ``"071309_w_21"`` gives ``("w", 21)``.

    A name of another form gives ``("?", -1)``: both only serve to group results.
    """
    match = _SUBJECT.match(subject)
    return (match[1], int(match[2])) if match else ("?", -1)


# --- the owners' layout -------------------------------------------------------------------------


def _owners_table(path: Path, signals: SignalKind) -> tuple[pd.DataFrame, tuple[str, ...]]:
    given = _read_samples(path)
    remarks = []
    repeated = given.sample_name[given.sample_name.duplicated()].unique()
    if len(repeated):
        remarks.append(f"{len(repeated)} sample names stand in the index more than once, e.g. "
                       f"{repeated[0]}; the first row of each was used.")  # fmt: skip
        given = given.drop_duplicates("sample_name")
    known = given.class_name.isin(CLASSES)
    if not known.all():
        names = ", ".join(sorted(given.class_name[~known].astype(str).unique())[:5])
        remarks.append(f"{int((~known).sum())} windows of other classes ({names}) were not used.")
        given = given[known]
    rows = [
        _row(
            sample=row.sample_name,
            subject=row.subject_name,
            class_name=row.class_name,
            video=f"video/{row.subject_name}/{row.sample_name}.mp4",
            signals=f"biosignals_{signals}/{row.subject_name}/{row.sample_name}_bio.csv",
        )
        for row in given.itertuples(index=False)
    ]
    return _sorted_table(rows, path), tuple(remarks)


def _read_samples(path: Path) -> pd.DataFrame:
    try:
        content = path.read_bytes()
        check_cells(content)
        given = pd.read_csv(
            BytesIO(content),
            sep="\t",
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table ({_first_line(error)}).") from error
    missing = [name for name in COLUMNS if name not in given.columns]
    if not missing:
        return given
    if len(given.columns) == 1 and re.search(r"[,;]", str(given.columns[0])):
        raise DataError(
            f"{path} is separated by commas or semicolons; BioVid's index is separated by tabs: "
            f"restore the owners' file."
        )
    raise DataError(
        f"{path} has no column {', '.join(missing)}; its columns are "
        f"{', '.join(map(str, given.columns))}: restore the owners' file."
    )


# --- the released code's layout -----------------------------------------------------------------


def _looks_released(root: Path) -> bool:
    return (root / "physio").is_dir() and any((root / str(i)).is_dir() for i in range(len(CLASSES)))


def _released_table(root: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    annotated, unread = _annotations(root)
    listed = annotated or {clip: (-1, -1) for clip in _clip_folders(root)}
    rows, mismatched = [], []
    for clip, (first, last) in listed.items():
        folder, _, sample = clip.partition("/")
        match = _SAMPLE.match(sample)
        if (
            match is None
            or "/" in sample
            or folder not in map(str, range(5))
            or CLASSES[int(folder)] != match["class"]
        ):
            mismatched.append(clip)
            continue
        rows.append(
            _row(
                sample=sample,
                subject=match["subject"],
                class_name=match["class"],
                video=f"{folder}/{sample}",
                signals=f"physio/{folder}/{sample}_bio.csv",
                frames=(first, last),
            )
        )
    remarks = unread
    if mismatched:
        remarks = (
            *unread,
            f"{len(mismatched)} clips whose name and class folder disagree were not used, e.g. "
            f"{mismatched[0]}.",
        )
    return _sorted_table(rows, root), remarks


def _annotations(root: Path) -> tuple[dict[str, tuple[int, int]], tuple[str, ...]]:
    """Lines ``4/071309_w_21-PA4-062 0 75 1``: clip, first and last frame from 0, binary label.

    The label is not read: class folder and name give the class, all five of them. Files count
    from 1 (``img_00001.jpg``) where annotations count from 0.

    Returns:
        Clip -> first and last frame; and a sentence for each file with lines of another form. A
        text in which no line names a clip is no annotation file.
    """
    clips: dict[str, tuple[int, int]] = {}
    remarks = []
    for path in sorted([*root.glob("*.txt"), *root.glob("annotations/*.txt")]):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        unread = []
        for number, line in enumerate(lines, 1):
            match = _ANNOTATION.match(line)
            if match:
                clips[match[1]] = (int(match[2]) + 1, int(match[3]) + 1)
            elif line.strip():
                unread.append(number)
        named = any(_NAMES_A_CLIP.match(line) for line in lines)
        if unread and named:
            remarks.append(
                f"{path.name}: {len(unread)} lines were not used, the first is line {unread[0]}; a "
                f"line should be CLASS/CLIP FIRST LAST LABEL with spaces between, e.g. "
                f"4/071309_w_21-PA4-062 0 75 1."
            )
    return clips, tuple(remarks)


def _clip_folders(root: Path) -> Iterator[str]:
    for number in range(len(CLASSES)):
        folder = root / str(number)
        if folder.is_dir():
            yield from (f"{number}/{entry.name}" for entry in os.scandir(folder) if entry.is_dir())


# --- both ---------------------------------------------------------------------------------------


def _row(
    sample: str,
    subject: str,
    class_name: str,
    video: str,
    signals: str,
    frames: tuple[int, int] = (-1, -1),
) -> dict[str, Any]:
    sex, age = sex_and_age(subject)
    return {
        "sample": sample,
        "subject": subject,
        "sex": sex,
        "age": age,
        "class_id": CLASSES.index(class_name),
        "class_name": class_name,
        "video": video,
        "signals": signals,
        "first_frame": frames[0],
        "last_frame": frames[1],
    }


def _sorted_table(rows: list[dict[str, Any]], where: Path) -> pd.DataFrame:
    if not rows:
        raise DataError(f"{where} lists no window of the classes {', '.join(CLASSES)}.")
    table = pd.DataFrame(rows, columns=list(TABLE))
    return table.sort_values(["class_id", "sample"], ignore_index=True)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
