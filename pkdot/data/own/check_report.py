"""What a check of own data found, in plain values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .findings import Finding, count


@dataclass(frozen=True)
class ModalityReport:
    """One modality as it was found.

    Attributes:
        name: of the modality.
        role: prevalent, privileged, or unused where it is neither.
        kind: what a sample is; empty where nothing could be read.
        shape: of a sample.
        samples: how many have it and can be used.
        missing: how many lack it.
        damaged: how many have it and cannot be used.
        rates: of signals, sounds and videos, per second -> number of samples.
        seconds: shortest and longest, of what has a length.
        span: least and greatest value.
    """

    name: str
    role: str
    kind: str = ""
    shape: tuple[int, ...] = ()
    samples: int = 0
    missing: int = 0
    damaged: int = 0
    rates: Mapping[str, int] = field(default_factory=dict)
    seconds: tuple[float, ...] = ()
    span: tuple[float, ...] = ()


@dataclass(frozen=True)
class CheckReport:
    """What a check of own data found.

    Attributes:
        place: what was checked.
        form: arrays, npz, table, folder or hugging face.
        samples: their number.
        groups: number of groups, or None where every sample is by itself.
        unit: what a group is.
        modalities: one report each.
        task: what would be learnt and why; empty where that cannot be said.
        targets: one row a class, value or label, as tables have them.
        split: how it comes about.
        parts: part of the split -> number of samples and of groups.
        unread: columns that nothing reads.
        findings: all that is to be said, what stops training first.
        roles_missing: roles that no modality was named for.
        facts: of the form, e.g. a csv's separator.
    """

    place: str
    form: str
    samples: int
    groups: int | None
    unit: str
    modalities: tuple[ModalityReport, ...]
    task: str
    targets: tuple[Mapping[str, Any], ...]
    split: str
    parts: Mapping[str, Mapping[str, int]]
    unread: tuple[str, ...]
    findings: tuple[Finding, ...]
    roles_missing: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def problem(self) -> str | None:
        """Why training would stop, or None."""
        stopping = [f for f in self.findings if f.consequence == "stops"]
        if not stopping:
            return None
        return f"not usable: {count(len(stopping), 'finding')} would stop a training."

    @property
    def exit_status(self) -> int:
        """0 usable, 1 not."""
        return 0 if self.problem is None else 1

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it; ``usable`` says what the exit status does."""
        return {**asdict(self), "usable": self.problem is None}
