"""Every lesson runs through; its checks accept its solutions and refuse its blanks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from pkdot.course import Lesson
from pkdot.course.exercise_notebooks import SOLUTION, exercise_cell, tags_of
from pkdot.course.lesson import exercises_of, lesson_names

LESSONS = sorted((Path(__file__).parents[2] / "notebooks" / "lessons").glob("*.ipynb"))
NAMES = [lesson.stem for lesson in LESSONS]
FULL_SECONDS = 75


def cells_of(lesson: Path) -> list[dict[str, Any]]:
    return json.loads(lesson.read_text(encoding="utf-8"))["cells"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def markdown(lesson: Path) -> str:
    return "\n\n".join(source(c) for c in cells_of(lesson) if c["cell_type"] == "markdown")


@pytest.fixture
def renderer() -> Iterator[None]:
    """A notebook sets how figures are shown, for its whole process."""
    import plotly.io as pio

    before = pio.renderers.default
    yield
    pio.renderers.default = before


# --- form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_a_lesson_has_its_form(lesson: Path) -> None:
    cells, text = cells_of(lesson), markdown(lesson)
    first = source(cells[0])
    assert first.startswith("# ")
    for part in ("**Aim.**", "**Time.**", "**Before this.**"):
        assert part in first, part
    assert re.search(r"\*\*Time\.\*\* \d+ minutes", first)
    assert "\n## Recap" in text
    assert "\n## Further reading" in text
    code = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "code")
    assert re.search(r"^ *assert ", code, re.MULTILINE), "no number is asserted"
    assert "lesson.question(" in code
    assert code.count(".reveal(") == code.count("lesson.question(")
    tags = [tag for cell in cells for tag in tags_of(cell)]
    assert tags.count("parameters") == 1
    assert 2 <= tags.count(SOLUTION) <= 5
    unbroken = 0  # nothing scrolls for a page without a picture or something to do
    for cell in cells:
        is_text = cell["cell_type"] == "markdown"
        unbroken = unbroken + len(source(cell).split()) if is_text else 0
        assert unbroken < 450, source(cell)[:60]


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_exercises_of_a_lesson_are_those_that_it_checks(lesson: Path) -> None:
    code = "\n".join(source(cell) for cell in cells_of(lesson) if cell["cell_type"] == "code")
    (name,) = re.findall(r'^lesson = Lesson\("(\w+)"\)', code, re.MULTILINE)
    checked = re.findall(r'lesson\.check\("(\w+)"', code)
    assert checked == list(exercises_of(name))
    assert lesson.stem.partition("_")[2] == name


def test_every_file_of_exercises_has_its_lesson() -> None:
    assert {lesson.stem.partition("_")[2] for lesson in LESSONS} == set(lesson_names())


# --- run ------------------------------------------------------------------------------------------


def run_here(lesson: Path, names: dict[str, Any], parameters: dict[str, Any]) -> list[str]:
    """Run a lesson in this process, as a kernel takes seconds to start.

    Before each solution its blank is run, and what checks it must not say "right". Returns what the
    checks said of the solutions.
    """
    said, cells = [], [c for c in cells_of(lesson) if c["cell_type"] == "code"]
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if SOLUTION in tags_of(cell):
            assert following is not None
            learner = dict(names)
            exec(source(exercise_cell(cell)), learner)
            refused = eval(source(following), learner)
            assert not refused.right, source(cell)
            assert "three dots" in repr(refused), refused
            exec(source(cell), names)
            accepted = eval(source(following), names)
            assert accepted.right, f"{source(cell)}\n{accepted}"
            said.append(repr(accepted))
        else:
            exec(source(cell), names)
        if "parameters" in tags_of(cell):
            names.update(parameters)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_short_pass_goes_through(path: Path, renderer: None) -> None:
    names: dict[str, Any] = {"display": lambda *shown: None}
    said = run_here(path, names, {"short": True})
    lesson = names["lesson"]
    assert isinstance(lesson, Lesson)
    assert len(said) == len(lesson.exercises)
    assert lesson.summary().right


@pytest.mark.full
@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_is_executed_at_full_length(path: Path, tmp_path: Path) -> None:
    import papermill

    began = perf_counter()
    papermill.execute_notebook(
        path, tmp_path / path.name, kernel_name="python3", progress_bar=False
    )
    assert perf_counter() - began < FULL_SECONDS
