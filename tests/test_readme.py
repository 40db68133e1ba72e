"""Every command of README.md and CONTRIBUTING.md works: what people are told to type is typed."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pkdot.data.simulate.own import write_examples

ROOT = Path(__file__).resolve().parents[1]
README, CONTRIBUTING = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What keeps an experiment short; everything else is as README says.
SMALL = {"n_seeds": "1", "epochs": "2", "n_unlabelled": "120", "jobs": "1"}


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(*texts: str) -> list[str]:
    found = [block for text in texts or (README, CONTRIBUTING) for block in blocks("bash", text)]
    lines = [line.strip() for block in found for line in block.splitlines()]
    return [line for line in dict.fromkeys(lines) if line and not line.startswith("#")]


def programs() -> list[str]:
    """Python blocks to be run as printed; one that begins with a file's name is that file."""
    found = [*blocks("python"), *blocks("python", CONTRIBUTING)]
    return [block for block in found if not re.match(r"# [\w/]+\.py\n", block)]


def environment() -> dict[str, str]:
    """As after activating the environment of these tests, and free of the make that ran them."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return ours | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])}


def run(words: list[str], cwd: Path = ROOT, limit: int = 60) -> str:
    answer = subprocess.run(
        words,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
    )
    assert answer.returncode == 0, f"{shlex.join(words)} failed:\n{answer.stdout[-3000:]}"
    return answer.stdout


# --- one way to try each kind of command ----------------------------------------------------------


def try_make(words: list[str], folder: Path) -> None:
    """Not run for real: `make test` would start these tests again, and `make app` never ends."""
    assert run(["make", "-n", *words[1:]])


def try_papermill(words: list[str], folder: Path) -> None:
    source, given = words[1], words[3:]
    if "run_biovid" in source:  # executed by test_notebooks; the database is on few machines
        help_text = run(["papermill", "--help-notebook", source], limit=120)
        for flag, name in zip(given[::3], given[1::3], strict=True):
            assert flag == "-p"
            assert re.search(rf"^\s*{name}:", help_text, re.MULTILINE), name
        return
    executed = folder / "executed.ipynb"
    small = [part for name, value in SMALL.items() for part in ("-p", name, value)]
    run(["papermill", source, str(executed), *given, *small], limit=400)
    assert executed.stat().st_size > 0


def try_server(words: list[str], folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log.txt").open("w+") as log:
        server = subprocess.Popen(
            words,
            cwd=ROOT if words[0] == "streamlit" else folder,
            env=environment()
            | {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            for _ in range(240):
                assert server.poll() is None, f"it stopped:\n{(folder / 'log.txt').read_text()}"
                try:
                    url = f"http://127.0.0.1:{port}/_stcore/health"
                    with urllib.request.urlopen(url, timeout=5) as answer:
                        assert answer.read() == b"ok"
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.25)
            else:
                pytest.fail(f"no answer in a minute:\n{(folder / 'log.txt').read_text()}")
        finally:
            server.terminate()
            server.wait(timeout=20)
        told = (folder / "log.txt").read_text()
    assert "0.0.0.0" not in told, "the page must listen on this machine only"
    assert "127.0.0.1" in told


def try_venv(words: list[str], folder: Path) -> None:
    run([*words, "--without-pip"], cwd=folder)
    assert (folder / ".venv" / "bin" / "activate").exists()


def try_activate(words: list[str], folder: Path) -> None:
    run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder)
    found = run(["bash", "-c", f"{shlex.join(words)} && command -v python"], cwd=folder)
    assert found.strip() == str(folder / ".venv" / "bin" / "python")
    assert "-m venv .venv" in (ROOT / "Makefile").read_text(), "make setup puts it elsewhere"


def asked_extras(requirement: str) -> tuple[str, set[str]]:
    """``pkdot[app,maps]`` -> the name and its extras, all of which pyproject.toml knows."""
    asked = re.fullmatch(r"([\w.]+)\[([\w,]+)\]", requirement)
    assert asked is not None
    extras = set(asked[2].split(","))
    assert extras <= set(PROJECT["optional-dependencies"])
    return asked[1], extras


def try_pip(words: list[str], folder: Path) -> None:
    """By its parts, since a real installation is what `make test` itself begins with."""
    assert words[4] == "-c"
    assert (ROOT / words[5]).is_file()
    assert asked_extras(words[words.index("-e") + 1])[0] == "."
    assert shlex.join(words[4:]).replace("'", '"') in (ROOT / "Makefile").read_text()


def try_pip_without_a_checkout(words: list[str], folder: Path) -> None:
    """By its parts as well: the name is this project's, and its command is what follows."""
    (requirement,) = words[2:]
    name, extras = asked_extras(requirement)
    assert name == PROJECT["name"]
    assert name in PROJECT["scripts"]
    assert {"app", "notebooks"} <= extras


def try_notebooks(words: list[str], folder: Path) -> None:
    """Lays every notebook of the project into a folder that was not there before."""
    dest = folder / words[2]
    run([*words[:2], str(dest)], cwd=folder)
    ours = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert ours <= {path.name for path in dest.rglob("*.ipynb")}


def try_conda(words: list[str], folder: Path) -> None:
    """By its parts: conda is not there on most machines, and nothing else could stand in for it."""
    if words[1:3] == ["env", "create"]:
        assert words[3] == "-f"
        assert (ROOT / words[4]).is_file()
    else:
        name = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["name"]
        assert words[1:] == ["activate", name]


def try_pkdot(words: list[str], folder: Path) -> None:
    small = [] if words[3] == "runs" else ["--quiet", "--set", "training.epochs=2"]
    words = [word.replace("trial", str(folder / "trial")) for word in words]
    if words[3:5] == ["simulate", "own"]:
        small = ["--quiet", "--subjects", "3", "--windows", "1"]
    elif str(folder) in "".join(words):
        write_examples(folder / "trial", people=3, samples=4, progress=False)
        small = small[:1] if words[3] == "check" else small
    elif words[3] == "check":
        words, small = [*words[:-1], str(folder / "corpus")], ["--quiet"]
    if words[3] == "sweep":
        small += ["--set", "data.n_unlabelled=100"]
    run([*words, *small], limit=300)


TRIALS: dict[str, Callable[[list[str], Path], None]] = {
    "make": try_make,
    "papermill": try_papermill,
    "streamlit run": try_server,
    "python3 -m venv": try_venv,
    "source": try_activate,
    "python -m pip install": try_pip,
    "pip install": try_pip_without_a_checkout,
    "pkdot app": try_server,
    "pkdot notebooks": try_notebooks,
    "conda": try_conda,
    "python -m pkdot": try_pkdot,
}
FULL = ("papermill notebooks/run_digits.ipynb",)
"""What another test does with other parameters, in minutes."""

SLOW = ("papermill", "streamlit", "pkdot app", "python -m pkdot", "pre-commit")


def trial_of(command: str) -> Callable[[list[str], Path], None]:
    for start, trial in TRIALS.items():
        if f"{command} ".startswith(start + " "):
            return trial
    pytest.fail(f"people are told to type `{command}`, which no test can try")


def marked(command: str) -> Any:
    """A command as a parameter, with the mark of what it takes."""
    if command.startswith(FULL):
        return pytest.param(command, marks=pytest.mark.full)
    return pytest.param(command, marks=[pytest.mark.slow] if command.startswith(SLOW) else [])


@pytest.mark.parametrize("command", [marked(command) for command in commands()])
def test_command_works(command: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "check biovid" in command:  # what stands for the reader's database
        (tmp_path / "corpus").symlink_to(request.getfixturevalue("biovid_root"))
    trial_of(command)(shlex.split(command), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(programs())))
def test_python_works_as_printed(number: int) -> None:
    run([sys.executable, "-c", programs()[number]], limit=120)


def test_the_two_commands_come_first() -> None:
    assert commands(README)[:2] == ["make demo", "make app"]
    assert len(blocks("python")) >= 1


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_a_command_of_an_unknown_kind_is_noticed() -> None:
    with pytest.raises(pytest.fail.Exception, match="no test can try"):
        trial_of("curl something | sh")


def test_make_targets_named_in_passing_exist() -> None:
    for target in re.findall(r"`make (\w+)[^`]*`", README + CONTRIBUTING):
        run(["make", "-n", target])


def test_files_and_folders_named_exist() -> None:
    both = README + CONTRIBUTING
    named = re.findall(r"`((?:\w+/)+|[\w.]+\.(?:cff|txt|yml)|LICENSE)`", both)
    assert "constraints.txt" in named
    made_by_runs = {"runs/", "sweeps/"}
    missing = [name for name in named if name not in made_by_runs and not (ROOT / name).exists()]
    assert not missing
