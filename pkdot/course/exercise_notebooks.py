"""Exercise notebooks, derived from the lessons, which hold the solutions.

A cell tagged ``solution`` bears in its metadata, as ``blank``, what the learner gets in its place.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError

SOLUTION, EXERCISE, BLANK = "solution", "exercise", "blank"


def tags_of(cell: Mapping[str, Any]) -> list[str]:
    """Tags of a cell."""
    return list(cell["metadata"].get("tags", []))


def exercise_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The cell with a blank in place of its solution; any other cell as it is.

    Raises:
        DataError: for a solution without a blank.
    """
    own = copy.deepcopy(dict(cell))
    if SOLUTION not in tags_of(cell):
        return own
    blank = own["metadata"].pop(BLANK, "")
    if not blank:
        first = "".join(own["source"]).splitlines()[:1]
        raise DataError(
            f"The solution {' '.join(first)!r} has no blank; put what the learner gets into the "
            f"cell's metadata as 'blank'."
        )
    own["metadata"]["tags"] = [EXERCISE if tag == SOLUTION else tag for tag in tags_of(cell)]
    own["source"] = blank.splitlines(keepends=True)
    return own


def exercise_notebook(lesson: Path) -> bytes:
    """The exercise notebook of a lesson, as a file.

    Raises:
        DataError: if the lesson cannot be read as a notebook, or a solution has no blank.
    """
    try:
        notebook = json.loads(lesson.read_text(encoding="utf-8"))
        notebook["cells"] = [exercise_cell(cell) for cell in notebook["cells"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{lesson} cannot be read as a notebook: {error}.") from None
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()
