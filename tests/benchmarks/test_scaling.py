"""The page of scaling at tiny sizes, and the simulated cluster against what can be reckoned."""

from pathlib import Path

import pytest

from pkdot.benchmarks import scaling
from pkdot.benchmarks.scheduler import Cluster, simulate

NEVER = 1e12


def test_a_worker_alone_computes_all_the_time() -> None:
    cluster = Cluster(1, dispatch=0.0, teacher=20.0, student=10.0, lifetime=NEVER)
    found = simulate(cluster, cells=2000, arms=20)
    assert found["hours"] * 3600 == pytest.approx(100 * 20 + 2000 * 10, rel=0.02)
    assert found["busy"] == pytest.approx(1)
    assert found["lost"] == found["waited"] == 0


def test_handing_out_bounds_a_large_cluster() -> None:
    cluster = Cluster(5000, dispatch=0.01, teacher=0.0, student=1.0, lifetime=NEVER)
    found = simulate(cluster, cells=10_000, arms=1)
    assert found["hours"] * 3600 == pytest.approx(10_000 * 0.01, rel=0.03)


def test_nobody_waits_for_a_teacher_where_seeds_are_as_many_as_workers() -> None:
    cluster = Cluster(100, dispatch=0.001, lifetime=NEVER)
    assert simulate(cluster, cells=2000, arms=20)["waited"] == 0
    assert simulate(cluster, cells=200, arms=20)["waited"] > 0.1


def test_every_cell_is_computed_though_workers_are_lost() -> None:
    calm = simulate(Cluster(8, 0.0, lifetime=NEVER), cells=400, arms=4)
    rough = simulate(Cluster(8, 0.0, lifetime=200.0), cells=400, arms=4)
    assert rough["lost"] > 5
    assert rough["hours"] > calm["hours"]


@pytest.mark.slow
def test_no_cell_is_twice_or_missing() -> None:
    assert scaling.cell_overhead(30, 2)["keep"] > 0


@pytest.mark.full
def test_the_page_says_what_was_measured(tmp_path: Path) -> None:
    report = tmp_path / "scaling.md"
    assert scaling.main(["--quick", "--report", str(report)]) == 0
    page = report.read_text()
    assert "| 1,000 | writing, reading and checking two" in page
    assert "cells on a cluster (simulated)" in page
    assert "nothing of this size was run" in page
