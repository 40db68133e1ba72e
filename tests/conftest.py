"""What tests share: one thread, no windows, runs in a folder of their own, records, a Chromium."""

import math
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pkdot.atomic_files import WriterLock
from tests.support.chromium import NoChromium, open_chromium
from tests.support.example_records import write_record

# Set before anything imports torch or matplotlib, which look only once; sub-processes inherit both.
# One thread: sums keep their order on every machine, and two workers do not fight over two cores.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"
# A shell's "make test &" ignores Ctrl-C for all that it starts, and tests send it to processes.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Path:
    """A folder that the first worker of a test run makes and the others find."""
    own = factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "shared" / name
    shared.parent.mkdir(exist_ok=True)
    with WriterLock(shared.with_suffix(".lock"), patience=math.inf):
        if not shared.with_suffix(".made").exists():
            make(shared)
            shared.with_suffix(".made").touch()
    return shared


@pytest.fixture(scope="session")
def biovid_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny simulated BioVid; read it only, or copy it to damage it."""
    from tests.support.biovid_files import write_tiny

    return made_once(tmp_path_factory, "tiny", write_tiny)


@pytest.fixture(scope="session")
def released_root(biovid_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same corpus in the released code's layout; read it only."""
    from tests.support.biovid_files import as_released

    return made_once(tmp_path_factory, "released", lambda dest: as_released(biovid_root, dest))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium, see :func:`tests.support.chromium.open_chromium`.

    Without any, tests are skipped with a sentence; where ``CI=true`` they fail instead, since a
    check that quietly never runs is none.
    """
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_chromium())
        except NoChromium as problem:
            if os.environ.get("CI") == "true":
                pytest.fail(f"The browser tests must run here, but {problem}.")
            pytest.skip(f"The browser tests were left out: {problem}.")
        yield opened
