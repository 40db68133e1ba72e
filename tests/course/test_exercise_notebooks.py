"""Exercise notebooks are derived from the lessons, and lack nothing but the solutions."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from pkdot.__main__ import main
from pkdot.course.exercise_notebooks import (
    BLANK,
    EXERCISE,
    SOLUTION,
    exercise_cell,
    exercise_notebook,
    tags_of,
)
from pkdot.errors import DataError

LESSONS = sorted((Path(__file__).parents[2] / "notebooks" / "lessons").glob("*.ipynb"))


def cells(content: bytes) -> list[dict[str, Any]]:
    return json.loads(content)["cells"]


def defined(source: str) -> set[str]:
    """Names that the top level of a cell sets."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            found |= {n.id for target in node.targets for n in ast.walk(target)
                      if isinstance(n, ast.Name)}  # fmt: skip
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return found


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_derived_notebook_has_blanks_for_solutions_and_agrees_elsewhere(lesson: Path) -> None:
    ours, derived = cells(lesson.read_bytes()), cells(exercise_notebook(lesson))
    assert len(ours) == len(derived)
    for own, other in zip(ours, derived, strict=True):
        if SOLUTION not in tags_of(own):
            assert own == other
            continue
        solution, blank = "".join(own["source"]), "".join(other["source"])
        assert EXERCISE in tags_of(other)
        assert not {SOLUTION, BLANK} & {*tags_of(other), *other["metadata"]}
        assert "..." in blank
        assert "..." not in solution
        # what the check is given: the last thing that a solution defines stands in the blank too
        assert defined(blank)
        assert defined(blank) <= defined(solution)


def test_a_solution_without_a_blank_is_refused(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "metadata": {"tags": [SOLUTION]}, "source": ["x = 1\n"]}
    with pytest.raises(DataError, match="'x = 1' has no blank"):
        exercise_cell(cell)
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        exercise_notebook(broken)


def test_the_command_lays_the_lessons_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / "course"
    assert main(["lessons", str(dest)]) == 0
    assert f"{len(LESSONS)} lessons" in capsys.readouterr().out
    for lesson in LESSONS:
        assert (dest / lesson.name).read_bytes() == exercise_notebook(lesson)
    assert main(["lessons", str(tmp_path / "solved"), "--solutions"]) == 0
    assert (tmp_path / "solved" / LESSONS[0].name).read_bytes() == LESSONS[0].read_bytes()


def test_work_that_a_learner_did_is_not_replaced_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lessons", str(tmp_path)]) == 0
    mine = tmp_path / LESSONS[0].name
    mine.write_text("{}")
    assert main(["lessons", str(tmp_path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert mine.read_text() == "{}"
    assert main(["lessons", str(tmp_path), "--force"]) == 0
    assert mine.read_bytes() == exercise_notebook(LESSONS[0])
