"""Presets: the pinned numbers, what the released script does otherwise, and its leak by name."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pkdot import ExperimentConfig, open_record
from pkdot.__main__ import main
from pkdot.data.biovid.protocols import leaks
from pkdot.errors import ConfigError
from pkdot.experiments.config import differences
from pkdot.experiments.experiment import drain, make_fabric, train_networks, train_teacher_stage
from pkdot.experiments.presets import PRESETS
from pkdot.training.context import selection_indices
from tests.support.small_config import small_config


@pytest.mark.parametrize("name", ["released", "paper"])
def test_the_numbers_of_the_paper(name: str) -> None:
    chosen = ExperimentConfig.preset(name)
    assert chosen.options["pkdot"]["k"] == 30
    assert chosen.options["pkdot"]["weight"] == 0.6
    assert chosen.options["pkdot"]["blur"] == 0.1
    training = chosen.training
    assert (training.batch_size, training.learning_rate, training.epochs) == (128, 1e-4, 20)
    assert (training.schedule, training.weight_decay) == ("plateau", 0)
    assert chosen.network.fusion == "gated_transformer"


def test_only_the_released_preset_leaks() -> None:
    for name in PRESETS:
        chosen = ExperimentConfig.preset(name)
        leaking = name == "released"
        assert leaks(chosen.data.protocol) == leaking
        assert (chosen.training.selection_on == "test_fold_leak") == leaking
    assert ExperimentConfig.preset("released").network.tnet == "random"
    assert ExperimentConfig.preset("paper").network.tnet == "frozen"
    assert ExperimentConfig.preset("paper").options["pkdot"]["policy"] == "shared"


def test_profiles_and_changes() -> None:
    full = ExperimentConfig.preset("paper", {"data.fold": 3, "seed": 2}, profile="full")
    assert full.backbones.video == "r3d18"
    assert full.network.feature_dim == 512
    assert (full.data.fold, full.seed) == (3, 2)
    assert ExperimentConfig.preset("default").backbones.video == "small"


@pytest.mark.parametrize(
    ("name", "profile", "sentence"),
    [("best", "quick", "no preset 'best'"), ("paper", "tiny", "no profile 'tiny'")],
)
def test_unknown_names(name: str, profile: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ExperimentConfig.preset(name, profile=profile)
    with pytest.raises(ConfigError, match="did you mean 'fold'"):
        ExperimentConfig.preset("paper", {"data.fld": 1})


def test_what_released_does_otherwise_is_told_in_full() -> None:
    told = ExperimentConfig.released_differences()
    settings = [d.setting for d in told if d.setting]
    for setting in (
        "options.pkdot.policy",
        "options.pkdot.shift",
        "network.tnet",
        "data.protocol",
        "training.selection_on",
    ):
        assert setting in settings
    assert all(d.released and d.here and d.consequence for d in told)
    assert all(d.released != d.here for d in told)
    assert len(told) > len(settings), "what cannot be reproduced is told too"


def test_a_difference_without_a_consequence_is_noticed() -> None:
    one = ExperimentConfig.preset("released").model_dump()
    two = ExperimentConfig.preset("paper", {"network.hidden": 99}).model_dump()
    with pytest.raises(ConfigError, match=r"network\.hidden"):
        differences(one, two)


@pytest.mark.slow
def test_the_leak_selects_on_the_test_fold() -> None:
    """By request the best epoch is the test fold's best; without it the test fold is not read."""
    from pkdot.data import load_corpus

    corpus = load_corpus(small_config().data, 0)
    for selection_on, part in (
        ("inner_split", corpus.split.validation),
        ("test_fold_leak", corpus.split.test),
    ):
        chosen = small_config(training__selection_on=selection_on, training__selection="accuracy")
        assert np.array_equal(selection_indices(corpus, chosen.training), part)
        reports = []
        trained = drain(train_networks(chosen, corpus, make_fabric(chosen)), reports.append)
        best = reports[-1].best_epoch
        shown = [r for r in reports if r.stage == "student"][best].metrics["validation"]
        predicted = trained.output.outputs[part].argmax(1).numpy()
        assert (predicted == corpus.targets[part]).mean() == pytest.approx(shown["accuracy"])


@pytest.mark.slow
def test_an_untrained_tnet_is_fresh_and_stays_so() -> None:
    chosen = small_config(network__tnet="random")
    from pkdot.data import load_corpus

    corpus = load_corpus(chosen.data, 0)
    shared = drain(train_teacher_stage(chosen, corpus, make_fabric(chosen)))
    students = [
        drain(train_networks(c, corpus, make_fabric(c), shared)).student
        for c in (chosen, chosen.changed({"training.epochs": 1}))
    ]
    one, two = (torch.cat([p.reshape(-1) for p in s.tnets["full"].parameters()]) for s in students)
    trained = torch.cat([p.reshape(-1) for p in shared.tnets["full"].parameters()])
    assert torch.equal(one, two), "it never learns"
    assert not torch.equal(one, trained), "it is not the trained one"


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["one_cycle", "plateau"])
def test_schedules_change_the_rate(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pkdot.data import load_corpus

    seen = []
    original = torch.optim.AdamW.step

    def step(self: torch.optim.AdamW, *args: object, **more: object) -> object:
        seen.append(self.param_groups[0]["lr"])
        return original(self, *args, **more)

    chosen = small_config(training__schedule=schedule, training__epochs=30, training__patience=30)
    corpus = load_corpus(chosen.data, 0)
    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    drain(train_teacher_stage(chosen, corpus, make_fabric(chosen)))
    rates = np.array(seen)
    peak = chosen.training.learning_rate
    assert rates.max() == pytest.approx(peak, rel=0.05)
    if schedule == "one_cycle":
        assert rates[0] < peak / 20
        assert rates.min() < peak / 20
    else:
        assert rates[0] == peak
        assert set(np.round(rates / peak, 6)) <= {1.0, 0.01, 0.0001, 0.000001}


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_runs_from_the_command_line(
    name: str, biovid_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few frames, epochs and people; the preset's own networks, split and stages."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JOBLIB_MULTIPROCESSING", "0")
    settings = {
        "data.root": str(biovid_root),
        "data.video": '{"frames": 4, "size": 32}',
        "backbones.epochs": "1",
        "backbones.batch_size": "8",
        "training.epochs": "2",
        "probe_size": "4",
    }
    given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = ["run", "--preset", name, "--method", "kd", "--quiet", *given]
    assert main([*command, "--runs", str(tmp_path / "runs")]) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    record = open_record(folder)
    assert record.facts["data"]["subjects_on_both_sides"] == (name == "released")
    other = "emg_corrugator" if name == "released" else "eda"
    assert set(record.facts["tnet_by_group"]) == {other}
    told = record.metrics.query("split == 'test'")["stage"]
    assert set(told) == {"video", other, "teacher", "tnet", "student"}


@pytest.mark.parametrize("name", ["paper", "default"])
def test_affwild2_has_presets_of_its_own(name: str) -> None:
    chosen = ExperimentConfig.preset(name, {"data.name": "affwild2"})
    again = ExperimentConfig.preset(name, {"data": {"name": "affwild2"}})
    assert chosen.hash == again.hash
    assert (chosen.data.name, chosen.data.form) == ("affwild2", "plain")
    assert chosen.data.normalisation == ("none" if name == "paper" else "face")
    if name == "paper":
        places = ({"data.name": corpus} for corpus in ("affwild2", "biovid"))
        both = [ExperimentConfig.preset("paper", place, profile="full") for place in places]
        one, other = (config.model_dump() for config in both)
        assert one["options"] == other["options"]
        assert one["training"] == other["training"]
        assert one["network"] == other["network"]
    full = ExperimentConfig.preset(name, {"data.name": "affwild2"}, profile="full")
    assert (full.data.form, full.backbones.picture) == ("raw", "resnet18")
    assert full.backbones.normalisation == "none"
    assert full.data.face.size > chosen.data.face.size


def test_the_released_script_reads_biovid_alone() -> None:
    with pytest.raises(ConfigError, match="no preset 'released' of affwild2; choose from paper"):
        ExperimentConfig.preset("released", {"data.name": "affwild2"})


def test_a_preset_takes_another_method() -> None:
    """The preset's options of PKDOT go with it."""
    chosen = ExperimentConfig.preset("paper", {"method": "kd"})
    assert set(chosen.options) == {"kd"}
    assert chosen.training.learning_rate == 1e-4
    assert ExperimentConfig.preset("paper", {"method": "kd+pkdot"}).options["pkdot"]["k"] == 30


def test_a_preset_of_affwild2_is_chosen_from_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["run", "--preset", "paper", "--settings", "--set"]
    assert main([*command, "data.name=affwild2"]) == 0
    settings = capsys.readouterr().out.splitlines()
    assert 'data.form="plain"' in settings
    assert "options.pkdot.k=30" in settings
    assert main([*command, "data.fold=2"]) == 0
    assert 'data.name="biovid"' in capsys.readouterr().out.splitlines()
