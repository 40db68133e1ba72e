"""Several runs side by side: titles, units of intervals, paired differences."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pkdot.analysis.statistics import resampled_mean
from pkdot.errors import InputError
from pkdot.record import Recorder, RunRecord, open_record
from pkdot.record.compare import compare_runs, named_runs, settings_that_differ
from pkdot.tasks import Regression
from tests.support.example_records import forget_digests

N = 60


def record(
    folder: Path, run_id: str, right: Any, *, seed: int = 0, people: int = 6, **config: Any
) -> RunRecord:
    """A run whose student is right on the samples that ``right`` (N,) names; its teacher always."""
    labels = np.arange(N) % 2
    student = np.where(right, labels, 1 - labels)
    table = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(N)],
            "subject": [f"person {i % people}" for i in range(N)],
            "split": "test",
            "label": labels,
            "teacher_0": 1.0 - labels,
            "teacher_1": labels.astype(float),
            "student_0": 1.0 - student,
            "student_1": student.astype(float),
        }
    )
    method = config.pop("method", "kd")
    with Recorder(
        run_id, runs_dir=folder, run_id=run_id, corpus="faces", method=method, seed=seed,
        config={"seed": seed, **config},
    ) as recorder:  # fmt: skip
        recorder.log_predictions(table)
    return open_record(folder / run_id)


def test_titles_tell_runs_apart_by_what_differs(tmp_path: Path) -> None:
    right = np.full(N, True)
    runs = [
        record(tmp_path, "a", right, data={"n": 100}),
        record(tmp_path, "b", right, data={"n": 400}),
        record(tmp_path, "c", right, data={"n": 400}),
        record(tmp_path, "d", right, method="none"),
    ]
    named = named_runs(runs)
    assert named[0].title == "faces · kd · n 100 · seed 0"
    assert named[1].form == "faces · kd · n 400"
    assert named[1].title != named[2].title
    assert named[3].title == "faces · none · seed 0"
    table = settings_that_differ(named[:2])
    assert table.index.tolist() == ["data.n"]
    assert table.iloc[0].tolist() == ["100", "400"]


def test_one_seed_each_is_compared_over_subjects_and_in_pairs(tmp_path: Path) -> None:
    better = np.arange(N) % 10 < 8
    worse = np.arange(N) % 10 < 5
    named = named_runs(
        [record(tmp_path, "a", worse), record(tmp_path, "b", better, method="pkdot")]
    )
    found = compare_runs(named)
    assert found.over == "test subjects"
    assert found.reference == "faces · kd · seed 0"
    assert found.table["n"].tolist() == [6, 6, 6]
    np.testing.assert_allclose(found.table["mean"], [50, 80, 100])
    assert np.isnan(found.table["difference"].iloc[0])
    assert found.table["difference"].iloc[1] == pytest.approx(30)
    assert found.table["difference_low"].iloc[1] <= 30 <= found.table["difference_high"].iloc[1]
    assert found.table["role"].tolist() == ["student", "student", "teacher"]


def test_where_every_sample_is_its_own_subject_samples_are_the_unit(tmp_path: Path) -> None:
    found = compare_runs(named_runs([record(tmp_path, "a", np.arange(N) < 30, people=N)]))
    assert found.over == "test samples"
    assert found.table["n"].iloc[0] == N
    low, high = found.table[["low", "high"]].iloc[0]
    assert 30 < low < 50 < high < 70


def test_two_seeds_of_each_form_are_compared_over_seeds(tmp_path: Path) -> None:
    runs = [
        record(tmp_path, f"{method}{seed}", np.arange(N) < 30 + lift + 6 * seed, seed=seed,
               method=method)
        for method, lift in (("kd", 0), ("pkdot", 12))
        for seed in (0, 1)
    ]  # fmt: skip
    found = compare_runs(named_runs(runs))
    assert found.over == "seeds"
    assert found.table["arm"].tolist()[:2] == ["faces · kd", "faces · pkdot"]
    np.testing.assert_allclose(found.table["mean"][:2], [55, 75])
    assert found.table["difference"].iloc[1] == pytest.approx(20)
    assert found.table["difference_low"].iloc[1] == pytest.approx(20)  # the same in each seed


def test_unequal_test_samples_are_not_paired(tmp_path: Path) -> None:
    one, two = (record(tmp_path, name, np.full(N, True)) for name in "ab")
    path = two.path / "predictions.parquet"
    forget_digests(path.parent)
    pd.read_parquet(path).iloc[:-1].to_parquet(path)
    found = compare_runs(named_runs([one, two]))
    assert found.reference == ""
    assert "difference" not in found.table


def test_runs_without_predictions_are_left_out_by_name(tmp_path: Path) -> None:
    with Recorder("bare", runs_dir=tmp_path, run_id="bare", corpus="x", method="y"):
        pass
    bare = open_record(tmp_path / "bare")
    found = compare_runs(named_runs([bare, record(tmp_path, "a", np.full(N, True))]))
    assert found.left_out == ("x · y",)
    with pytest.raises(InputError, match="choose runs that have finished"):
        compare_runs(named_runs([bare]))


def test_resampling_draws_whole_groups() -> None:
    values = np.repeat([0.0, 1.0], 50)
    alone = resampled_mean(values, np.arange(100))
    grouped = resampled_mean(values, np.repeat(np.arange(4), 25))
    assert alone.mean == grouped.mean == 0.5
    assert alone.n == 100
    assert grouped.n == 4
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)
    with pytest.raises(InputError, match="at least two groups"):
        resampled_mean(values, np.zeros(100))
    with pytest.raises(InputError, match="one group a sample"):
        resampled_mean(values, np.arange(3))


def values_record(folder: Path, run_id: str, noise: float) -> RunRecord:
    """A run of one real target whose student errs by ``noise``."""
    rng, truth = np.random.default_rng(0), np.sin(np.arange(N))
    table = pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(N)],
            "subject": [f"person {i % 6}" for i in range(N)],
            "split": "test",
            "label": -1,
            "target_0": truth,
            "teacher_0": truth,
            "student_0": truth + noise * rng.standard_normal(N),
        }
    )
    with Recorder(
        run_id, runs_dir=folder, run_id=run_id, corpus="faces", method=run_id, seed=0,
        task=Regression(targets=("valence",)),
    ) as recorder:  # fmt: skip
        recorder.log_predictions(table)
    return open_record(folder / run_id)


def test_real_values_are_compared_by_their_score_on_draws_of_groups(tmp_path: Path) -> None:
    runs = [values_record(tmp_path, "rough", 1.0), values_record(tmp_path, "fine", 0.2)]
    found = compare_runs(named_runs(runs))
    assert found.score.name == "ccc"
    rough, fine, teacher = found.table.itertuples()
    assert teacher.mean == pytest.approx(1.0)
    assert rough.low < rough.mean < rough.high < fine.low
    assert fine.difference == pytest.approx(fine.mean - rough.mean)
    assert fine.difference_low > 0
    other = record(tmp_path, "classes", np.full(N, True))
    mixed = compare_runs(named_runs([*runs, other]))
    assert mixed.left_out == ("faces · kd · seed 0",)
