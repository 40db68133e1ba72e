"""The example that comes with the kit: a record and its control, whole, alike and small."""

from pathlib import Path

import pytest

from pkdot import ExperimentConfig
from pkdot.errors import ConfigError
from pkdot.experiments import example
from pkdot.experiments.example import LARGEST, example_config, make_example
from pkdot.record import open_record
from pkdot.record.control import gain_of, is_control, pairs_of
from pkdot.record.location import control_directory, example_directory
from tests.support.small_config import small_config


def bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_the_shipped_example_answers_what_its_teacher_brought() -> None:
    run = open_record(example_directory())
    control = open_record(control_directory(example_directory()))
    for record in (run, control):
        assert record.status == "finished"
        assert record.missing_files() == record.changed_files() == []
    assert is_control(control, run)
    gain = gain_of(pairs_of(run, [run, control]))
    assert gain is not None
    assert gain.closed is not None
    assert (gain.over, gain.closed.n) == ("test samples", run.facts["data"]["test"])
    assert bytes_in(run.path) + bytes_in(control.path) <= LARGEST


def test_the_shipped_example_has_the_settings_that_the_kit_would_give_it() -> None:
    recorded = open_record(example_directory()).config
    assert ExperimentConfig.of(recorded) == example_config()


@pytest.mark.slow
def test_an_example_is_made_with_its_control(tmp_path: Path) -> None:
    target = tmp_path / "records" / "small"
    config = small_config(training__epochs=1)
    for _ in range(2):  # the second replaces the first
        run = open_record(make_example(target, config=config, progress=False))
    control = open_record(control_directory(target))
    assert is_control(control, run)
    assert gain_of(pairs_of(run, [control])) is not None
    assert run.epochs
    assert not run.checkpoints
    assert not control.epochs
    assert control.metrics["stage"].unique().tolist() == run.metrics["stage"].unique().tolist()
    assert not list(target.parent.glob(".*"))


def test_an_example_replaces_no_folder_of_anything_else(tmp_path: Path) -> None:
    foreign = control_directory(tmp_path / "mine")
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("kept")
    with pytest.raises(ConfigError, match="mine-control is no record"):
        make_example(tmp_path / "mine", progress=False)
    assert (foreign / "thesis.txt").read_text() == "kept"
    assert not (tmp_path / "mine").exists()


def test_an_example_that_is_too_large_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "LARGEST", 1000)
    with pytest.raises(ConfigError, match="under 1000"):
        make_example(tmp_path / "mine", config=small_config(training__epochs=1), progress=False)
    assert not (tmp_path / "mine").exists()


def test_without_a_checkout_a_folder_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "example_directory", lambda: example.PACKAGE / "_example")
    with pytest.raises(ConfigError, match="Give a folder"):
        make_example(progress=False)
