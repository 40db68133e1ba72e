import re
import types
from typing import Any

import pytest

from pkdot.errors import ConfigError
from pkdot.notebook_parameters import Parameters


def notebook(injected: str = "") -> dict[str, Any]:
    """A notebook's globals after its first cells, run as papermill would."""
    space: dict[str, Any] = {"Parameters": Parameters, "np": types}
    exec("parameters = Parameters(globals())", space)
    exec("seed: int = 0\nnoise: float = 0.2\nmethod: str = 'kd'", space)
    exec(injected, space)
    return space


def test_gives_the_values_by_name() -> None:
    space = notebook("seed = 3")
    settings = space["parameters"].check(space)
    assert (settings.seed, settings.noise, settings.method) == (3, 0.2, "kd")
    assert space["parameters"].check(notebook("noise = 1")).noise == 1.0


@pytest.mark.parametrize(
    ("injected", "sentence"),
    [
        ("sede = 3", r"no parameter 'sede'; did you mean 'seed'\?"),
        ("zzz = 1", "no parameter 'zzz'; known: seed, noise, method"),
        ("np = 3", "no parameter 'np'"),
        ("seed = '3'", r"'seed' is '3' \(str\); it must be int"),
        ("seed = 1.5", r"'seed' is 1\.5"),
        ("seed = True", "'seed' is True"),
        ("noise = True", r"'noise' is True \(bool\); it must be float"),
        ("noise = 'loud'", "it must be float"),
        ("method = None", "it must be str"),
    ],
)
def test_misuse_stops_with_a_sentence(injected: str, sentence: str) -> None:
    space = notebook(injected)
    with pytest.raises(ConfigError, match=sentence):
        space["parameters"].check(space)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int | None", "False"), ("tuple[float, ...]", "(True, 0.5)"), ("list[int]", "[True]")],
)
def test_a_boolean_is_no_number_inside_a_type_either(kind: str, value: str) -> None:
    space: dict[str, Any] = {"Parameters": Parameters}
    exec(f"parameters = Parameters(globals())\nsize: {kind} = {value}", space)
    with pytest.raises(ConfigError, match=re.escape(f"it must be {kind}.")):
        space["parameters"].check(space)


def test_cells_can_be_run_again_by_hand() -> None:
    space = notebook()
    space["parameters"].check(space)
    exec("record = 5\ncorpus = 'later cells fill the namespace'\nnoise = 0.3", space)
    assert space["parameters"].check(space).noise == 0.3
    exec("noise = 'loud'", space)
    with pytest.raises(ConfigError):
        space["parameters"].check(space)
    exec("noise = 0.1\nparameters = Parameters(globals())", space)
    assert space["parameters"].check(space).noise == 0.1
