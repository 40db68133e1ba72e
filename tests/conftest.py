"""What tests share: one thread, no windows, runs in a folder of their own, records, a Chromium."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from .example_records import write_record

# Set before anything imports torch or matplotlib, which look only once; sub-processes inherit both.
# One thread: sums keep their order on every machine, and two workers do not fight over two cores.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"

# No deadline: a busy machine must not fail a law. Derandomised: a failure comes back.
settings.register_profile("pkdot", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("pkdot")


@pytest.fixture(scope="session", autouse=True)
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where runs go that name no place, so that no test writes into ``reports``."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKDOT_RUNS", str(folder))
        yield folder


@pytest.fixture(scope="session")
def finished_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished record; read it only. Copy it (:func:`record_copy`) to damage it."""
    return write_record(tmp_path_factory.mktemp("finished"), run_id="finished").path


@pytest.fixture
def record_copy(finished_record: Path, tmp_path: Path) -> Path:
    """A finished record of the test's own, in a folder that holds nothing else."""
    return Path(shutil.copytree(finished_record, tmp_path / "runs" / "finished"))


@pytest.fixture(scope="session")
def biovid_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny simulated BioVid; read it only, or copy it to damage it."""
    pytest.importorskip("av", reason="BioVid's libraries are not installed")
    from .biovid_files import write_tiny

    return write_tiny(tmp_path_factory.mktemp("biovid") / "tiny")


@pytest.fixture(scope="session")
def released_root(biovid_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same corpus in the released code's layout; read it only."""
    from .biovid_files import as_released

    return as_released(biovid_root, tmp_path_factory.mktemp("biovid") / "released")


def _chromium_paths() -> Iterator[str]:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium: one that is there, else Playwright's own, else the system's package.

    Without any, tests are skipped with a sentence; where ``CI=true`` they fail instead, since a
    check that quietly never runs is none.
    """
    problem = ""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        problem = "Playwright is not installed; pip install playwright"
    else:
        with sync_playwright() as playwright:
            chromium = playwright.chromium
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            for path in [*_chromium_paths(), None, "fetch", "package"]:
                try:
                    if path == "fetch":
                        _run(sys.executable, "-m", "playwright", "install", "chromium")
                    elif path == "package":
                        _run("apt-get", "install", "-y", "chromium")
                    executable = shutil.which("chromium") if path == "package" else path
                    opened = chromium.launch(
                        executable_path=None if path == "fetch" else executable, args=arguments
                    )
                except (Error, OSError, subprocess.SubprocessError) as error:
                    problem = f"no Chromium could be started ({str(error).splitlines()[0]})"
                    continue
                yield opened
                opened.close()
                return
    if os.environ.get("CI") == "true":
        pytest.fail(f"The browser tests must run here, but {problem}.")
    pytest.skip(f"The browser tests were left out: {problem}.")


def _run(*command: str) -> None:
    if command[0] == "apt-get" and os.geteuid() != 0:
        raise OSError("only root may install packages")
    subprocess.run(command, check=True, capture_output=True, timeout=300)
