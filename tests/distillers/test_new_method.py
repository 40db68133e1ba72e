"""A new method is one file: the one that CONTRIBUTING prints is found by all, once dropped in.

Notebooks and the page hold no list of methods; they go through the same configuration, sweep and
record as the command line does here.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import pkdot.distillers
from pkdot import ExperimentConfig, run_experiment
from pkdot.__main__ import main
from pkdot.distillers import available_distillers, build_distiller
from pkdot.experiments.sweep import standard_arms
from pkdot.settings import flatten
from tests.support.network_outputs import pair, ready
from tests.support.small_config import small_config

CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def dropped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The file of CONTRIBUTING, in a folder of its own that the package looks into as well."""
    folder = tmp_path_factory.mktemp("distillers")
    (printed,) = re.findall(
        r"```python\n# pkdot/distillers/centred\.py\n(.*?)```", CONTRIBUTING, re.S
    )
    (folder / "centred.py").write_text(printed, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pkdot.distillers, "__path__", [*pkdot.distillers.__path__, str(folder)])
        available_distillers.cache_clear()
        yield
    available_distillers.cache_clear()


def test_its_own_test_in_contributing_passes() -> None:
    (printed,) = re.findall(
        r"```python\n# tests/distillers/test_centred\.py\n(.*?)```", CONTRIBUTING, re.S
    )
    names: dict = {"__name__": "tests.distillers.test_centred", "__package__": "tests.distillers"}
    exec(compile(printed, "CONTRIBUTING.md", "exec"), names)
    tests = [item for name, item in names.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()


def test_configurations_know_it() -> None:
    config = small_config(method="kd+centred", options__centred__weight=2.5)
    assert build_distiller(config.method, config.options).parts[1].settings.weight == 2.5
    assert flatten(config.model_dump())["options.centred.weight"] == 2.5


def test_the_command_line_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--methods"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"none", "kd", "dkd", "pkdot", "centred"} <= listed
    assert listed == set(available_distillers())
    assert main(["run", "--method", "centred", "--settings"]) == 0
    assert "options.centred.weight=" in capsys.readouterr().out


def test_sweeps_know_it() -> None:
    arms = {arm.name: arm for arm in standard_arms("centred")}
    assert arms["centred"].title == "centred embeddings"
    assert arms["centred"].changes["method"] == "centred"


def test_an_experiment_with_it_leaves_a_record() -> None:
    record = run_experiment(small_config(method="centred"), progress=False)
    assert record.method == "centred"
    assert 0 <= record.scores["student accuracy"] <= 1
    metrics = record.metrics
    losses = metrics[(metrics["stage"] == "student") & (metrics["name"] == "distillation")]
    assert len(losses) > 0
    assert np.isfinite(losses["value"]).all()


def test_it_obeys_the_laws() -> None:
    teacher, student, labels = pair()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    moved = [o._replace(embedding=o.embedding[order]) for o in (teacher, student)]
    method = ready("centred")
    assert float(method.loss(teacher, student, labels).detach()) == pytest.approx(
        float(method.loss(*moved, labels).detach())
    )
    assert len(method.tuning) == 6
    assert ExperimentConfig(method="centred").options["centred"]["weight"] == 1.0
