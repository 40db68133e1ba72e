"""Without a checkout: the wheel alone gives the command line, the page and the notebooks."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import made_once

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing else."""
    return made_once(tmp_path_factory, "somewhere else", install)


def install(target: Path) -> None:
    built = target.with_suffix(".wheels")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    offline = ["--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(built), str(ROOT)], check=True
    )
    (wheel,) = built.glob("pkdot-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "pkdot/py.typed" in names
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]
    subprocess.run([*pip, "install", *offline, "--target", str(target), str(wheel)], check=True)


@pytest.fixture
def surroundings(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory outside the checkout, in which the installed package is found."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PKDOT_TRANSPORT", "torch")  # for a new place, numba would compile again
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pkdot(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pkdot", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_is_made_and_listed(surroundings: Path, installed: Path) -> None:
    where = subprocess.run(
        [sys.executable, "-c", "import pkdot; print(pkdot.__file__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(installed)
    small = ["data.n_labelled=40", "data.n_unlabelled=80", "training.epochs=2", "probe_size=20"]
    told = pkdot("run", "--quiet", *(word for s in small for word in ("--set", s)))
    assert str(surroundings / "runs") in told
    assert "student" in pkdot("runs")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page(surroundings: Path) -> Iterator[str]:
    """Address of a page that ``pkdot app`` serves."""
    (surroundings / "runs").mkdir()
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "pkdot", "app", "runs", "--port", str(port), "--no-browser"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_the_page_answers_and_shows_the_example(page: str, installed: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{page}/_stcore/health", timeout=2) as answer:
                assert answer.read() == b"ok"
                break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    else:
        pytest.fail("the page did not answer")
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        f"page = {str(installed / 'pkdot/_app/explore.py')!r}\n"
        "app = AppTest.from_file(page, default_timeout=120)\n"
        "app.run()\n"
        "assert not app.exception and not app.error\n"
        "assert 'example' in app.sidebar.selectbox[0].options[0]\n"
        "assert 'student alone' in [tile.label for tile in app.metric]\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{installed}:{installed / 'pkdot/_app'}"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


@pytest.mark.full
def test_a_notebook_runs_from_where_it_was_laid_down(surroundings: Path) -> None:
    import nbformat

    told = pkdot("notebooks", "mine")
    assert "jupyter lab mine" in told
    small = {"n_seeds": 1, "jobs": 1, "epochs": 2, "n_labelled": 60, "n_unlabelled": 120}
    small |= {"method": "kd+pkdot"}
    parameters = [word for name, value in small.items() for word in ("-p", name, str(value))]
    subprocess.run(
        [sys.executable, "-m", "papermill", "--kernel", "python3", "--no-progress-bar",
         "mine/run_digits.ipynb", "out.ipynb", *parameters],
        check=True, capture_output=True,
    )  # fmt: skip
    executed = nbformat.read(surroundings / "out.ipynb", as_version=4)
    told = "".join(o.get("text", "") for c in executed.cells for o in c.get("outputs", []))
    assert "of the test images" in told
    assert "One seed has no interval" in told
    assert list((surroundings / "runs").glob("*/run.json"))


def test_notebooks_that_were_changed_are_not_replaced_unasked(surroundings: Path) -> None:
    pkdot("notebooks", "mine")
    pkdot("notebooks", "mine")  # unchanged ones may be laid down again
    (surroundings / "mine" / "run_digits.ipynb").write_text("{}")
    command = [sys.executable, "-m", "pkdot", "notebooks", "mine"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert (surroundings / "mine" / "run_digits.ipynb").read_text() == "{}"
    subprocess.run([*command, "--force"], check=True, capture_output=True)
    assert (surroundings / "mine" / "run_digits.ipynb").read_text() != "{}"
