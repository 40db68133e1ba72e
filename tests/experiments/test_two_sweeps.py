"""Two sweeps on one folder share the work: no cell and no teacher is computed twice."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pkdot.experiments.sweep import run_grid
from pkdot.keyed_cache import KeyedCache
from tests.experiments.test_experiment import ARMS
from tests.support.fault_matrix import fault_row
from tests.support.forked import forked
from tests.support.processes import until
from tests.support.small_config import small_config

SEEDS = range(4)


def sweep(folder: str, name: str, at_once: int | None) -> None:
    """A sweep of a process of its own, which notes what it computes."""
    keep = KeyedCache.keep

    def noted(self: KeyedCache[Any], key: str, value: Any) -> None:
        keep(self, key, value)
        with Path(folder, f"{name}.computed").open("a") as file:
            print(key, file=file)

    KeyedCache.keep = noted  # type: ignore[method-assign]
    bases = [small_config(seed=seed, training__epochs=2) for seed in SEEDS]
    table = run_grid(bases, ARMS, folder=folder, progress=False, at_once=at_once)
    Path(folder, f"{name}.table").write_text(json.dumps(table["accuracy"].tolist()))


def computed(folder: Path) -> Counter[str]:
    return Counter(
        line for file in folder.glob("*.computed") for line in file.read_text().splitlines()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "at_once",
    [pytest.param(1, id="one by one", marks=pytest.mark.full), pytest.param(None, id="together")],
)
def test_two_sweeps_on_one_folder_compute_no_cell_twice(
    tmp_path: Path, at_once: int | None
) -> None:
    both = [forked(sweep, str(tmp_path), name, at_once) for name in "ab"]
    for process in both:
        process.join(120)
        assert process.exitcode == 0
    counts = computed(tmp_path)
    assert len(counts) == len(SEEDS) * (len(ARMS) + 1), "cells and teachers"
    assert set(counts.values()) == {1}
    one, other = (json.loads((tmp_path / f"{name}.table").read_text()) for name in "ab")
    assert one == other


@pytest.mark.full
def test_what_a_killed_sweep_was_at_is_computed_by_the_other(tmp_path: Path) -> None:
    with fault_row("kill −9", "one of two sweeps on one folder") as row:
        first = forked(sweep, str(tmp_path), "a", 1)
        until(lambda: (tmp_path / "a.computed").exists())
        second = forked(sweep, str(tmp_path), "b", 1)
        first.kill()
        first.join()
        second.join(120)
        counts = computed(tmp_path)
        whole = len(counts) >= len(SEEDS) * (len(ARMS) + 1) - 1  # one may be kept and not noted
        row.count(second.exitcode == 0 and whole and set(counts.values()) == {1})
