"""The report of the page, reports/benchmarks/app.md: a table, then sections that others write."""

import platform
import re
import time
from importlib.metadata import version
from pathlib import Path

from tests.support.chromium import ROOT

REPORT = ROOT / "reports" / "benchmarks" / "app.md"


def write_opening(lines: list[str], report: Path = REPORT) -> None:
    """Replace all that stands before the first section; the sections stay."""
    _, sections = _parts(report)
    _write(report, "\n".join(lines).strip(), sections)


def write_section(title: str, lines: list[str], report: Path = REPORT) -> None:
    """Replace the section of a title, or add it at the end."""
    opening, sections = _parts(report)
    _write(report, opening, {**sections, title: "\n".join(lines).strip()})


def machine() -> str:
    """Processor, versions that matter, and the day."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    models = [line.split(":")[1].strip() for line in text.splitlines() if "model name" in line]
    name = models[0] if models else platform.machine()
    packages = ", ".join(f"{p} {version(p)}" for p in ("streamlit", "plotly", "torch"))
    return f"{name}, {packages}, {time.strftime('%Y-%m-%d')}"


def _parts(report: Path) -> tuple[str, dict[str, str]]:
    text = report.read_text(encoding="utf-8") if report.is_file() else ""
    opening, *rest = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    sections = {title: body.strip() for title, body in zip(rest[::2], rest[1::2], strict=True)}
    return opening.strip(), sections


def _write(report: Path, opening: str, sections: dict[str, str]) -> None:
    parts = [opening, *(f"## {title}\n\n{body}" for title, body in sections.items())]
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
