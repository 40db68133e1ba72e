import json
from typing import Annotated, Literal

import pytest
from pydantic import Field

from pkdot import ExperimentConfig, run_experiment
from pkdot.errors import ConfigError
from pkdot.settings import Settings, flatten
from tests.support.small_config import small_config


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


@pytest.mark.slow
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
        ({"seed": True}, "'seed' is True; it should be a number"),
        ({"network.dropout": False}, "'dropout' is False; it should be a number"),
        ({"options.pkdot.k": True}, "'k' is True"),
        (
            {"data.name": "biovid", "data.window": [False, 5]},
            "'window' is [False, 5]; it should be a number",
        ),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"network.dropout": float("nan")}, "finite number"),
        ({"options.pkdot": {"k": 128, "policy": "shared"}}, "batch of more than 128 samples"),
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


def test_a_number_with_a_constraint_inside_a_type_is_one_too() -> None:
    class Sizes(Settings):
        sizes: tuple[Annotated[int, Field(ge=1)], ...] = (1,)
        names: tuple[Literal["a", "b"], ...] = ()
        rate: float | bool = False

    assert Sizes(sizes=[2, 3], names=["a"], rate=True).rate is True
    with pytest.raises(ConfigError, match=r"'sizes'.*number"):
        Sizes(sizes=[True])


def test_a_mapping_is_an_experiment_too() -> None:
    wanted = small_config(seed=3)
    assert ExperimentConfig.of(wanted) is wanted
    assert ExperimentConfig.of(None) == ExperimentConfig()
    assert ExperimentConfig.of(json.loads(wanted.model_dump_json())) == wanted
    assert ExperimentConfig.of({"seed": 3, "network.dropout": 0.1}).network.dropout == 0.1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"sead": 1}, "did you mean 'seed'"),
        ("digits", "not 'digits'; give for instance"),
        (["seed", 1], "not ['seed', 1]; give"),
        ({1: 2}, "not a mapping with other keys"),
    ],
)
def test_what_is_no_experiment_is_told_before_any_work(given: object, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run_experiment(given, progress=False)  # type: ignore[arg-type]
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_kept_does_not_name_the_experiment() -> None:
    for name, value in (("keep_features", False), ("media", True), ("device", "auto")):
        assert ExperimentConfig(**{name: value}).hash == ExperimentConfig().hash


def test_a_boolean_is_refused_for_every_number_and_for_nothing_else() -> None:
    """Every setting in turn, as true and as a list that holds true."""
    for data in ("digits", "biovid"):
        base = ExperimentConfig(data={"name": data})
        numbers = [
            (path, value)
            for path, value in flatten(base.model_dump(mode="json")).items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        assert len(numbers) > 20
        for path, value in numbers:
            with pytest.raises(ConfigError, match="is True; it should be a number"):
                base.changed({path: True})
            assert base.changed({path: value}).hash == base.hash
    assert not ExperimentConfig(keep_features=False).keep_features


def test_a_modality_can_name_its_encoder_on_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from pkdot.__main__ import main

    named = ["--set", "backbones.encoders.eda=spectrogram", "--settings"]
    assert main(["run", *named]) == 0
    assert 'backbones.encoders.eda="spectrogram"' in capsys.readouterr().out.splitlines()
    assert main(["run", "--set", 'backbones.encoders={"eda": "log_mel"}', "--settings"]) == 0
    assert 'backbones.encoders.eda="log_mel"' in capsys.readouterr().out.splitlines()
    assert main(["run", "--set", "backbones.encoders.eda=wave2vec", "--settings"]) == 2
    assert "small, spectrogram" in capsys.readouterr().err
    assert main(["run", "--quiet", *named[:2]]) == 2
    assert "which is no modality of this corpus" in capsys.readouterr().err
