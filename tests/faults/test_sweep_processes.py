"""Sweeps of several processes that are killed, told to end, or lose a worker."""

import json
import random
import signal
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from pkdot.experiments.sweep import run_sweep
from tests.experiments.test_experiment import ARMS
from tests.support.fault_matrix import fault_row, times
from tests.support.forked import forked
from tests.support.processes import all_gone, descendants, half_files, started, until
from tests.support.small_config import small_config

SMALL = ("data.n_labelled=40", "data.n_unlabelled=80", "data.n_validation=40",
         "options.pkdot.k=8", "network.feature_dim=8", "network.embedding_dim=8",
         "network.hidden=16", "training.epochs=3", "training.batch_size=32")  # fmt: skip
SETTINGS = [word for setting in SMALL for word in ("--set", setting)]


def sweep_of_two(folder: str, seeds: int) -> None:
    """What a main process does that is killed."""
    run_sweep(small_config(), ARMS, range(seeds), jobs=2, folder=folder, progress=False, at_once=1)


SCRIPT = """
import sys
from pkdot.experiments.sweep import run_sweep
from tests.experiments.test_experiment import ARMS
from tests.support.small_config import small_config
cells = run_sweep(small_config(), ARMS, range(int(sys.argv[3])), jobs=int(sys.argv[2]),
                  folder=sys.argv[1], progress=False, at_once=1)
cells.to_json(sys.argv[1] + "/table.done")
"""


def cells(folder: Path) -> list[Path]:
    return list(folder.glob("*.json"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of two seeds, computed here, one cell after another."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return run_sweep(small_config(), ARMS, [0, 1], folder=folder, progress=False, at_once=1)


def workers_of(process: int) -> list[psutil.Process]:
    """Processes that compute cells: those that hold torch."""
    return [p for p in descendants(process) if p.memory_info().rss > 150 * 2**20]


@pytest.mark.slow
@pytest.mark.parametrize("tries", [1, pytest.param(times(2, 20), marks=pytest.mark.full)])
def test_a_killed_sweep_leaves_no_worker_and_goes_on(
    tmp_path: Path, tries: int, undisturbed: pd.DataFrame
) -> None:
    draw = random.Random(tries)
    with fault_row("kill −9", "a sweep of two processes, at random moments") as row:
        for number in range(tries):
            folder = tmp_path / str(number)
            folder.mkdir()
            sweep = forked(sweep_of_two, str(folder), 50)
            until(lambda: cells(folder) or not sweep.is_alive())  # noqa: B023
            time.sleep(draw.uniform(0.0, 1.5))
            left = descendants(sweep.pid or 0)
            sweep.kill()
            sweep.join()
            ended = all_gone(left) and len(left) >= 2
            kept = {file.name: json.loads(file.read_text()) for file in cells(folder)}
            whole = all(0 <= cell["accuracy"] <= 1 for cell in kept.values())
            again = run_sweep(
                small_config(), ARMS, [0, 1], folder=folder, progress=False, at_once=1
            )
            right = again.equals(undisturbed)
            print(f"{ended=} {whole=} {right=} {half_files(folder)=}")
            row.count(ended and whole and right and not half_files(folder))


@pytest.mark.slow
@pytest.mark.full
def test_a_killed_worker_is_one_cell_tried_again(tmp_path: Path, undisturbed: pd.DataFrame) -> None:
    tries, draw = times(1, 5), random.Random(0)
    with fault_row("kill −9", "a worker of a sweep, at random moments") as row:
        for number in range(tries):
            folder = tmp_path / str(number)
            folder.mkdir()
            with started("-c", SCRIPT, str(folder), "2", "2") as sweep:
                until(lambda: len(workers_of(sweep.pid)) == 2)
                time.sleep(draw.uniform(0.0, 1.0))
                draw.choice(workers_of(sweep.pid)).kill()
                _, told = sweep.communicate(timeout=120)
            table = pd.read_json(folder / "table.done") if sweep.returncode == 0 else None
            right = table is not None and table["accuracy"].tolist() == pytest.approx(
                undisturbed["accuracy"].tolist(), abs=1e-9
            )
            row.count(right and told == "" and not half_files(folder))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "jobs"),
    [
        (signal.SIGTERM, 143, "2"),
        pytest.param(signal.SIGTERM, 143, "1", marks=pytest.mark.full),
        pytest.param(signal.SIGINT, 130, "2", marks=pytest.mark.full),
        pytest.param(signal.SIGINT, 130, "1", marks=pytest.mark.full),
    ],
)
def test_a_sweep_that_is_told_to_end_says_so(
    number: int, status: int, jobs: str, tmp_path: Path
) -> None:
    words = ["-m", "pkdot", "sweep", "--quiet", "--jobs", jobs, "--folder", str(tmp_path),
             "--seeds", "500", "--one-by-one", *SETTINGS]  # fmt: skip
    with fault_row("signal", "a sweep of one or two processes") as row, started(*words) as sweep:
        until(lambda: len(cells(tmp_path)) >= 2 or sweep.poll() is not None)
        left = descendants(sweep.pid)
        sweep.send_signal(number)
        _, told = sweep.communicate(timeout=60)
        lines = [line for line in told.splitlines() if line]
        row.count(
            sweep.returncode == status
            and len(lines) == 1
            and lines[0].startswith("pkdot: interrupted; what was finished is kept.")
            and all_gone(left)
            and not half_files(tmp_path)
        )
