"""What is wrong with the modalities of a source, and what training does about it."""

from typing import Literal

import numpy as np

from .findings import Consequence, Finding, count, some
from .source import Reading, Source

Role = Literal["prevalent", "privileged"]


def judge(
    source: Source, name: str, reading: Reading, role: Role | None, drop_missing: bool
) -> list[Finding]:
    """Findings about one modality.

    Args:
        source: whose.
        name: of the modality.
        reading: of it.
        role: what a student or only a teacher sees; None where nobody has said.
        drop_missing: whether damaged and incomplete samples are left out instead of stopping.
    """
    absent = source.ids[reading.absent].tolist()
    found = []
    if reading.strangers or (absent and source.form == "folder" and role == "prevalent"):
        found.append(_ids(source, name, reading, absent, role, drop_missing))
        if reading.strangers and absent and role != "prevalent":
            found.append(_missing(name, absent, role, drop_missing))
    elif absent:
        found.append(_missing(name, absent, role, drop_missing))
    for kind in dict.fromkeys(damage.kind for damage in reading.damages):
        found.append(_damaged(source, name, reading, kind, role, drop_missing))
    return found


def _outcome(role: Role | None, drop_missing: bool, stops: bool) -> tuple[Consequence, str]:
    """Consequence of samples that cannot be used, and what to try."""
    if stops and not drop_missing:
        return "stops", "mend them, or leave them out by --drop-missing (drop_missing)"
    if role == "privileged":
        return "absent", "the teacher does without it there"
    return "left out", "these samples are left out"


def _missing(name: str, ids: list[str], role: Role | None, drop_missing: bool) -> Finding:
    if role is None:
        return Finding(
            "missing",
            f"{count(len(ids), 'sample')} without {name!r} ({some(ids)}); a teacher can do without "
            f"a privileged modality, a student cannot do without a prevalent one.",
            "absent",
            tuple(ids),
        )
    consequence, advice = _outcome(role, drop_missing, role == "prevalent")
    return Finding(
        "missing",
        f"{count(len(ids), 'sample')} without {name!r} ({some(ids)}); {advice}.",
        consequence,
        tuple(ids),
    )


def _ids(
    source: Source,
    name: str,
    reading: Reading,
    absent: list[str],
    role: Role | None,
    drop_missing: bool,
) -> Finding:
    """Samples that the table of a folder names and its files do not, and the reverse."""
    sides = []
    if absent:
        sides.append(f"{len(absent)} have no file ({some(absent)})")
    if reading.strangers:
        sides.append(
            f"{len(reading.strangers)} files have no line there ({some(reading.strangers)})"
        )
    stops = not drop_missing
    advice = (
        "give the same names to both, or leave the others out by --drop-missing (drop_missing)"
        if stops
        else "these are left out"
    )
    return Finding(
        "ids",
        f"The samples of {name!r} and of {source.facts.get('table', 'the table')} are not the "
        f"same: {' and '.join(sides)}; {advice}.",
        "stops" if stops else "left out",
        (*absent, *reading.strangers),
    )


def _damaged(
    source: Source,
    name: str,
    reading: Reading,
    kind: str,
    role: Role | None,
    drop_missing: bool,
) -> Finding:
    damages = [damage for damage in reading.damages if damage.kind == kind]
    ids = source.ids[[damage.row for damage in damages]].tolist()
    consequence, advice = _outcome(role, drop_missing, True)
    more = f", as are {some(ids[1:])}" if len(ids) > 1 else ""
    if kind == "shape":
        setting = {"sound": "data.media.sound_seconds", "signal": "data.media.signal_length"}
        hint = setting.get(reading.kind)
        advice = f"set {hint} to make all alike; {advice}" if hint else advice
    return Finding(
        "damaged",
        f"{name!r} of sample {ids[0]!r} cannot be used: {damages[0].reason}{more}; {advice}.",
        consequence,
        tuple(ids),
    )


def usable_rows(source: Source, prevalent: tuple[str, ...]) -> np.ndarray:
    """Rows of the samples that have every prevalent modality, (n,)."""
    usable = np.ones(len(source), dtype=bool)
    for name in prevalent:
        usable &= source.usable(name)
    return np.flatnonzero(usable)
