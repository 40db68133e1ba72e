"""Read own data once; report what is there, what is wrong, and what training would do about it."""

from dataclasses import replace

import numpy as np

from ...errors import DataError
from ..corpus import Split
from ..splits import make_split
from .check_report import CheckReport, ModalityReport
from .findings import Finding, OwnDataError, count, some
from .judgement import Role, judge, usable_rows
from .load import open_source
from .settings import OwnSettings
from .source import Reading, Source
from .survey import Survey, survey
from .target_report import target_rows
from .targets import Learnt, learnt
from .thinning import check_complete, thinned


def check(settings: OwnSettings, seed: int = 0, *, progress: bool = True) -> CheckReport:
    """Read every modality once.

    Args:
        settings: path, and what else is known: roles, target, task, group.
        seed: of the split that is reported.
        progress: show bars.

    Raises:
        OwnDataError: where there are no samples to report on, e.g. no file, no rows, or ids twice.
    """
    if settings.path is None:
        raise OwnDataError("No path is given; name a file or folder.")
    # roles first: a name that is none should not cost a reading of everything
    first = open_source(settings.path, settings.roles, settings, progress=progress)
    names = (*settings.roles, *(n for n in first.modalities if n not in settings.roles))
    source = open_source(settings.path, names, settings, progress=progress)
    if not names:
        raise OwnDataError(
            f"{source.place} has no modality: no family of columns (eda.0, eda.1 …), no column of "
            f"paths, no folder of files; its other columns are {some(source.columns) or 'none'}."
        )
    findings = [*source.findings]
    reports = []
    for name in names:
        report, found = _modality(source, name, settings, progress)
        reports.append(report)
        findings += found
    what, target_findings = _learnt(source, settings)
    split, split_findings = _split(source, settings, seed, what, findings)
    findings += [*target_findings, *split_findings]
    order = ("stops", "left out", "absent", "none")
    return CheckReport(
        place=str(settings.path),
        form=source.form,
        samples=len(source),
        groups=None if source.groups is None else len(np.unique(source.groups)),
        unit=settings.group,
        modalities=tuple(reports),
        task="" if what is None else what.reason,
        targets=() if what is None else tuple(target_rows(what)),
        split=_described(source, settings, seed),
        parts={} if split is None else _parts(split, source),
        unread=source.columns,
        findings=tuple(sorted(findings, key=lambda f: order.index(f.consequence))),
        roles_missing=tuple(r for r in ("prevalent", "privileged") if not getattr(settings, r)),
        facts=source.facts,
    )


# --- modalities ---------------------------------------------------------------------------------


def _modality(
    source: Source, name: str, settings: OwnSettings, progress: bool
) -> tuple[ModalityReport, list[Finding]]:
    """One modality, which is let go of again, all but the files that it was kept in."""
    role: Role | None = None
    if name in settings.prevalent:
        role = "prevalent"
    elif name in settings.privileged:
        role = "privileged"
    is_unused = role is None and bool(settings.prevalent and settings.privileged)
    shown = role or ("unused" if is_unused else "–")
    try:
        reading = source.reading(name)
    except DataError as error:
        stops = Finding("damaged", str(error), "none" if is_unused else "stops")
        return ModalityReport(name, shown), [stops]
    found = judge(source, name, reading, role, settings.drop_missing)
    seen = survey(reading, name, progress=progress)
    found += _remarks(source, name, reading, seen)
    if is_unused:
        found = [replace(finding, consequence="none") for finding in found]
    damaged = len(reading.damages)
    report = ModalityReport(
        name=name,
        role=shown,
        kind=reading.kind,
        shape=reading.shape,
        samples=int(reading.usable.sum()),
        missing=int((~reading.usable).sum()) - damaged,
        damaged=damaged,
        rates=reading.facts.get("rates", {}),
        seconds=tuple(reading.facts.get("seconds", ())),
        span=(seen.low, seen.high) if reading.usable.any() else (),
    )
    source.release(name)
    return report, found


def _remarks(source: Source, name: str, reading: Reading, seen: Survey) -> list[Finding]:
    """What training takes as it is, and a person should know."""
    found = []
    constant = int(seen.same_everywhere.sum())
    if constant and reading.usable.sum() > 1:
        places = [str(place) for place in np.flatnonzero(seen.same_everywhere)]
        shown = f" (number {some(places)})" if reading.kind in ("vector", "columns") else ""
        found.append(
            Finding(
                "constant",
                f"{constant} of the {seen.same_everywhere.size} values of {name!r}{shown} are the "
                f"same in all samples; they tell nothing apart.",
            )
        )
    if len(seen.flat) and reading.kind not in ("vector", "columns"):
        flat = source.ids[seen.flat].tolist()
        found.append(
            Finding(
                "constant",
                f"{name!r} is one value throughout in {count(len(flat), 'sample')} ({some(flat)}); "
                f"is the sensor connected?",
                ids=tuple(flat),
            )
        )
    if len(seen.repeats):
        names = source.ids[seen.repeats].tolist()
        pairs = [f"{a} as {source.ids[b]}" for a, b in zip(names, seen.first_of, strict=True)]
        across = ""
        if source.groups is not None:
            n = int((source.groups[seen.repeats] != source.groups[seen.first_of]).sum())
            across = f", {n} of them in another {'group' if n == 1 else 'groups'}" if n else ""
        found.append(
            Finding(
                "duplicate",
                f"{name!r} has {count(len(names), 'exact copy', 'exact copies')}{across} "
                f"({some(pairs)}); copies on both sides of a split flatter a score.",
                ids=tuple(names),
            )
        )
    return found


# --- targets and split --------------------------------------------------------------------------


def _learnt(source: Source, settings: OwnSettings) -> tuple[Learnt | None, list[Finding]]:
    try:
        what = learnt(source, settings)
    except DataError as error:
        return None, [Finding("target", str(error), "stops")]
    without = ~what.task.has_target(what.targets)
    if not without.any():
        return what, []
    names = source.ids[without].tolist()
    sentence = (
        f"{count(len(names), 'sample')} without target ({some(names)}); in training they count as "
        f"unlabelled."
    )
    return what, [Finding("target", sentence, ids=tuple(names))]


def _split(
    source: Source,
    settings: OwnSettings,
    seed: int,
    what: Learnt | None,
    findings: list[Finding],
) -> tuple[Split | None, list[Finding]]:
    """The split over the samples that would be used, in rows of these samples."""
    if what is None or any(f.consequence == "stops" for f in findings):
        return None, []
    rows = usable_rows(source, settings.prevalent)
    kept = thinned(source, rows)
    try:
        what = learnt(kept, settings)
        split = make_split(what.task, what.targets, kept.groups, settings, seed, kept.split)
        if settings.privileged:
            present = {n: source.usable(n)[rows] for n in settings.privileged}
            check_complete(split, present)
    except DataError as error:
        return None, [Finding("split", str(error), "stops")]
    used = np.concatenate([split.train, split.validation, split.test])
    return Split(*(rows[getattr(split, p)] for p in _PARTS)), _left_over(kept, used)


_PARTS = ("labelled", "unlabelled", "validation", "test")


def _left_over(kept: Source, used: np.ndarray) -> list[Finding]:
    over = np.setdiff1d(np.arange(len(kept)), used)
    if not len(over):
        return []
    names = kept.ids[over].tolist()
    sentence = (
        f"{count(len(names), 'sample')} without target ({some(names)}) in groups of validation and "
        f"test; left out."
    )
    return [Finding("split", sentence, "left out", tuple(names))]


def _described(source: Source, settings: OwnSettings, seed: int) -> str:
    by = "by sample" if source.groups is None else f"by {settings.group}"
    if source.split is not None:
        return "as given"
    if settings.protocol == "kfold":
        how = f"fold {settings.fold} of {settings.n_folds}"
    else:
        how = f"{100 * settings.test_fraction:.0f} % held out"
    return f"drawn {by}, {how}, seed {seed}"


def _parts(split: Split, source: Source) -> dict[str, dict[str, int]]:
    parts: dict[str, dict[str, int]] = {}
    for name in _PARTS:
        rows = getattr(split, name)
        parts[name] = {"samples": len(rows)}
        if source.groups is not None:
            parts[name]["groups"] = len(np.unique(source.groups[rows]))
    return parts
