"""Cells on a real cluster of separate processes: the same numbers, whatever happens to a worker."""

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pkdot.errors import ConfigError, WorkerError
from pkdot.experiments.dask_engine import unordered_on_cluster
from pkdot.experiments.sweep import run_grid, run_sweep
from pkdot.worker_pool import Lost
from tests.experiments.test_experiment import ARMS
from tests.support.cluster import dask_cluster
from tests.support.fault_matrix import fault_row
from tests.support.processes import until
from tests.support.small_config import small_config
from tests.test_worker_pool import die_at_first

pytest.importorskip("distributed")


def test_an_absent_scheduler_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pkdot.experiments.dask_engine._ANSWER", 0.2)
    with pytest.raises(ConfigError, match=r"No Dask scheduler answers at dask://127\.0\.0\.1:9"):
        run_sweep(small_config(), ARMS, [0], engine="dask://127.0.0.1:9", folder=tmp_path)


@pytest.mark.slow
def test_students_of_one_method_are_divided_among_the_workers_of_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def one_by_one(function: Any, calls: Any, engine: str, folder: Path) -> Any:
        for number, call in enumerate(calls):
            sizes.append(len(call[0]))
            yield number, function(*call)

    monkeypatch.setattr("pkdot.experiments.sweep.workers_of", lambda engine: 3)
    monkeypatch.setattr("pkdot.experiments.sweep.unordered_on_cluster", one_by_one)
    where = {"engine": "dask://127.0.0.1:9", "progress": False}
    run_sweep(small_config(), ARMS[1:2], range(6), folder=tmp_path / "a", **where)
    assert sizes == [2, 2, 2]
    sizes.clear()
    run_sweep(small_config(), ARMS[1:2], range(6), folder=tmp_path / "b", jobs=6, **where)
    assert sizes == [1] * 6, "six workers are said to come"


@pytest.mark.slow
@pytest.mark.full
def test_a_worker_killed_half_way_changes_no_number(tmp_path: Path) -> None:
    base, seeds = small_config(), list(range(6))
    here = run_sweep(base, ARMS, seeds, folder=tmp_path / "here", progress=False, at_once=1)
    folder = tmp_path / "there"
    with (
        fault_row("kill −9", "a worker of a Dask cluster, half-way through a sweep") as row,
        dask_cluster(tmp_path / "cluster") as cluster,
    ):

        def kill_half_way() -> None:
            until(lambda: len(list(folder.glob("*.json"))) >= 6)
            cluster.workers[0].kill()

        killer = threading.Thread(target=kill_half_way)
        killer.start()
        there = run_sweep(
            base, ARMS, seeds, engine=cluster.address, folder=folder, progress=False, at_once=1
        )
        killer.join()
        pd.testing.assert_frame_equal(here, there, check_exact=True)
        assert len(list(folder.glob("*.json"))) == len(ARMS) * len(seeds)
        assert not list(folder.glob(".shared-*"))
        row.count(cluster.workers[0].wait() != 0 and cluster.workers[1].poll() is None)
        # and what the cluster has computed is found here
        again = run_sweep(base, ARMS, seeds, folder=folder, progress=False, at_once=1)
        pd.testing.assert_frame_equal(again, here, check_exact=True)


@pytest.mark.slow
@pytest.mark.full
def test_a_cell_that_kills_every_worker_is_named(tmp_path: Path) -> None:
    calls = [(tmp_path, number, 2, 99) for number in range(4)]
    with dask_cluster(tmp_path / "cluster", workers=6) as cluster:
        found = dict(unordered_on_cluster(die_at_first, calls, cluster.address, tmp_path))
    assert {n: found[n] for n in (0, 1, 3)} == {0: 0, 1: 1, 3: 9}
    assert isinstance(found[2], Lost)
    assert isinstance(found[2].error("cell 2", tmp_path), WorkerError)


@pytest.mark.slow
@pytest.mark.full
def test_workers_that_do_not_see_the_folder_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dask_cluster(tmp_path / "cluster", workers=1) as cluster:
        # A folder that only this process has: the mark is written where no worker looks.
        monkeypatch.setattr("pkdot.experiments.dask_engine.write_text", lambda path, text: None)
        with pytest.raises(ConfigError, match=r"does not see .*on a disk"):
            run_grid([small_config()], ARMS, engine=cluster.address, folder=tmp_path / "cells")
