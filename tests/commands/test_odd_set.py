"""Odd values of --set and --config: one sentence and exit status 2, or the value as written."""

import argparse
from pathlib import Path

import pytest

from pkdot.__main__ import main
from pkdot.commands.experiment_arguments import setting

ODD = {
    "deep": "data.classes=" + "[" * 100_000,
    "closed": "data.classes=" + "[" * 100_000 + "]" * 100_000,
    "digits": "seed=" + "9" * 10_000,
    "twice": 'distiller_options={"pkdot": {"k": 3, "k": 4}}',
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_value_is_one_sentence(name: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as told:
        setting(ODD[name])
    assert len(str(told.value)) < 200
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ODD)
def test_the_command_ends_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--set", ODD[name]])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "--set" in said


@pytest.mark.parametrize(
    "content", ['{"seed": 1, "seed": 2}', "[" * 100_000, "[1]", "\xff", '{"seed": 1e999}']
)
def test_an_odd_config_is_one_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content.encode("latin-1"))
    assert main(["run", "--config", str(path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_usual_values_are_read_as_json_or_as_text() -> None:
    assert setting('a={"b": 1, "c": {"b": 2}}') == ("a", {"b": 1, "c": {"b": 2}})
    assert setting("a=b=c") == ("a", "b=c")
