import json

import pytest

from pkdot import ExperimentConfig
from pkdot.errors import ConfigError

from .small import small_config


def test_two_ways_of_writing_one_experiment_are_equal() -> None:
    short = ExperimentConfig()
    long = ExperimentConfig(**json.loads(short.model_dump_json()))
    assert short == long
    assert short.hash == long.hash
    assert ExperimentConfig(options={"pkdot": {"k": 30}}).hash == short.hash


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"network.dropout": 0.1}, {"options.pkdot.k": 8}, {"data.noise": 0.3}]
)
def test_every_change_shows_in_the_hash(change: dict) -> None:
    assert ExperimentConfig().changed(change).hash != ExperimentConfig().hash


def test_the_hash_is_stable_over_processes_and_devices() -> None:
    """Cells of an interrupted sweep are found again by it."""
    import subprocess
    import sys

    command = "import pkdot; print(pkdot.ExperimentConfig(seed=7).hash)"
    told = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == ExperimentConfig(seed=7, device="auto").hash


def test_changing_the_method_drops_options_of_the_old_one() -> None:
    changed = small_config().changed({"method": "kd"})
    assert set(changed.options) == {"kd"}
    assert small_config(method="kd+pkdot").options["pkdot"]["k"] == 8


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sead": 1}, "did you mean 'seed'"),
        ({"network.droput": 0.1}, "did you mean 'dropout'"),
        ({"seed": "one"}, "'seed' is 'one'"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"network.dropout": float("nan")}, "finite number"),
        ({"options.pkdot.k": 128}, "batch of more than 128 samples"),
        ({"options.kd.weight": 1.0}, "no part of the method 'pkdot'"),
        ({"method": "pkd"}, "Unknown distillation method 'pkd'"),
        ({"data.name": "faces"}, "digits"),
        ({"seed.x": 1}, "no setting 'seed.x'"),
    ],
)
def test_misuse_is_told_in_one_sentence(change: dict, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ExperimentConfig().changed(change)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_kept_does_not_name_the_experiment() -> None:
    assert ExperimentConfig(keep_features=False).hash == ExperimentConfig().hash
