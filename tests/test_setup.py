"""The set-up: pins, environments, make, citation, what lies in the tree, what imports cost."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from pkdot.data import handwriting, numerals, vowels

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# conda-forge's names, where they are not those of the package index
PYTHON_NAME = {"pytorch": "torch", "py-opencv": "opencv-python-headless"}
LARGEST_FILE = 500_000


def requirements(lines: list[str]) -> dict[str, SpecifierSet]:
    """Name and range of each line, by the name that all spellings share."""
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): one.specifier for one in parsed}


def declared() -> dict[str, SpecifierSet]:
    return requirements([*PROJECT["dependencies"], *(r for rs in EXTRAS.values() for r in rs)])


def pins() -> dict[str, SpecifierSet]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return requirements([line for line in text.splitlines() if line and line[0] != "#"])


def make(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person would, though these tests may themselves have been started by make."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return subprocess.run(
        ["make", *words],
        cwd=cwd,
        env=ours | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def files_of_the_tree() -> list[Path]:
    """Every file that is, or could be, committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout, so nothing says which files belong to it")
    paths = [ROOT / name for name in answer.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


# --- pins and environments ------------------------------------------------------------------------


def test_every_dependency_is_pinned_within_its_range() -> None:
    pinned = pins()
    for name, wanted in declared().items():
        assert name in pinned, f"constraints.txt does not pin {name}"
        (pin,) = pinned[name]
        assert pin.operator == "==", f"{name}: constraints.txt must pin one version, not {pin}"
        assert wanted.contains(Version(pin.version)), f"{name}=={pin.version} is not in {wanted}"


def test_no_range_shuts_out_the_newest_torch() -> None:
    assert declared()["torch"].contains(Version("99.0"))


def test_the_conda_environment_agrees_with_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    from_conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    (from_pip,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert "-e ." in from_pip
    listed = requirements([*from_conda, *(line for line in from_pip if line != "-e .")])
    listed = {PYTHON_NAME.get(name, name): specifier for name, specifier in listed.items()}
    assert listed.pop("python") == SpecifierSet(PROJECT["requires-python"])
    listed.pop("pip")
    assert listed == declared()


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    (paper,) = citation["references"]
    assert "2401.15489" in paper["url"]


# --- make -----------------------------------------------------------------------------------------


def test_make_alone_lists_every_target() -> None:
    told = make().stdout
    listed = set(re.findall(r"^  (\w+) +\S", told, flags=re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony is not None
    assert listed == set(phony[1].split()) - {"help"}
    assert {"setup", "demo", "app", "test", "check", "bench", "example"} <= listed


def test_ci_runs_all_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[1] == "set -euo pipefail"
    assert lines[-1] == "make test"
    recipe = make("-n", "test").stdout
    assert "pytest" in recipe
    assert "not slow" not in recipe


def test_setup_installs_every_extra_but_the_books_under_the_pins() -> None:
    recipe = make("-n", "-W", "pyproject.toml", "setup").stdout
    assert "-c constraints.txt" in recipe
    installed = re.search(r'-e "\.\[([\w,]+)\]"', recipe)
    assert installed is not None
    assert set(installed[1].split(",")) == set(EXTRAS) - {"book"}


def test_tests_install_the_packages_that_bundle_data_and_the_demo_does_not() -> None:
    install = "--no-deps --no-compile -r corpora.txt"
    assert install in make("-n", "-W", "corpora.txt", "test").stdout
    assert install not in make("-n", "-W", "corpora.txt", "demo").stdout
    listed = (ROOT / "corpora.txt").read_text(encoding="utf-8").splitlines()
    pinned = requirements([line for line in listed if line[0] != "#"])
    assert set(pinned) == {m.BUNDLE.packages[0] for m in (handwriting, numerals, vowels)}


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """The Makefile and what its rule for .venv reads, in a folder with a space in its name."""
    checkout = tmp_path / "a bare checkout"
    checkout.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, checkout)
    return checkout


def test_without_a_suitable_python_setup_says_what_to_install(bare_checkout: Path) -> None:
    answer = make("setup", "PYTHON=no-such-python false", cwd=bare_checkout)
    assert answer.returncode != 0
    assert "Install Python 3.11, 3.12 or 3.13" in answer.stderr
    assert "make setup PYTHON=" in answer.stderr
    assert not (bare_checkout / ".venv").exists()


def fake_python(folder: Path, pip_install: str) -> Path:
    """A stand-in interpreter that passes every check and whose `pip install` does as told."""
    fake = folder / "fake-python"
    fake.write_text(
        "#!/usr/bin/env bash\n"
        'case "$*" in\n'
        f'  *"pip install"*) {pip_install} ;;\n'
        '  "-m venv "*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;\n'
        "esac\n"
    )
    fake.chmod(0o755)
    return fake


def test_a_failing_installation_leaves_no_stamp_and_says_why(
    bare_checkout: Path, tmp_path: Path
) -> None:
    fake = fake_python(tmp_path, "echo 'ERROR: no such library' >&2; exit 1")
    answer = make("setup", f"PYTHON={fake}", cwd=bare_checkout)
    assert answer.returncode != 0
    assert "ERROR: no such library" in answer.stderr
    assert "make setup tries again" in answer.stderr
    assert not (bare_checkout / ".venv" / "installed").exists()


def test_setup_is_done_once_until_a_pin_moves_or_the_interpreter_goes(
    bare_checkout: Path, tmp_path: Path
) -> None:
    fake = fake_python(tmp_path, "echo 'Collecting numpy>=1.26'; echo installed >> pip-calls")
    calls = bare_checkout / "pip-calls"

    def setup() -> int:
        answer = make("setup", f"PYTHON={fake}", cwd=bare_checkout)
        assert answer.returncode == 0, answer.stderr
        return len(calls.read_text().splitlines())

    def age_the_stamp() -> None:
        """Put everything in the past, as file systems may count time in whole seconds."""
        for path in (bare_checkout / ".venv" / "bin" / "python", *bare_checkout.glob("*")):
            os.utime(path, (1e9, 1e9))
        os.utime(bare_checkout / ".venv" / "installed", (1.1e9, 1.1e9))

    assert setup() == 1
    age_the_stamp()
    assert setup() == 1
    (bare_checkout / "constraints.txt").touch()
    assert setup() == 2
    age_the_stamp()
    (bare_checkout / ".venv" / "bin" / "python").unlink()
    assert setup() == 3
    age_the_stamp()
    assert setup() == 3


@pytest.mark.slow
def test_papermill_takes_the_kernel_of_its_own_environment(tmp_path: Path) -> None:
    decoy = tmp_path / "home" / ".local" / "share" / "jupyter" / "kernels" / "python3"
    decoy.mkdir(parents=True)
    kernel = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    (decoy / "kernel.json").write_text(json.dumps(kernel))
    shown = make("--eval", "print: ; @env", "print").stdout  # what make adds to the environment
    exported = dict(re.findall(r"^(JUPYTER_\w+)=(.*)$", shown, flags=re.MULTILINE))
    notebook = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": "one",
                "metadata": {},
                "outputs": [],
                "source": "import sys; print(sys.prefix)",
            }
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "in.ipynb").write_text(json.dumps(notebook))
    subprocess.run(
        [sys.executable, "-m", "papermill", "--kernel", "python3", "in.ipynb", "out.ipynb"],
        cwd=tmp_path,
        env=os.environ | exported | {"HOME": str(tmp_path / "home")},
        check=True,
        capture_output=True,
        timeout=100,
    )
    executed = json.loads((tmp_path / "out.ipynb").read_text())
    (output,) = executed["cells"][0]["outputs"]
    assert "".join(output["text"]).strip() == sys.prefix


# --- what may lie in the tree ---------------------------------------------------------------------


def test_no_large_file_is_in_the_tree() -> None:
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in files_of_the_tree()}
    assert "pyproject.toml" in sizes
    assert not {name: size for name, size in sizes.items() if size > LARGEST_FILE}


def notebooks() -> list[Path]:
    return sorted(path for path in files_of_the_tree() if path.suffix == ".ipynb")


def test_notebooks_are_committed_without_outputs() -> None:
    for path in notebooks():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        assert notebook["metadata"]["kernelspec"]["name"] == "python3", path.name
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                source = "".join(cell["source"])[:60]
                assert not cell["outputs"], f"{path.name} holds the output of: {source}"
                assert cell["execution_count"] is None, f"{path.name} holds a count at: {source}"


def test_experiment_notebooks_have_one_cell_of_parameters() -> None:
    experiments = [path for path in notebooks() if path.name.startswith("run_")]
    assert "run_digits.ipynb" in [path.name for path in experiments]
    for path in experiments:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tags = [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
        assert tags.count("parameters") == 1, path.name


# --- what an import costs -------------------------------------------------------------------------


def fresh_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


# What makes an import slow, rather than the seconds that it took on a busy machine.
HEAVY = ("torch", "pandas", "numpy", "scipy", "sklearn", "plotly", "matplotlib", "pydantic")


def test_importing_pkdot_loads_nothing_heavy() -> None:
    answer = fresh_python(f"import pkdot, sys; print([m for m in {HEAVY} if m in sys.modules])")
    assert answer.stdout.strip() == "[]", answer.stderr


def test_records_are_read_without_torch() -> None:
    answer = fresh_python("import pkdot, sys; pkdot.open_record; print('torch' in sys.modules)")
    assert answer.stdout.strip() == "False", answer.stderr


def test_help_comes_without_torch() -> None:
    answer = fresh_python(
        "import runpy, sys\n"
        "sys.argv = ['pkdot', '--help']\n"
        "try:\n"
        "    runpy.run_module('pkdot', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        "print('torch' in sys.modules)\n"
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "False"
    assert "usage" in answer.stdout.lower()


def test_a_warning_from_our_own_modules_is_an_error_in_tests() -> None:
    def warn_from(module: str) -> None:
        code = compile("import warnings; warnings.warn('careless')", "made_up.py", "exec")
        exec(code, {"__name__": module})

    with pytest.raises(UserWarning, match="careless"):
        warn_from("pkdot.made_up")
    with warnings.catch_warnings(record=True) as caught:
        warn_from("somebody.else")
    assert [str(warning.message) for warning in caught] == ["careless"]
