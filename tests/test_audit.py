"""Every import is a declared dependency, every declared one is used, every library is pinned."""

import ast
import json
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.support.audit import NEWEST, Library, audit
from tests.support.oldest import oldest
from tests.test_setup import EXTRAS, PROJECT, declared, make, requirements

ROOT = Path(__file__).resolve().parents[1]
OWN = {"pkdot", "tests", "dashboard"}

BY_COMMAND = {
    "django-static-mathjax": "make book",
    "furo": "make book",
    "hatchling": "builds the package",
    "ipykernel": "the kernel of notebooks",
    "jupyterlab": "make notebooks",
    "mypy": "make check",
    "myst-nb": "make book",
    "nbmake": "a plugin of pytest, for people's own notebooks",
    "onnx": "torch.onnx exports through it",
    "onnxscript": "torch.onnx exports through it",
    "pytest-xdist": "pytest -n",
    "ruff": "make check",
    "sphinx": "make book",
    "sphinx-revealjs": "make slides, for the reveal.js in it",
}
"""Dependencies that no line imports, and what needs them."""

IF_THERE = {
    "dask": "sweeps over a cluster that somebody has",
    "geomloss": "a peer, which benchmarks alone measure against",
    "lightning": "the other name of pytorch-lightning",
}
"""Modules that are used where they happen to be there, and for what."""


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """Module and file of every absolute import below a folder, none of our own or Python's."""
    for path in sorted([*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.ipynb")]):
        for node in ast.walk(ast.parse(code_of(path))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in {name.split(".")[0] for name in names}:
                if name not in OWN | sys.stdlib_module_names:
                    yield name, str(path.relative_to(ROOT))


def code_of(path: Path) -> str:
    """A module's source, or that of all code cells of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def libraries(module: str, among: dict[str, list[str]]) -> set[str]:
    return {canonicalize_name(name) for name in among.get(module, [module])}


@pytest.fixture(scope="module")
def known() -> dict[str, list[str]]:
    return dict(packages_distributions())


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["pkdot", "app", "examples", "notebooks", "tests"])
def test_every_import_is_a_declared_dependency(folder: str, known: dict[str, list[str]]) -> None:
    allowed = set(declared())
    if folder in ("pkdot", "notebooks"):  # what people install has no tools of ours
        allowed = set(requirements([*PROJECT["dependencies"]]))
        allowed |= {name for extra in set(EXTRAS) - {"dev"} for name in requirements(EXTRAS[extra])}
    strangers = {
        f"{file} imports {module}"
        for module, file in imports(folder)
        if not libraries(module, known) & allowed and module not in IF_THERE
    }
    assert strangers == set()


@pytest.mark.slow
def test_every_declared_dependency_is_used(known: dict[str, list[str]]) -> None:
    used = {
        library
        for folder in ("pkdot", "app", "examples", "tests")
        for module, _ in imports(folder)
        for library in libraries(module, known)
    }
    assert set(declared()) - used == set(BY_COMMAND)


def test_every_library_that_another_one_needs_is_pinned() -> None:
    found = audit()
    if any(library.name == "numpy" and library.problem for library in found):
        pytest.skip("this environment is not the pinned one; make oldest has one of its own")
    assert {"torch", "tornado", "jinja2"} <= {library.name for library in found}
    assert {one.name for one in found if not one.pin} <= set(NEWEST)
    assert all(one.licence for one in found)


def test_a_library_that_is_not_its_pin_is_a_problem() -> None:
    assert Library("torch", "2.13.0+cpu", "2.13.0", "x").problem == ""
    assert "pins 2.13.0" in Library("torch", "2.12.0", "2.13.0", "x").problem
    assert "no pin" in Library("torch", "2.12.0", "", "x").problem


def test_the_oldest_libraries_are_the_lower_bounds_with_torch_as_pinned(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["a_b>=1.2,<3", "torch>=2"]\n'
        '[project.optional-dependencies]\nextra = ["c[d]>=4"]\n'
    )
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("# pins\ntorch==2.5\na-b==2.9\n")
    assert oldest(project, constraints) == "a_b==1.2\nc==4\ntorch==2.5\n"
    project.write_text('[project]\ndependencies = ["a"]\n[project.optional-dependencies]\n')
    with pytest.raises(ValueError, match="a has no lower bound"):
        oldest(project, constraints)


def test_make_oldest_runs_the_quick_tests_in_an_environment_of_its_own() -> None:
    recipe = make("-nB", "oldest").stdout  # as if nothing were installed yet
    assert "-c .venv-oldest/oldest.txt" in recipe
    assert ".venv-oldest/bin/python -m pytest -n 2" in recipe
    assert '-m "not slow and not full"' in recipe
    lines = requirements(oldest().split())
    assert set(lines) == set(declared())
    for name, wanted in declared().items():
        (pin,) = lines[name]
        assert wanted.contains(pin.version)
