"""The same surroundings for every test: one thread, no windows, runs in a folder of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Set before anything imports torch or matplotlib, which look only once; sub-processes inherit both.
# One thread: sums keep their order on every machine, and two workers do not fight over two cores.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(scope="session", autouse=True)
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where runs go that name no place, so that no test writes into ``reports``."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKDOT_RUNS", str(folder))
        yield folder
