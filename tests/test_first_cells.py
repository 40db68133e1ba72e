"""The first cell of a notebook installs the kit where it is missing, and else does nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.support.first_cells import TITLE, first_cell, kit, notebooks, write
from tests.test_setup import EXTRAS, PROJECT, make

ROOT = Path(__file__).resolve().parents[1]
LESSON = ROOT / "notebooks" / "lessons" / "00_start_here.ipynb"


@pytest.fixture
def fake_pip(tmp_path: Path) -> Path:
    """A module ``pip`` that writes down what it was told, found before the real one."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "pip.py").write_text(
        "import json, pathlib, sys\n"
        "with (pathlib.Path(__file__).parent / 'told').open('a') as file:\n"
        "    file.write(json.dumps(sys.argv[1:]) + '\\n')\n"
    )
    return folder


def run_cell(fake_pip: Path, cwd: Path, *flags: str, path: str = "") -> list[list[str]]:
    """Run the cell; what pip was told, call by call."""
    found = os.pathsep.join(filter(None, [str(fake_pip), path]))
    subprocess.run(
        [sys.executable, *flags, "-c", first_cell(LESSON)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": found},
        check=True,
        timeout=60,
    )
    told = fake_pip / "told"
    return [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []


def test_where_the_kit_is_there_nothing_happens(fake_pip: Path, tmp_path: Path) -> None:
    assert run_cell(fake_pip, tmp_path, path=str(ROOT)) == []
    assert run_cell(fake_pip, ROOT) == []


def test_in_a_bare_environment_the_kit_is_installed_by_pip(fake_pip: Path, tmp_path: Path) -> None:
    (told,) = run_cell(fake_pip, tmp_path, "-S")  # -S: without what is installed
    assert told == ["install", "--quiet", kit(PROJECT, "notebooks")]
    assert set(Requirement(told[-1]).extras) <= set(EXTRAS)


def test_in_a_checkout_without_environment_it_is_the_checkout(
    fake_pip: Path, tmp_path: Path
) -> None:
    checkout = tmp_path / "a check out"
    (checkout / "notebooks" / "lessons").mkdir(parents=True)
    (checkout / "pkdot").mkdir()
    (checkout / "pkdot" / "_version.py").touch()
    for cwd in (checkout / "notebooks" / "lessons", checkout):
        assert run_cell(fake_pip, cwd, "-S")[-1][-1] == f"{checkout.resolve()}[notebooks]"


def test_the_address_stands_in_one_place() -> None:
    project = {"name": "pkdot", "urls": {"Source": "https://code.example/pkdot"}}
    assert kit(project, "notebooks") == "pkdot[notebooks] @ git+https://code.example/pkdot"
    assert kit({"name": "pkdot"}, "notebooks") == "pkdot[notebooks]"


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_it_is_the_first_code_of_every_notebook(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    first, *others = [cell for cell in cells if cell["cell_type"] == "code"]
    hint = "type: python tests/support/first_cells.py"
    assert "".join(first["source"]) == first_cell(path), hint
    assert first["metadata"]["jupyter"] == {"source_hidden": True}
    assert not [cell for cell in others if TITLE in "".join(cell["source"])]


def test_writing_it_again_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "lessons" / LESSON.name
    copy.parent.mkdir()
    copy.write_bytes(LESSON.read_bytes())
    write(copy)
    assert copy.read_bytes() == LESSON.read_bytes()


# --- other ways in --------------------------------------------------------------------------------


def test_the_container_has_a_suitable_python_and_makes_the_environment() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    image, version = container["image"].split(":")
    assert image == "python"
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    assert container["postCreateCommand"] == "make setup"
    assert set(map(str, container["forwardPorts"])) == set(container["portsAttributes"])
    for target in ("lessons", "notebooks"):  # one is root there
        assert "jupyterlab --allow-root" in make("-n", target).stdout


def test_binder_finds_the_kit_in_the_environment_of_the_root() -> None:
    assert not (ROOT / "binder").exists()  # it would be read in place of the one here
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    from_pip = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert from_pip[-1] == "-e ."
