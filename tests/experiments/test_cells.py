"""Cells and teacher stages: kept, found again, never confused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from pkdot.data import load_corpus
from pkdot.errors import ConfigError
from pkdot.experiments import cells, teacher_cache
from pkdot.experiments.cells import Arm, check_arm, run_cell
from pkdot.experiments.experiment import (
    drain,
    make_fabric,
    surroundings,
    train_networks,
    train_teacher_stage,
)
from pkdot.experiments.sweep import ALONE
from pkdot.experiments.teacher_cache import teacher_stage
from tests.support.cells import cell_file
from tests.support.small_config import small_config
from tests.training.test_encoders import biovid_config


@pytest.fixture(autouse=True)
def _nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher_cache, "_open_stages", type(teacher_cache._open_stages)())


def test_a_stage_read_from_its_file_is_the_trained_one(tmp_path: Path) -> None:
    config = small_config(method="kd")
    with surroundings(1):
        trained = teacher_stage(config, tmp_path)
        teacher_cache._open_stages.clear()
        before = torch.random.get_rng_state()
        read = teacher_stage(config, tmp_path)
        assert torch.equal(before, torch.random.get_rng_state())
        direct = drain(
            train_teacher_stage(config, load_corpus(config.data, 0), make_fabric(config))
        )
    assert trained.shared is not None
    assert read.shared is not None
    assert read is not trained
    for stage in (trained.shared, read.shared):
        for name, value in direct.targets.output.features.items():
            assert torch.equal(stage.targets.output.features[name], value)
        for part, other in (
            (stage.teacher, direct.teacher),
            (stage.tnets, direct.tnets),
        ):
            for name, value in other.state_dict().items():
                assert torch.equal(part.state_dict()[name], value), name
            assert not any(p.requires_grad for p in part.parameters())
            assert not part.training


@pytest.mark.slow
def test_cells_in_threads_of_one_process_are_those_of_one_after_another(tmp_path: Path) -> None:
    """A Dask worker with several threads runs cells so; torch's random state is all theirs."""
    arms = [Arm("alone", "student alone", ALONE), Arm("kd", "soft labels", {"method": "kd"})]
    tasks = [(small_config(seed=seed), arm) for seed in (0, 1) for arm in arms]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda task: run_cell(*task, tmp_path / "together"), tasks))
    one_by_one = [run_cell(*task, tmp_path / "one") for task in tasks]
    assert [cell["accuracy"] for cell in together] == [cell["accuracy"] for cell in one_by_one]
    assert [cell["validation_criterion"] for cell in together] == [
        cell["validation_criterion"] for cell in one_by_one
    ]


def test_a_damaged_stage_is_trained_anew(tmp_path: Path) -> None:
    config = small_config()
    with surroundings(1):
        whole = teacher_stage(config, tmp_path).shared
        (file,) = tmp_path.glob("*.safetensors")
        file.write_bytes(file.read_bytes()[:100])
        teacher_cache._open_stages.clear()
        again = teacher_stage(config, tmp_path).shared
    assert whole is not None
    assert again is not None
    assert torch.equal(whole.targets.output.outputs, again.targets.output.outputs)


@pytest.mark.slow
def test_one_teacher_serves_all_methods_and_another_each_other_teacher(tmp_path: Path) -> None:
    base = small_config(method="none")
    for changes in (
        {"method": "kd"},
        {"method": "kd", "options.kd.weight": 1.0},
        {"method": "kd", "training.weight_decay": 0.0},
        {"method": "kd", "control": "permuted"},
        {"method": "none"},
        ALONE,
    ):
        run_cell(base, Arm("x", "x", changes), tmp_path)
    assert len(list((tmp_path / "teachers").glob("*.safetensors"))) == 1
    assert len(list(tmp_path.glob("*.json"))) == 6
    run_cell(base, Arm("x", "x", {"method": "kd", "control": "no_privileged"}), tmp_path)
    run_cell(base, Arm("x", "x", {"method": "kd"}, teacher={"network.hidden": 8}), tmp_path)
    assert len(list((tmp_path / "teachers").glob("*.safetensors"))) == 3


def test_a_cell_is_named_by_what_it_depends_on(tmp_path: Path) -> None:
    base = small_config(method="none")
    kd = {"method": "kd"}
    here = cell_file(tmp_path, base, Arm("a", "a", kd))
    assert cell_file(tmp_path, base, Arm("b", "another name", kd)) == here
    for recorded in ({"probe_size": 30}, {"media": False}, {"keep_features": False}):
        assert cell_file(tmp_path, base.changed(recorded), Arm("a", "a", kd)) == here
    others = [
        cell_file(tmp_path, base, Arm("a", "a", {**kd, "training.weight_decay": 0.0})),
        # the same student, but of another teacher
        cell_file(tmp_path, base.changed({"training.weight_decay": 0.0}), Arm("a", "a", kd)),
        cell_file(tmp_path, base, Arm("a", "a", {**kd, "control": "labels"})),
        cell_file(tmp_path, base.changed({"seed": 1}), Arm("a", "a", kd)),
    ]
    assert len({here, *others}) == 5
    alone = Arm("alone", "alone", {**ALONE, "training.weight_decay": 0.0})
    assert cell_file(tmp_path, base, alone) == cell_file(
        tmp_path, base.changed({"training.weight_decay": 0.0}), alone
    ), "a student alone depends on no teacher"


def test_a_student_alone_needs_no_teacher_and_has_the_same_numbers(tmp_path: Path) -> None:
    base = small_config(method="none")
    cell = run_cell(base, Arm("alone", "student alone", ALONE), tmp_path)
    assert not (tmp_path / "teachers").exists()
    config = base.changed(ALONE)
    with surroundings(1):
        corpus = load_corpus(config.data, 0)
        trained = drain(train_networks(config, corpus, make_fabric(config)))
    test = corpus.split.test
    predicted = trained.output.outputs[test].argmax(1).numpy()
    assert cell["accuracy"] == pytest.approx(float(np.mean(predicted == corpus.targets[test])))
    assert cell["validation_criterion"] > 0
    assert "by_group" not in cell, "every digit is a subject of its own"


def test_an_arm_may_not_change_sizes_of_the_shared_teacher() -> None:
    base = small_config()
    for name, value in (("feature_dim", 16), ("hidden", 32), ("heads", 4)):
        changes = {f"network.{name}": value}
        with pytest.raises(ConfigError, match=f"sets network.{name} to {value}") as refused:
            check_arm(base, Arm("wide", "wide", changes))
        assert str(refused.value).count(". ") == 0
        check_arm(base, Arm("wide", "wide", teacher=changes))
        check_arm(base, Arm("wide", "wide", {**ALONE, **changes}))
    with pytest.raises(ConfigError, match="changes the data or the seed"):
        check_arm(base, Arm("noisy", "noisy", teacher={"data.noise": 1.0}))


def test_what_has_been_read_once_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, arm = small_config(), Arm("pkdot", "PKDOT")
    first = run_cell(base, arm, tmp_path)
    monkeypatch.setattr(cells, "_computed", None)
    assert run_cell(base, arm, tmp_path) == first


@pytest.mark.slow
def test_a_stage_of_clips_keeps_features_and_what_each_modality_says_alone(
    biovid_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JOBLIB_MULTIPROCESSING", "0")
    config = biovid_config(biovid_root)
    with surroundings(1):
        trained = teacher_stage(config, tmp_path)
        teacher_cache._open_stages.clear()
        read = teacher_stage(config, tmp_path)
    everyone = np.arange(len(read.corpus))
    for name in ("video", "eda"):
        assert torch.equal(read.corpus.batch(name, everyone), trained.corpus.batch(name, everyone))
        assert torch.equal(read.unimodal_outputs[name], trained.unimodal_outputs[name])
    assert read.unimodal == trained.unimodal
    cell = run_cell(config, Arm("alone", "student alone", ALONE), tmp_path)
    right, size = np.sum(list(cell["by_group"].values()), axis=0)
    assert right / size == pytest.approx(cell["accuracy"])
    assert set(cell["by_group"]) == set(read.corpus.groups[read.corpus.split.test])
