"""Pairing in experiments: keys, refusals, runs, cells and resumption."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkdot import ExperimentConfig, open_record, run_experiment
from pkdot.__main__ import main
from pkdot.errors import ConfigError
from pkdot.experiments import teacher_cache
from pkdot.experiments.cells import Arm, cell_key, check_arm, run_cell
from pkdot.experiments.corpora import experiment_corpus, prepared_corpus
from pkdot.experiments.own_networks import OwnNetworks
from pkdot.experiments.ranks import check_ranks
from pkdot.experiments.sweep import ALONE, run_grid
from pkdot.experiments.teacher_cache import stage_key
from pkdot.settings import flatten
from tests.support.interruption import Ended, ended_before, run, unequal
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus

APART = {"network.teacher_sees": "privileged", "pairing.unpaired": 1.0}
KD = Arm("kd", "soft labels", {"method": "kd"})


def apart(**changes: Any) -> ExperimentConfig:
    return small_config(**changes).changed(APART)


@pytest.fixture(autouse=True)
def _nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher_cache, "_open_stages", type(teacher_cache._open_stages)())


def test_settings_that_change_nothing_are_on_no_record_and_in_no_key() -> None:
    plain = small_config()
    idle = plain.changed({"pairing.teacher_share": 0.3, "pairing.teacher_tail": 2.0})
    assert plain.on_record() == idle.on_record()
    assert "pairing" not in plain.on_record()
    assert "teacher_sees" not in plain.on_record()["network"]
    assert plain.hash == idle.hash
    assert ExperimentConfig(**plain.on_record()) == plain
    changed = [
        {"pairing.wrong": 0.2},
        {"pairing.tail": 2.0},
        {"network.teacher_sees": "privileged"},
        APART,
        {**APART, "pairing.teacher_share": 0.3},
        {**APART, "pairing.teacher_tail": 2.0},
    ]
    others = [plain.changed(own) for own in changed]
    for key in (lambda c: c.hash, stage_key, lambda c: cell_key(c, KD)):
        assert len({key(c) for c in (plain, *others)}) == 1 + len(others)
    for config in others:
        assert ExperimentConfig(**json.loads(json.dumps(config.on_record()))) == config


def test_a_teacher_of_privileged_modalities_comes_with_a_student_that_copies_nothing() -> None:
    for config in (
        apart(),
        ExperimentConfig(network={"teacher_sees": "privileged"}),
        ExperimentConfig().changed({"network": {"teacher_sees": "privileged"}}),
        ExperimentConfig(network={"tnet": "frozen"}).changed(APART),
    ):
        assert (config.network.student_encoder, config.network.tnet) == ("fresh", "none")
    assert apart().changed({"seed": 3}).network == apart().network
    assert apart(method="none").student_is_alone


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pairing.unpaired": 0.5}, "set network.teacher_sees to 'privileged'"),
        ({**APART, "network.tnet": "joint"}, "or let network.teacher_sees be 'all'"),
        ({**APART, "network.student_encoder": "copied"}, "now 'copied'"),
        ({**APART, "control": "no_privileged"}, "hides what a teacher"),
        ({**APART, "pairing.wrong": 0.5}, "no pair without label"),
        ({"pairing.wrong": 1.5}, "less than or equal to 1"),
        ({"pairing.wrongs": 0.5}, "did you mean 'wrong'"),
        ({"pairing.tail": 0.5}, "greater than or equal to 1"),
    ],
)
def test_misuse_is_told_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        small_config().changed(changes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_misuse_at_the_command_line_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["run", "--quiet", "--runs", str(tmp_path), "--data", "diabetes"]
    assert main([*given, "--set", "pairing.tail=3"]) == 2
    assert "the task is 'regression'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(["run", "--settings", "--set", "pairing.wrong=0.5"]) == 0
    assert "pairing.wrong=0.5" in capsys.readouterr().out.splitlines()


def test_a_batch_needs_trusted_pairs(tmp_path: Path) -> None:
    few = apart(training__labelled_share=0.04)
    with pytest.raises(ConfigError, match="A batch holds 1 of the 40 trusted pairs"):
        run_experiment(few, progress=False, runs_dir=tmp_path)
    shared = apart(training__labelled_share=0.1).changed({"options.pkdot.policy": "shared"})
    with pytest.raises(ConfigError, match="needs 9 or more"):
        run_experiment(shared, progress=False, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    crowded = apart(method="kd", training__labelled_share=1.0)
    corpus = experiment_corpus(crowded, progress=False)
    check_ranks(crowded, corpus, 2)
    with pytest.raises(ConfigError, match="lose some of its trusted pairs"):
        check_ranks(crowded, corpus, 3)


def test_an_arm_may_bring_its_pairing_for_both_networks_and_no_other_test() -> None:
    base = apart(method="none")
    check_arm(base, KD)
    all_pairs = {"pairing.unpaired": 0.0}
    check_arm(base, Arm("ceiling", "all pairs", {"method": "kd"}, teacher=all_pairs))
    for arm, sentence in (
        (Arm("x", "x", {"method": "kd", "pairing.unpaired": 0.5}), "of its student alone"),
        (Arm("x", "x", {"method": "kd"}, teacher={"pairing.tail": 2.0}), "the tail"),
        (Arm("x", "x", {"method": "kd", "training.doubtful_pairs": "keep"}), "its student alone"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            check_arm(base, arm)
    sees_all = {"network.teacher_sees": "all", "pairing.unpaired": 0.0}
    paired = small_config(method="none", network__teacher_sees="privileged")
    with pytest.raises(ConfigError, match="teacher_sees"):
        check_arm(paired, Arm("x", "x", {"method": "kd", **sees_all}))


def test_a_run_records_what_was_done(tmp_path: Path) -> None:
    config = apart(method="kd+pkdot", pairing__tail=2.0)
    record = run_experiment(config, progress=False, runs_dir=tmp_path)
    facts = record.facts["data"]
    corpus = experiment_corpus(config, progress=False)
    done = facts["pairing"]
    assert facts["fingerprint"] == corpus.fingerprint
    assert facts["teacher_only"] == done["teacher_only"] == len(corpus.split.teacher_only)
    assert done["student_only"] == facts["unlabelled"]
    assert (done["trusted_pairs"], done["doubtful_pairs"], done["wrong_pairs"]) == (40, 0, 0)
    assert set(done["class_shares"]["test"]) == {str(digit) for digit in range(10)}
    assert "40 trusted pairs" in record.facts["notes"][0]
    assert ExperimentConfig(**record.config) == config
    batch = record.batch(record.batch_epochs[-1])
    labelled = set(corpus.ids[corpus.split.labelled])
    assert set(batch.sample_ids) <= labelled
    assert np.isfinite(record.predictions["teacher_0"]).all()


def test_a_given_teacher_is_wrong_where_its_pairs_are() -> None:
    corpus = small_corpus()
    rows = np.arange(len(corpus), dtype=np.float32)
    width = corpus.task.output_width
    outputs = np.eye(width)[rows.astype(int) % width]
    own = OwnNetworks.of({"embedding": np.stack([rows, rows], 1), "outputs": outputs}, None)
    config = small_config(pairing__wrong=1.0)
    paired = prepared_corpus(config, own.corpus(corpus))
    z = np.asarray(paired.modalities["teacher"][np.arange(len(corpus))])[:, 0].astype(int)
    assert (z != rows).sum() == 30
    found = own.given_outputs(paired)
    assert found is not None
    assert (found.argmax(1) == z % width).all()


@pytest.mark.slow
def test_an_unpaired_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    config = apart(method="kd+pkdot", control="other_batch")
    whole = run(tmp_path / "whole", config=config, checkpoint_every=None)
    with ended_before("update", 19), pytest.raises(Ended):
        run(tmp_path / "cut", config=config)
    (record,) = (path for path in (tmp_path / "cut").iterdir() if path.is_dir())
    assert open_record(record).metrics["stage"].iloc[-1] == "student"
    assert run(tmp_path / "cut", resume=record.name) == record
    assert unequal(record, whole) == []


@pytest.mark.slow
def test_a_grid_together_is_the_grid_one_by_one(tmp_path: Path) -> None:
    bases = [apart(method="none", seed=seed) for seed in (0, 1)]
    arms = [Arm("alone", "student alone", ALONE), KD, Arm("teacher", "teacher", role="teacher")]
    one = run_grid(bases, arms, folder=tmp_path / "one", at_once=1, progress=False)
    many = run_grid(bases, arms, folder=tmp_path / "many", progress=False)
    for score in ("accuracy", "validation_criterion"):
        assert np.allclose(one[score].astype(float), many[score].astype(float), atol=0.03)
    files = [sorted(p.name for p in (tmp_path / run).glob("*.json")) for run in ("one", "many")]
    assert files[0] == files[1]


def test_a_stage_read_from_its_file_has_the_teacher_that_was_trained(tmp_path: Path) -> None:
    first = run_cell(apart(method="none"), KD, tmp_path / "cells")
    teacher_cache._open_stages.clear()
    (tmp_path / "cells" / f"{cell_key(apart(method='none'), KD)}.json").unlink()
    again = run_cell(apart(method="none"), KD, tmp_path / "cells")
    assert again["validation_criterion"] == first["validation_criterion"]
    assert len(list((tmp_path / "cells" / "teachers").glob("*.safetensors"))) == 1


@pytest.mark.parametrize(
    ("method", "hashed"),
    [("pkdot", "2e3b838c65da"), ("kd+pkdot", "abaec9beb6f3"), ("rows", "0b18d92908ea")],
)
def test_an_experiment_of_before_these_settings_has_the_hash_that_it_had(
    method: str, hashed: str
) -> None:
    assert ExperimentConfig(method=method).hash == hashed


def test_settings_that_came_late_are_listed_all_the_same() -> None:
    listed = flatten(ExperimentConfig().model_dump())
    assert {
        "pairing.wrong",
        "network.teacher_sees",
        "training.doubtful_pairs",
        "options.pkdot.share",
        "options.pkdot.trusted_rows",
    } <= set(listed)
