"""A training that meets NaN or infinity stops before it learns from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import pkdot
from pkdot.__main__ import main
from pkdot.data import load_corpus
from pkdot.errors import DataError, TrainingError
from pkdot.record import list_records
from pkdot.training.finite import check_gradients, check_losses, check_outputs
from tests.support.small_config import small_config

NAMES = np.array([f"s{i}" for i in range(7)])


def test_a_part_of_the_loss_is_named() -> None:
    fine, nan = torch.tensor(1.0), torch.tensor(float("nan"))
    check_losses({"loss": fine, "task": fine}, "student", 1, lambda: NAMES)
    with pytest.raises(TrainingError, match=r"epoch 3 .*student.*nan .*distillation.*7 samples"):
        check_losses({"loss": nan, "task": fine, "distillation": nan}, "student", 3, lambda: NAMES)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_one_wrong_gradient_is_enough(wrong: float) -> None:
    parameters = [torch.nn.Parameter(torch.zeros(3)) for _ in range(2)]
    for p in parameters:
        p.grad = torch.full((3,), 1e30)
    check_gradients(parameters, "teacher", 1, lambda: NAMES)  # large, and finite
    parameters[1].grad = torch.tensor([0.0, wrong, 0.0])
    with pytest.raises(TrainingError, match="gradient of the teacher's loss"):
        check_gradients(parameters, "teacher", 1, lambda: NAMES)


def test_answers_that_are_not_finite_name_their_samples() -> None:
    outputs = torch.zeros(7, 3)
    check_outputs(outputs, NAMES)
    outputs[4, 1] = float("inf")
    with pytest.raises(TrainingError, match=r"1 sample \(s4\)"):
        check_outputs(outputs, NAMES)


@pytest.mark.parametrize("method", ["none", "kd", "pkdot"])
def test_a_learning_rate_of_a_million_ends_in_a_failed_record(method: str, tmp_path: Path) -> None:
    config = small_config(method=method, training__learning_rate=1e6)
    with pytest.raises(TrainingError, match="loss became"):
        pkdot.run_experiment(config, runs_dir=tmp_path, progress=False)
    (found,) = list_records(tmp_path)
    assert found.status == "failed"


def test_the_command_line_says_so_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--quiet", "--runs", str(tmp_path), "--set", "training.learning_rate=1e6"]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith("pkdot: In epoch")
    assert len(told.splitlines()) == 1


def test_a_feature_that_is_not_a_number_names_its_sample(tmp_path: Path) -> None:
    config = small_config(method="none")
    corpus = load_corpus(config.data, 0)
    seen = np.array(corpus.modalities["coarse"])
    sample = corpus.split.validation[3]
    seen[sample] = np.nan
    broken = replace(corpus, modalities={**corpus.modalities, "coarse": seen})
    with pytest.raises(DataError, match=str(corpus.ids[sample])):
        pkdot.run_experiment(config, broken, runs_dir=tmp_path, progress=False)
