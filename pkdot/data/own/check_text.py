"""The report of a check as plain text."""

from textwrap import fill
from typing import Any

import pandas as pd

from .check import CheckReport, ModalityReport
from .findings import MOST_NAMED, count

WORDS = {"stops": "stops", "left out": "left out", "absent": "does without", "none": "note"}
"""What training does about a finding, as the first word of its line."""

_WIDTH = 100


def render(report: CheckReport) -> str:
    """The report, a few tables and a line a finding, all ids included."""
    groups = "" if report.groups is None else f" · {count(report.groups, report.unit)}"
    lines = [f"{report.place} · {report.form} · {count(report.samples, 'sample')}{groups}"]
    if report.facts.get("separator", ",") != "," or report.facts.get("decimal", ".") != ".":
        marks = report.facts
        lines.append(f"read with separator {marks['separator']!r}, decimals {marks['decimal']!r}")
    if report.unread:
        lines.append(fill(f"not read:   {', '.join(report.unread)}", _WIDTH))
    lines += ["", _table([_modality_row(m) for m in report.modalities]), ""]
    if report.task:
        lines += [f"task:       {report.task}", "", _table([*report.targets]), ""]
    lines.append(f"split:      {report.split}")
    if report.parts:
        lines += ["", _table([{"part": name, **n} for name, n in report.parts.items()]), ""]
    for finding in report.findings:
        lines.append(f"{WORDS[finding.consequence] + ':':14}{finding.sentence}")
        if len(finding.ids) > MOST_NAMED:
            lines.append(
                fill(" ".join(finding.ids), _WIDTH, initial_indent=" " * 14,
                     subsequent_indent=" " * 14, break_on_hyphens=False)
            )  # fmt: skip
    lines.append(report.problem or _usable(report))
    return "\n".join(lines)


def _usable(report: CheckReport) -> str:
    if not report.roles_missing:
        return "usable."
    names = ", ".join(m.name for m in report.modalities)
    flags = " and ".join(f"--{role}" for role in report.roles_missing)
    return f"usable, once {flags} are named among {names}."


def _modality_row(report: ModalityReport) -> dict[str, Any]:
    rate = ", ".join(f"{r}/s" for r in report.rates)
    length = ""
    if report.seconds:
        low, high = report.seconds
        length = f"{low:.2f} s" if low == high else f"{low:.2f}–{high:.2f} s"
    values = " … ".join(f"{value:.3g}" for value in report.span)
    shape = " × ".join(map(str, report.shape))
    row = {"modality": report.name, "role": report.role, "kind": report.kind, "shape": shape}
    row |= {"rate": rate, "length": length, "values": values}
    numbers = {"samples": report.samples, "missing": report.missing, "damaged": report.damaged}
    return {**row, **numbers}


def _table(rows: list[Any]) -> str:
    table = pd.DataFrame(rows)
    empty = [name for name in table if (table[name] == "").all()]
    return table.drop(columns=empty).to_string(index=False)
