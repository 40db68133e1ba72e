"""The house: a room imports lower rooms only, and pictures and measures read no file."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = (
    "errors",
    "settings array_files atomic_files digests notebook_parameters worker_pool _version",
    "method tasks keyed_cache",
    "analysis data",
    "record figures networks",
    "distillers",
    "training",
    "experiments benchmarks",
    "evidence integrations course",
    "commands app notebooks",
    "__main__",
)
"""Rooms of one floor share a line, the lowest first. ``pkdot/__init__`` names what all promise."""
RANK = {room: rank for rank, rooms in enumerate(FLOORS) for room in rooms.split()}
BEYOND = {"streamlit", "papermill", "IPython", "app"}
"""What nothing in the package may import."""
UNREAD = {
    "app": {"data", "networks", "distillers", "training", "evidence", "torch.optim"},
    "analysis": {"os", "pathlib", "torch"},
    "figures": {"os", "pathlib", "torch"},
}
"""What else a room may not touch: for analysis and figures files, and torch when they load."""
OPENED = {"app": {"pkdot.evidence.published"}}
"""What a room may touch of another that it may not: tables that can be read without training."""
STEPS = ("similarity", "anchors", "transport")
"""Steps of the method that know nothing of one another; the loss puts them together."""


def names(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and full name of all that a module imports, inside functions as well."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level or None] if node.level else []
            base = ".".join([*parents, *filter(None, [node.module])])
            whole = base in ("pkdot", "pkdot.method")
            yield from ((node.lineno, f"{base}.{a.name}" if whole else base) for a in node.names)


def offence(module: str, name: str) -> str:
    """Why a module may not import a name; empty where it may."""
    own, other = module.split("."), name.split(".")
    room = own[1] if own[0] == "pkdot" else own[0]
    if room != "app" and own[0] == "pkdot" and other[0] in BEYOND:
        return f"nothing in the package knows {other[0]}"
    told = other[1] if other[0] == "pkdot" and len(other) > 1 else name
    if name not in OPENED.get(room, ()) and any(
        told == banned or told.startswith(f"{banned}.") for banned in UNREAD.get(room, ())
    ):
        return f"{room} may not touch {told}"
    step = own[:2] == other[:2] == ["pkdot", "method"] and own[2] in STEPS
    if step and other[2] not in (own[2], "plan_measures", "checks"):
        return "the steps of the method know nothing of one another"
    if other[0] == "pkdot" and told in RANK and told != room and RANK[told] >= RANK[room]:
        return f"{room} stands on floor {RANK[room]}, {told} on {RANK[told]}"
    return ""


def sources() -> Iterator[tuple[str, str, str]]:
    """File, module and source of everything that people run."""
    for path in [*(ROOT / "pkdot").rglob("*.py"), *(ROOT / "app").rglob("*.py")]:
        place = path.relative_to(ROOT)
        yield str(place), ".".join(place.with_suffix("").parts), path.read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] == "code":
                source = "".join(line for line in cell["source"] if not line.startswith(("%", "!")))
                yield f"{path.name}, cell {number}", "notebooks.cell", source


def test_a_room_imports_lower_rooms_only() -> None:
    seen, broken = set(), []
    for place, module, source in sources():
        seen.add(module.split(".")[1] if module.startswith("pkdot.") else module.split(".")[0])
        if module == "pkdot.__init__":  # names what every room promises, and loads nothing
            continue
        for line, name in names(module, source):
            if reason := offence(module, name):
                broken.append(f"{place}:{line} imports {name}: {reason}")
    assert not broken, "\n".join(broken)
    strangers = {room for room in seen if room not in RANK} - {"__init__"}
    assert not strangers, f"no floor is known for {strangers}"


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("pkdot.method.anchors", "from .similarity import cosine_similarity_matrix"),
        ("pkdot.method.anchors", "from . import transport"),
        ("pkdot.method.transport.newton", "def f():\n    from ..anchors import select_anchors"),
        ("pkdot.data.digits", "import streamlit as st"),
        ("pkdot.training.stages", "from pkdot import figures, experiments"),
        ("pkdot.distillers.hinton", "import pkdot.training.loop"),
        ("pkdot.record.reader", "from ..figures import maps"),
        ("pkdot.figures.maps", "from pathlib import Path"),
        ("app.views.plan", "from pkdot.training.stages import train"),
        ("app.explore", "from torch.optim import Adam"),
        ("app.views.methods", "from pkdot.evidence.decisions import decide"),
    ],
)
def test_a_wrong_import_is_noticed(module: str, line: str) -> None:
    assert any(offence(module, name) for _, name in names(module, line))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("pkdot.method.loss", "from .anchors import select_anchors"),
        ("pkdot.method.transport.newton", "from . import log_domain"),
        ("pkdot.evidence.report", "from ..experiments.cells import Arm"),
        ("app.explore", "import streamlit\nfrom pkdot.figures import maps"),
        ("app.views.methods", "from pkdot.evidence.published import gain_table"),
        ("notebooks.cell", "from pkdot import figures"),
    ],
)
def test_a_right_import_is_let_through(module: str, line: str) -> None:
    assert not any(offence(module, name) for _, name in names(module, line))
