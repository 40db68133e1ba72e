"""From a source to a corpus: what cannot be used goes, the rest is split."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import DataError
from ...keyed_cache import short_hash
from ...tasks import Task
from ..corpus import Corpus, Samples, Split
from ..splits import make_split
from .findings import Finding, OwnDataError, nearest
from .judgement import judge, usable_rows
from .served import Chosen
from .settings import OwnSettings
from .source import Reading, Source, content_hash
from .targets import Learnt, learnt
from .thinning import check_complete, thinned


def assemble(source: Source, settings: OwnSettings, seed: int, task: Task | None = None) -> Corpus:
    """The corpus of one seed.

    Args:
        source: opened for the modalities that the settings name.
        settings: who sees what, what is learnt, how it is split.
        seed: of the inner validation and of the choice of labels.
        task: ready-made, in place of the one that settings and targets give.

    Raises:
        OwnDataError: the first thing that stops training, with what to try.
    """
    check_roles(source, settings)
    readings = {name: source.reading(name) for name in settings.roles}
    findings = [*source.findings]
    for name, reading in readings.items():
        role = "prevalent" if name in settings.prevalent else "privileged"
        findings += judge(source, name, reading, role, settings.drop_missing)  # type: ignore[arg-type]
    stop_at_first(findings)
    rows = usable_rows(source, settings.prevalent)
    if len(rows) == 0:
        raise OwnDataError(
            f"No sample of {source.place} has {' and '.join(settings.prevalent)}; see "
            f"`python -m pkdot check own`."
        )
    kept = thinned(source, rows)
    what = learnt(kept, settings, task)
    try:
        split = make_split(what.task, what.targets, kept.groups, settings, seed, kept.split)
        return _corpus(kept, settings, readings, rows, what, split, findings)
    except OwnDataError:
        raise
    except DataError as error:
        raise OwnDataError(f"{source.place}: {error}") from None


def check_roles(source: Source, settings: OwnSettings) -> None:
    """Refuse to go on without a prevalent and a privileged modality."""
    for role in ("prevalent", "privileged"):
        if not getattr(settings, role):
            raise OwnDataError(
                f"No {role} modality is named for {source.place}; name one or more by --{role} "
                f"({role}): {nearest('', source.modalities)}"
            )


def stop_at_first(findings: list[Finding]) -> None:
    """Raise :class:`OwnDataError` for the first finding that stops training."""
    for finding in findings:
        if finding.consequence == "stops":
            raise OwnDataError(finding.sentence)


def _corpus(
    source: Source,
    settings: OwnSettings,
    readings: Mapping[str, Reading],
    rows: np.ndarray,
    what: Learnt,
    split: Split,
    findings: list[Finding],
) -> Corpus:
    present = {name: readings[name].usable[rows] for name in settings.privileged}
    check_complete(split, present)
    present = {name: there for name, there in present.items() if not there.all()}
    sources = {
        name: short_hash([reading.fingerprint, rows.tolist(), reading.usable[rows].tolist()])
        for name, reading in readings.items()
    }
    contents = short_hash(
        [
            sorted(sources.items()),
            source.ids.tolist(),
            None if source.groups is None else source.groups.tolist(),
            content_hash(what.targets),
            what.task.names,
        ]
    )
    if settings.contents and settings.contents != contents:
        raise OwnDataError(
            f"{source.place} has changed since this was begun (contents {contents}, not "
            f"{settings.contents}); restore it, or begin anew in another folder."
        )
    parts = [split.labelled, split.unlabelled, split.validation, split.test]
    return Corpus(
        name=settings.path.stem if settings.path else source.place,
        modalities={name: _served(reading, rows) for name, reading in readings.items()},
        prevalent=settings.prevalent,
        privileged=settings.privileged,
        targets=what.targets,
        given_targets=what.targets,
        groups=source.ids if source.groups is None else source.groups,
        ids=source.ids,
        task=what.task,
        split=split,
        simulated=settings.simulated,
        fingerprint=short_hash([contents, *(part.tolist() for part in parts)]),
        kinds={name: reading.kind for name, reading in readings.items()},
        present=present,
        sources=sources,
        frames=source.frames,
        unit="sample" if source.groups is None else settings.group,
        restricted=True,
        media={
            name: Picked(reading.views, rows)
            for name, reading in readings.items()
            if reading.views is not None
        },
        facts={
            "form": source.form,
            **source.facts,
            "task": what.reason,
            "contents": contents,
            "remarks": [f.sentence for f in findings],
            "not_used": len(source) - sum(map(len, parts)),
            "without": {name: int((~there).sum()) for name, there in present.items()},
            "reading": {name: dict(r.facts) for name, r in readings.items() if r.facts},
        },
    )


class Picked:
    """Some rows of samples, as they are.

    Args:
        base: (N, ...).
        rows: (n,) which of them.
    """

    def __init__(self, base: Samples, rows: np.ndarray) -> None:
        self._base, self._rows = base, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._base[self._rows[np.asarray(index)]]


def _served(reading: Reading, rows: np.ndarray) -> Samples:
    """The samples of some rows; untouched where all rows are wanted and can be used."""
    if len(rows) == len(reading.usable) and reading.usable.all():
        return reading.samples
    return Chosen(reading.samples, rows, reading.usable)
