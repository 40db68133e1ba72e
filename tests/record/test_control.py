"""What distillation brought: controls found by their settings, and gaps worked by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pkdot.analysis.statistics import paired_difference, resampled_mean
from pkdot.record import Recorder, RunRecord, open_record
from pkdot.record.control import control_config, gain_of, is_control, pairs_of
from pkdot.record.target_columns import target_columns
from pkdot.tasks import Regression

CONFIG = {"data": {"name": "digits", "noise": 0.2}, "network": {"dropout": 0.5}}


def write(
    runs: Path, method: str, seed: int, right: int = 0, *, scores: dict[str, float] | None = None,
    **changes: Any,
) -> RunRecord:  # fmt: skip
    """A finished run whose student answers the first ``right`` of 20 samples, its teacher 18."""
    config = {**CONFIG, "method": method, "seed": seed, "options": {method: {"weight": 2.0}}}
    scores = scores or {"student": right / 20, "teacher": 0.9}
    with Recorder(
        method, runs_dir=runs, run_id=f"{method}-{seed}", corpus="digits", method=method, seed=seed,
        class_names=("a", "b"), config={**config, **changes},
    ) as recorder:  # fmt: skip
        for who, score in scores.items():
            recorder.log_metrics(who, 1, "test", {"accuracy": score})
        columns: dict[str, Any] = {
            "sample_id": [f"s{i:02d}" for i in range(20)],
            "subject": [f"p{i % 5}" for i in range(20)],
            "split": "test",
            "label": np.zeros(20, int),
        }
        for who, correct in (("teacher", 18), ("student", right)):
            wins = (np.arange(20) < correct).astype(float)
            columns |= {f"{who}_0": wins, f"{who}_1": 1 - wins}
        recorder.log_predictions(pd.DataFrame(columns))
        recorder.finish(best_epoch=1)
    return open_record(recorder.path)


def test_a_control_has_the_same_settings_and_no_teacher(tmp_path: Path) -> None:
    run = write(tmp_path, "pkdot", 0, 12)
    control = write(tmp_path, "none", 0, 6, maps=["pca"])
    assert is_control(control, run)  # which maps are drawn changes nothing that is learnt
    assert not is_control(run, control)
    assert not is_control(control, control)
    assert not is_control(write(tmp_path, "none", 1, 6), run)
    other = write(tmp_path / "other", "none", 0, 6, network={"dropout": 0.4})
    assert not is_control(other, run)
    older = write(tmp_path / "older", "none", 0, 6, network={})
    assert not is_control(older, run)
    assert is_control(older, run, lambda config: {**config, "network": {"dropout": 0.5}})
    assert control_config(run) == {**run.config, "method": "none", "options": {}}


def test_one_pair_has_its_interval_over_groups_of_test_samples(tmp_path: Path) -> None:
    run, control = write(tmp_path, "pkdot", 0, 12), write(tmp_path, "none", 0, 6)
    gain = gain_of(pairs_of(run, [run, control]))
    assert gain is not None
    assert (gain.alone, gain.student, gain.teacher) == (0.3, 0.6, 0.9)
    assert gain.closed is not None
    assert gain.closed.mean == pytest.approx(0.5)
    assert gain.closed.low < 0.5 < gain.closed.high
    assert (gain.closed.n, gain.over, gain.seeds) == (5, "test subjects", (0,))
    # Of five people, each with four samples, one has two more right with PKDOT and four have one.
    own = resampled_mean(np.repeat([2, 1, 1, 1, 1], 4) / 4, np.repeat(np.arange(5), 4))
    assert gain.gained is not None
    assert gain.gained.mean == pytest.approx(0.3)
    assert (gain.gained.low, gain.gained.high) == pytest.approx((own.low, own.high))
    assert gain.gained.n == 5


def test_several_seeds_have_theirs_over_seeds(tmp_path: Path) -> None:
    records = [write(tmp_path, "pkdot", seed, right) for seed, right in ((0, 12), (1, 10), (2, 9))]
    records += [write(tmp_path, "none", seed, 6) for seed in (0, 1)]
    records.append(write(tmp_path, "kd", 2, 18))
    gain = gain_of(pairs_of(records[1], records))
    assert gain is not None
    assert gain.seeds == (1, 0)  # seed 2 has no control
    assert gain.closed is not None
    assert gain.closed.mean == pytest.approx((4 + 6) / (12 + 12))
    assert (gain.over, gain.closed.n) == ("seeds", 2)
    assert gain.gained == paired_difference([0.5, 0.6], [0.3, 0.3])
    assert gain.student == pytest.approx((12 + 10) / 40)


def test_where_there_is_no_control_there_is_no_gain(tmp_path: Path) -> None:
    run = write(tmp_path, "pkdot", 0, 12)
    assert gain_of(pairs_of(run, [run])) is None
    broken = write(tmp_path, "none", 0, scores={"student": float("nan")})
    assert gain_of(pairs_of(run, [run, broken])) is None


def test_a_teacher_that_is_no_better_leaves_no_gap(tmp_path: Path) -> None:
    run, control = write(tmp_path, "pkdot", 0, 19), write(tmp_path, "none", 0, 19)
    gain = gain_of(pairs_of(run, [control]))
    assert gain is not None
    assert gain.closed is None
    assert gain.gained is not None
    assert (gain.gained.mean, gain.gained.low, gain.gained.high) == (0, 0, 0)


def test_a_score_that_is_no_mean_is_drawn_anew(tmp_path: Path) -> None:
    rng, runs = np.random.default_rng(0), {}
    targets = rng.normal(size=40)
    task = Regression(targets=("pain",))
    task = task.fitted(task.check(targets))
    heard = {"teacher": targets + 0.1 * rng.normal(size=40)}
    for method, noise in (("pkdot", 0.6), ("none", 1.5)):
        heard["student"] = targets + noise * rng.normal(size=40)
        with Recorder(method, runs_dir=tmp_path, run_id=method, corpus="pain", method=method,
                      seed=0, task=task, config={"method": method}) as recorder:  # fmt: skip
            columns: dict[str, Any] = {"sample_id": [f"s{i}" for i in range(40)]}
            columns |= {"subject": [""] * 40, "split": "test"} | target_columns(task.check(targets))
            for who, answers in heard.items():
                recorded = task.recorded(answers[:, None])
                columns |= {f"{who}_{j}": column for j, column in enumerate(recorded.T)}
                score = task.tallied([task.tally(recorded, task.check(targets))])
                recorder.log_metrics(who, 0, "test", {task.primary.name: score})
            recorder.log_predictions(pd.DataFrame(columns))
            recorder.finish(best_epoch=0)
        runs[method] = open_record(recorder.path)
    gain = gain_of(pairs_of(runs["pkdot"], list(runs.values())))
    assert gain is not None
    assert gain.closed is not None
    shares = (gain.student - gain.alone) / (gain.teacher - gain.alone)
    assert gain.closed.mean == pytest.approx(shares)
    assert 0 < gain.closed.low < gain.closed.mean < gain.closed.high
    assert gain.over == "test samples"
    assert gain.gained is not None
    assert gain.gained.mean == pytest.approx(gain.student - gain.alone)
    assert 0 < gain.gained.low < gain.gained.mean < gain.gained.high
