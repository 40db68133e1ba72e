"""The first code cell of every notebook, which installs the kit where it is missing.

Where from stands in one place, ``pyproject.toml``: the project's address ``Source``, and without
one the package by its name. After a change there: ``python tests/support/first_cells.py``.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TITLE = "# @title Where the kit is missing, as in Colab, this installs it; elsewhere, nothing."
METADATA = {
    "cellView": "form",  # Colab folds it
    "jupyter": {"source_hidden": True},  # so does JupyterLab
    "tags": ["remove-cell"],  # and the book leaves it out
}
_CELL = """{title}
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

if not all(map(find_spec, ("pkdot", "ot"))):
    near = [p for p in (Path.cwd(), *Path.cwd().parents) if (p / "pkdot" / "_version.py").is_file()]
    kit = f"{{near[0]}}[{extras}]" if near else "{kit}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", kit], check=True)"""


def kit(project: dict[str, Any], extras: str) -> str:
    """What pip is told to install outside a checkout, from the table ``[project]``."""
    source = project.get("urls", {}).get("Source", "")
    named = f"{project['name']}[{extras}]"
    return f"{named} @ git+{source}" if source else named


def first_cell(notebook: Path) -> str:
    """The source of the cell; lessons need no media."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = "notebooks" if notebook.parent.name == "lessons" else "notebooks,media"
    return _CELL.format(title=TITLE, extras=extras, kit=kit(project, extras))


def notebooks() -> list[Path]:
    """All notebooks of the checkout that people open."""
    return sorted((ROOT / "notebooks").rglob("*.ipynb"))


def write(path: Path) -> None:
    """Put the cell before the notebook's other code, in place of an older one."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["id"] != "install"]
    first = next(place for place, cell in enumerate(cells) if cell["cell_type"] == "code")
    cells.insert(
        first,
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "install",
            "metadata": METADATA,
            "outputs": [],
            "source": first_cell(path).splitlines(keepends=True),
        },
    )
    text = json.dumps(notebook | {"cells": cells}, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in notebooks():
        write(each)
