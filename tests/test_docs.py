"""Documents: links lead somewhere, what they name exists, and their numbers stand in reports.

And what hosts and editors read: hooks, the workflow, the changelog.
"""

import csv
import json
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import yaml
from packaging.specifiers import SpecifierSet
from scipy import stats

from tests.test_ranks import FLOORS

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "reports" / "benchmarks"
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob(".github/*.md"),
        ROOT / "reports" / "README.md",
        BENCHMARKS / "README.md",
    )
}
MADE_BY_RUNS = ("reports/runs", "reports/run_", "docs/_build")


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", DOCUMENTS[name]):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_named_exist(name: str) -> None:
    folders = r"pkdot|app|tests|docs|examples|notebooks|reports|\.github"
    for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", DOCUMENTS[name]):
        assert path.startswith(MADE_BY_RUNS) or (ROOT / path).exists(), path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_names_of_the_package_exist(name: str) -> None:
    for dotted in re.findall(r"`(pkdot(?:\.\w+)+)[`(]", DOCUMENTS[name]):
        assert named(dotted), dotted


def named(dotted: str) -> bool:
    """Whether there is such a module, or such an attribute of one."""
    try:
        import_module(dotted)
    except ModuleNotFoundError:
        above, _, last = dotted.rpartition(".")
        try:
            return hasattr(import_module(above), last)
        except ModuleNotFoundError:
            owner, _, attribute = above.rpartition(".")
            return hasattr(getattr(import_module(owner), attribute, None), last)
    return True


def test_the_diagram_of_the_rooms_is_the_one_that_is_tested() -> None:
    (diagram,) = re.findall(r"^```text\n(.*?)^```", DOCUMENTS["docs/architecture.md"], re.S | re.M)
    drawn = re.findall(r"^ ?(\d+)  [^│]+│ ([^│]+) │", diagram, flags=re.MULTILINE)
    there = {int(floor): rooms.replace("(to come)", "") for floor, rooms in drawn}
    floors = {floor: set(re.findall(r"\w+", rooms)) for floor, rooms in there.items()}
    assert floors == {floor: set(rooms.split()) for floor, rooms in enumerate(FLOORS)}


def test_the_table_of_the_rooms_names_all_of_them() -> None:
    table = DOCUMENTS["docs/architecture.md"].partition("| room |")[2].partition("\n\n")[0]
    for room in " ".join(FLOORS).split():
        assert re.search(rf"`(?:pkdot/)?{room}(?:/|\.py)?`", table), room


# --- numbers --------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """With one kind of minus and of space; zero has no sign."""
    return re.sub(r"\s+", " ", text.replace("−", "-"))


def intervals(text: str) -> list[str]:
    """Every estimate with its interval, such as ``+6.8 [+6.0, +7.6]`` or ``13.9 [11.9, 16.0]``."""
    number = r"[+-]?\d+(?:\.\d+)?"
    return re.findall(rf"{number} \[{number}, {number}\]", plain(text))


def linked_reports(text: str, folder: Path) -> str:
    """The text of all reports that a passage links to."""
    found = re.findall(r"\]\(((?:reports/benchmarks/)?[\w-]+\.md)\)", text)
    return plain("".join((folder / name).read_text(encoding="utf-8") for name in found))


def test_readme_takes_its_numbers_from_the_report_beside_them() -> None:
    section = DOCUMENTS["README.md"].partition("## What to expect")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if intervals(line)]
    assert 1 <= len(rows) <= 8
    for row in rows:
        report = linked_reports(row, ROOT)
        for told in intervals(row):
            assert told in report, row


def test_findings_stand_in_the_reports_that_their_section_links_to() -> None:
    sections = DOCUMENTS["reports/benchmarks/README.md"].split("\n## ")
    computed = intervals(sections[-1])
    assert sections[-1].startswith("Numbers computed from the scores")
    assert len(computed) >= 10
    for section in sections[1:-1]:
        report = linked_reports(section, BENCHMARKS)
        for told in intervals(section):
            assert told in report or told in computed, f"{section[:40]}: {told}"


def scores(names: list[str]) -> dict[str, dict[str, str]]:
    """Seed or person -> arm -> percent, of all these files together."""
    found = {}
    for name in names:
        with (BENCHMARKS / "scores" / name).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                unit, *_ = row.values()
                assert unit not in found
                found[unit] = row
    return found


def test_numbers_computed_from_the_scores_come_out_again() -> None:
    section = DOCUMENTS["reports/benchmarks/README.md"].rpartition("\n## ")[2]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if intervals(line)]
    for difference, files, units, value, n in rows:
        first, second = difference.strip("`").split(" − ")
        found = scores(re.findall(r"`([^`]+)`", files))
        if units != "all":
            found = {
                unit: row for unit, row in found.items() if unit.startswith(tuple(units.split()))
            }
        gains = np.array([float(row[first]) - float(row[second]) for row in found.values()])
        assert len(gains) == int(n)
        reach = stats.sem(gains) * stats.t.ppf(0.975, len(gains) - 1)
        ends = gains.mean(), gains.mean() - reach, gains.mean() + reach
        told = [float(number) for number in re.findall(r"[+-]\d+\.\d", plain(value))]
        assert told == pytest.approx(ends, abs=0.0501), difference


# --- what hosts and editors read ------------------------------------------------------------------


def hooks() -> dict[str, dict[str, object]]:
    """The hooks of pre-commit by their ids."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = config["repos"]
    assert local["repo"] == "local", "a hook from elsewhere would have to be fetched"
    return {hook["id"]: hook for hook in local["hooks"]}


def run_hook(name: str, *files: Path) -> None:
    """Run a hook as pre-commit does, with the interpreter of these tests in place of .venv's."""
    interpreter, *words = shlex.split(str(hooks()[name]["entry"]))
    assert interpreter == ".venv/bin/python"
    subprocess.run([sys.executable, *words, *map(str, files)], check=True, cwd=ROOT, timeout=120)


def test_the_hooks_run_what_make_check_runs() -> None:
    assert list(hooks()) == ["clear-notebooks", "ruff", "ruff-format", "mypy"]
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    for tool in ("ruff check", "ruff format", "mypy"):
        assert f"-m {tool}" in recipe
        assert any(f"-m {tool}" in str(hook["entry"]) for hook in hooks().values())


@pytest.mark.slow
def test_a_hook_clears_notebooks_and_leaves_clear_ones_as_they_are(tmp_path: Path) -> None:
    ours = ROOT / "notebooks" / "run_digits.ipynb"
    clear, executed = tmp_path / "clear.ipynb", tmp_path / "executed.ipynb"
    clear.write_bytes(ours.read_bytes())
    notebook = json.loads(ours.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["execution_count"] = 1
    cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": ["secret"]}]
    executed.write_text(json.dumps(notebook), encoding="utf-8")
    run_hook("clear-notebooks", clear, executed)
    assert clear.read_bytes() == ours.read_bytes()
    assert json.loads(executed.read_text(encoding="utf-8")) == json.loads(clear.read_text())


def test_the_workflow_calls_make_and_asks_for_known_holes() -> None:
    workflow = ROOT / ".github" / "workflows" / "ci.yml"
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    commands = {job: [s["run"] for s in spec["steps"] if "run" in s] for job, spec in jobs.items()}
    (audit,) = commands.pop("audit")  # no target of make, as it needs a network
    assert "pip-audit --requirement constraints.txt" in audit
    assert audit in DOCUMENTS["SECURITY.md"]
    assert commands == {
        name: [f"make {name} PYTHON=python"] for name in ("check", "test", "oldest")
    }
    matrix = jobs["check"]["strategy"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = SpecifierSet(project["requires-python"])
    assert all(supported.contains(version) for version in matrix["python"])
    assert len(matrix["python"]) == 3


def test_the_changelog_knows_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"^## (\S+)", DOCUMENTS["CHANGELOG.md"], flags=re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert versions[1] == project["version"]
