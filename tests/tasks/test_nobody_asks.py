"""Nothing outside ``pkdot/tasks`` asks which task it works on."""

import ast
from pathlib import Path

import pytest

from pkdot.tasks import KINDS

ROOT = Path(__file__).parents[2]
CLASSES = {kind.__name__ for kind in KINDS.values()}
FILES = [
    path
    for folder in ("pkdot", "app")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if ROOT / "pkdot" / "tasks" not in path.parents
]


def questions(source: str) -> list[str]:
    """Expressions that ask for the class or the kind of a task."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        is_check = isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "isinstance",
            "issubclass",
        )
        if is_check and names & CLASSES:
            found.append(ast.unparse(node))
        if isinstance(node, ast.Compare) and "task.kind" in ast.unparse(node):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_line_asks_which_task_it_is(path: Path) -> None:
    assert questions(path.read_text(encoding="utf-8")) == []


def test_a_question_is_noticed() -> None:
    assert questions("if isinstance(corpus.task, (Regression, Ordinal)): pass")
    assert questions("x = 1 if self.task.kind == 'regression' else 2")
    assert not questions("task = Regression(targets=('a',)); width = task.output_width")
