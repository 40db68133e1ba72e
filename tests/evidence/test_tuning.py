"""Tuning: which setting is chosen, where it is kept, what a kill costs."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.errors import ConfigError, RecordError
from pkdot.evidence.contenders import ceilings, find_contenders
from pkdot.evidence.steps import run_tuning
from pkdot.evidence.tuning import (
    SCORE,
    Choice,
    choices_file,
    choose,
    read_choices,
    write_choices,
)
from tests.support.small_campaign import SMALL, small_campaign

ROOT = Path(__file__).parents[2]


def tuned(scores: dict[str, list[float]], failed: str = "") -> pd.DataFrame:
    """Finished cells of kd's settings on as many seeds as there are scores."""
    return pd.DataFrame(
        [
            {
                "arm": arm,
                "seed": seed,
                SCORE: score,
                "validation": 1 - score,
            }
            for arm, own in scores.items()
            if arm != failed
            for seed, score in enumerate(own)
        ]
    )


def test_the_setting_with_the_lowest_mean_cross_entropy_is_chosen() -> None:
    kd = find_contenders(["kd"])[-1]
    scores = {f"kd#{n}": [0.5, 0.7] for n in range(6)}
    scores["kd#2"] = [0.1, 0.8]
    scores["kd#4"] = [0.4, 0.4]
    (choice,) = choose(tuned(scores), [kd], [0, 1]).values()
    assert choice.changes == kd.candidates[4]
    assert choice.scores == pytest.approx((0.6, 0.6, 0.45, 0.6, 0.4, 0.6))
    (choice,) = choose(tuned(scores, failed="kd#4"), [kd], [0, 1]).values()
    assert choice.changes == kd.candidates[2], "a setting that failed once is out"
    assert choice.scores[4] is None
    with pytest.raises(ConfigError, match="Every setting of 'kd' failed"):
        choose(tuned({f"kd#{n}": [np.nan] for n in range(6)}), [kd], [0])


def test_choices_are_kept_beside_those_of_others(tmp_path: Path) -> None:
    kd, pkdot = find_contenders(["kd", "pkdot"])[-2:]
    for contender in (kd, pkdot):
        choice = Choice(contender.name, contender.candidates[1], (0.5, None), (0.5, None), (0, 1))
        write_choices(tmp_path, SMALL, {contender.name: choice})
    found = read_choices(tmp_path, SMALL, [kd, pkdot])
    assert found["pkdot"].changes == pkdot.candidates[1]
    assert found["kd"].scores == (0.5, None)
    with pytest.raises(ConfigError, match="'ceiling' has no chosen setting"):
        read_choices(tmp_path, SMALL, [ceilings()[0]])
    other = replace(kd, candidates=({"method": "kd", "options.kd.weight": 7.0},) * 6)
    with pytest.raises(ConfigError, match="none of those that it may try today"):
        read_choices(tmp_path, SMALL, [other])
    choices_file(tmp_path, SMALL).write_text("{")
    with pytest.raises(RecordError, match="damaged"):
        read_choices(tmp_path, SMALL, [kd])


KILLED = """
from pathlib import Path
from pkdot.evidence.campaign import Workers
from tests.support.small_campaign import small_campaign
from pkdot.evidence.steps import run_tuning
run_tuning(small_campaign(Path({folder!r}), settings=6, workers=Workers(jobs=2)))
"""


@pytest.mark.slow
@pytest.mark.full
def test_killed_and_restarted_it_loses_one_cell_a_worker_at_most(tmp_path: Path) -> None:
    script = KILLED.format(folder=str(tmp_path))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, start_new_session=True, env=environment,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    cells = tmp_path / "cells"
    deadline = time.monotonic() + 120
    while len(list(cells.glob("*.json"))) < 8 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    _, errors = process.communicate()
    kept = {file: file.stat().st_mtime_ns for file in cells.glob("*.json")}
    assert 8 <= len(kept) < 60
    bar = errors.replace("\r", "\n").splitlines()[-1]
    assert "small: tuning" in bar
    assert "cell" in bar
    shown = int(bar.split("|")[2].split("/")[0])
    assert shown >= len(kept) - 2 - 2, "what the bar had not shown yet was at most under way"
    run_tuning(small_campaign(tmp_path, settings=6))
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    whole = small_campaign(tmp_path / "whole", settings=6)
    run_tuning(whole)
    folders = (tmp_path / "choices", tmp_path / "whole" / "choices")
    found = [read_choices(folder, SMALL, None) for folder in folders]
    assert found[0].keys() == found[1].keys()
    for name, choice in found[0].items():  # cells of a batch depend on it, by rounding
        assert choice.scores == pytest.approx(found[1][name].scores, abs=0.02)
