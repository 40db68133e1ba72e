"""Grids whose students train together give the cells that they give one by one."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pkdot.errors import TrainingError
from pkdot.experiments import cell_batches, teacher_cache
from pkdot.experiments.cell_batches import batch_key, batches_of, members_at_once, run_cells
from pkdot.experiments.cells import Arm, run_cell
from pkdot.experiments.config import ExperimentConfig
from pkdot.experiments.sweep import ALONE, run_grid
from tests.support.cells import cell_file
from tests.support.small_config import small_config

KD = Arm("kd", "soft labels", {"method": "kd"})
ARMS = [
    Arm("alone", "student alone", ALONE),
    KD,
    Arm("heavy", "soft labels, heavy", {"method": "kd", "options.kd.weight": 9.0}),
    Arm("logistic", "logistic", role="baseline"),
    Arm("teacher", "teacher", role="teacher"),
]
HUGE = Arm("huge", "soft labels, huge", {"method": "kd", "options.kd.weight": 1e39})
"""A weight that float32 has no number for: the loss is infinite."""


@pytest.fixture(autouse=True)
def _nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher_cache, "_open_stages", type(teacher_cache._open_stages)())


def bases(*seeds: int, **changes: Any) -> list[ExperimentConfig]:
    return [small_config(seed=seed, **changes) for seed in seeds]


def numbers(cells: pd.DataFrame) -> pd.DataFrame:
    return cells[["accuracy", "validation", "validation_criterion"]].astype(float)


@pytest.mark.slow
def test_a_grid_together_is_the_grid_one_by_one(tmp_path: Path) -> None:
    seeds = bases(0, 1, 2)
    one = run_grid(seeds, ARMS, folder=tmp_path / "one", at_once=1, progress=False)
    many = run_grid(seeds, ARMS, folder=tmp_path / "many", progress=False)
    assert list(one.columns) == list(many.columns)
    pd.testing.assert_frame_equal(one[["arm", "replicate"]], many[["arm", "replicate"]])
    # What rounding leaves in float32 may turn the answers of a few of 660 and 40 samples.
    pd.testing.assert_frame_equal(numbers(one), numbers(many), atol=0.03, rtol=0.0)
    files = [sorted(p.name for p in (tmp_path / run).glob("*.json")) for run in ("one", "many")]
    assert files[0] == files[1]


@pytest.mark.slow
def test_each_cell_has_a_file_that_a_later_grid_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = bases(0, 1)
    first = run_grid(seeds, [KD], folder=tmp_path, progress=False)
    cell_file(tmp_path, seeds[1], KD).unlink()
    trained: list[int] = []
    real = cell_batches.compute_cell

    def counted(base: ExperimentConfig, arm: Arm, folder: Path, **how: Any) -> dict[str, Any]:
        trained.append(base.seed)
        return real(base, arm, folder, **how)

    monkeypatch.setattr(cell_batches, "compute_cell", counted)
    monkeypatch.setattr(cell_batches, "train_students", None)  # nothing is left to train together
    again = run_grid(seeds, [KD], folder=tmp_path, progress=False)
    assert trained == [1]
    assert again["accuracy"][0] == first["accuracy"][0]
    assert again["accuracy"][1] == pytest.approx(first["accuracy"][1], abs=5e-3)


@pytest.mark.slow
def test_a_member_that_fails_is_one_row_and_the_others_are_kept(tmp_path: Path) -> None:
    seeds = bases(0, 1)
    grid = run_grid(seeds, [KD, HUGE], folder=tmp_path, progress=False, tolerant=True)
    failed = grid[grid["arm"] == "huge"]
    assert failed["failed"].str.contains("loss became inf").all()
    assert grid[grid["arm"] == "kd"]["accuracy"].notna().all()
    with pytest.raises(TrainingError, match="loss became inf"):
        run_cells([(base, arm) for base in seeds for arm in (HUGE, KD)], tmp_path / "strict")
    for base in seeds:
        assert cell_file(tmp_path / "strict", base, KD).exists()
        assert not cell_file(tmp_path / "strict", base, HUGE).exists()


@pytest.mark.slow
def test_what_cannot_train_together_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = bases(0, 1, training__epochs=1, precision="bf16-mixed")
    run_grid(seeds, [KD], folder=tmp_path, progress=True)
    said = capsys.readouterr().err
    assert said.count("'soft labels' is not trained many at once") == 1
    assert "bf16-mixed" in said


def test_batches_hold_one_method_and_its_weights_and_no_finished_cell(tmp_path: Path) -> None:
    seeds = bases(0, 1, 2)
    order = [(base, arm) for arm in ARMS for base in seeds]
    batches = batches_of(order, tmp_path, jobs=1)
    assert sorted(place for batch in batches for place in batch) == list(range(len(order)))
    names = sorted({order[place][1].name for place in batch} for batch in batches if len(batch) > 1)
    assert {"kd", "heavy"} in names
    assert {"alone"} in names
    assert max(map(len, batches)) == 6
    halves = batches_of(order, tmp_path, jobs=2)
    assert max(map(len, halves)) == 3
    assert max(map(len, batches_of(order, tmp_path, jobs=1, most=4))) == 4
    assert max(map(len, batches_of(order, tmp_path, jobs=1, most=1))) == 1
    cell_file(tmp_path, seeds[0], KD).write_text("{}")
    assert max(map(len, batches_of(order, tmp_path, jobs=1))) == 5


def test_a_batch_is_of_one_network_and_training() -> None:
    (base,) = bases(0)
    heavy, other = ARMS[2], Arm("wide", "wide", {"method": "kd", "training.learning_rate": 0.1})
    assert batch_key(base, KD) == batch_key(base.changed({"seed": 4}), heavy)
    assert batch_key(base, KD) != batch_key(base, other)
    assert batch_key(base, KD) != batch_key(base, ARMS[0])


def test_wide_networks_form_smaller_batches() -> None:
    (base,) = bases(0)
    narrow = members_at_once(base)
    wide = base.changed({"network.hidden": 4096, "training.batch_size": 128})
    assert narrow == cell_batches.MOST
    assert members_at_once(wide) == 1


def test_a_batch_of_one_is_the_cell_alone(tmp_path: Path) -> None:
    (base,) = bases(3)
    done = run_cells([(base, KD)], tmp_path / "batch").cells
    alone = run_cell(base, KD, tmp_path / "alone")
    for name in ("accuracy", "validation_criterion", "best_epoch"):
        assert done[0][name] == alone[name]


@pytest.mark.slow
def test_teachers_of_a_batch_train_once_and_before_their_students(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one: list[int] = []
    real = teacher_cache._train
    monkeypatch.setattr(
        teacher_cache, "_train", lambda c, corpus: one_by_one.append(c.seed) or real(c, corpus)
    )
    seeds = bases(0, 1, training__epochs=1)
    run_cells([(base, KD) for base in seeds], tmp_path)
    assert one_by_one == []
    assert len(list((tmp_path / "teachers").glob("*.safetensors"))) == 2
