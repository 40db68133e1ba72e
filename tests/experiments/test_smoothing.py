"""The width of smoothing: chosen on the inner split by a model that is no arm, for all arms."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import pkdot
from pkdot.__main__ import main
from pkdot.analysis.smoothing import WIDTHS, smooth_over_time
from pkdot.data import Corpus
from pkdot.data.affwild2 import AffWild2Settings
from pkdot.data.simulate.affwild2 import simulate
from pkdot.errors import ConfigError
from pkdot.experiments.cells import Arm, run_cell
from pkdot.experiments.results import answered
from pkdot.experiments.smoothing import with_chosen_smoothing
from pkdot.tasks.plain_models import STRENGTHS
from tests.support.small_config import small_config
from tests.support.small_corpora import small_corpus, windows_corpus


def film(**changes: Any) -> Corpus:
    """Windows over one film whose targets drift slowly and whose faces are noisy."""
    plain = windows_corpus()
    assert plain.frames is not None
    numbers = np.asarray(plain.frames[np.arange(len(plain))]).astype(int)
    names = np.char.add("film/", np.char.zfill(numbers.astype(str), 5))
    chance = np.random.default_rng(4)
    face = plain.modalities["face"][:] + 3 * chance.standard_normal((len(plain), 6, 5))
    fields = {"frames": names, "smoothing": None, "fingerprint": f"film {sorted(changes)}"}
    given = {**plain.modalities, "face": np.float32(face)}
    return windows_corpus(**{**fields, "modalities": given, **changes})


def test_the_width_is_what_suits_a_ridge_regression_on_the_inner_split() -> None:
    """Against the same steps by scikit-learn and by hand, without chunks."""
    corpus = film()
    chosen, split = with_chosen_smoothing(corpus), corpus.split
    face, targets = corpus.modalities["face"], corpus.targets
    seen, told = face[split.labelled].reshape(-1, 5), targets[split.labelled].reshape(-1, 2)
    known, scale = np.isfinite(told).all(1), None
    scale = StandardScaler().fit(seen[known])
    inner = scale.transform(face[split.validation].reshape(-1, 5))
    names = corpus.frame_names(split.validation).ravel()
    ids, first = np.unique(names, return_index=True)
    task, best = corpus.task, {}
    for strength in STRENGTHS:
        model = Ridge(alpha=1 / strength).fit(
            scale.transform(seen[known]), task.plain_targets(told[known])
        )
        answers = model.predict(inner)
        means = np.stack([answers[names == name].mean(0) for name in ids])
        truth = targets[split.validation].reshape(-1, 2)[first]
        scores = {
            width: task.tallied([task.tally(
                task.recorded(smooth_over_time(means, np.full(len(ids), "film"), width)), truth
            )])
            for width in WIDTHS
        }  # fmt: skip
        sign = 1 if task.primary.higher_is_better else -1
        if not best or sign * scores[1] > sign * best[1]:
            best = scores
    found = chosen.facts["smoothing_chosen"]["scores"]
    assert {int(width) for width in found} == set(WIDTHS)
    for width in WIDTHS:
        assert found[str(width)] == pytest.approx(best[width], abs=1e-5)
    assert chosen.smoothing == chosen.facts["smoothing"] > 1
    assert "ridge regression on face" in chosen.facts["smoothing_chosen"]["by"]


def test_neither_the_test_nor_a_privileged_modality_moves_it() -> None:
    corpus = film()
    targets = corpus.targets.copy()
    targets[corpus.split.test] = 7.0
    other = film(targets=targets, given_targets=targets)
    eda = {**corpus.modalities, "eda": corpus.modalities["eda"] * 0}
    for changed in (other, film(modalities=eda)):
        facts = with_chosen_smoothing(changed).facts
        assert facts["smoothing_chosen"] == with_chosen_smoothing(corpus).facts["smoothing_chosen"]


def test_a_width_that_was_given_stays_and_one_to_be_chosen_is_not_forgotten() -> None:
    given = film(smoothing=5)
    assert with_chosen_smoothing(given) is given
    with pytest.raises(ConfigError, match="still to be chosen"):
        answered(film(), np.arange(3), np.zeros((3, 6, 2)))
    with pytest.raises(ConfigError, match="no windows"):
        with_chosen_smoothing(small_corpus("regression", smoothing=None))
    with pytest.raises(ConfigError, match="odd"):
        AffWild2Settings(smoothing=4)
    with pytest.raises(ConfigError, match="smoothing"):
        AffWild2Settings(smoothing="some")  # type: ignore[arg-type]
    assert AffWild2Settings(smoothing="auto").smoothing == "auto"


@pytest.mark.slow
def test_teacher_and_student_of_any_method_have_the_same_width(tmp_path: Path) -> None:
    widths = set()
    for method, temporal in (("none", "none"), ("pkdot", "gru")):
        changes = {"method": method, "network.temporal": temporal, "training.epochs": 1}
        config = small_config().changed(changes)
        run = pkdot.run_experiment(config, film(), progress=False, runs_dir=tmp_path / method)
        widths.add(run.facts["data"]["smoothing"])
    assert widths == {with_chosen_smoothing(film()).smoothing}


@pytest.mark.slow
def test_every_arm_of_a_sweep_and_a_submission_have_the_chosen_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arms under ``auto`` score as under the number that it finds."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    simulate(tmp_path / "root", videos=8, frames=40, size=32, jobs=1, progress=False)
    data = {"name": "affwild2", "root": str(tmp_path / "root"), "length": 8, "face": {"size": 32}}
    auto = small_config(training__epochs=1).changed({"data": {**data, "smoothing": "auto"}})
    run = pkdot.run_experiment(auto, progress=False, runs_dir=tmp_path / "runs")
    width = run.facts["data"]["smoothing"]
    assert width in WIDTHS
    other = auto.changed({"data.smoothing": width})
    arms = [Arm("ridge", "ridge", role="baseline"), Arm("teacher", "teacher", role="teacher"),
            Arm("kd", "kd", {"method": "kd"})]  # fmt: skip
    for arm in reversed(arms):
        one, two = (
            run_cell(config, arm, tmp_path / name)
            for config, name in ((auto, "auto"), (other, "number"))
        )
        assert one["ccc"] == two["ccc"], arm.name
    another = auto.changed({"data.smoothing": 41 if width == 1 else 1})
    assert run_cell(another, arms[0], tmp_path / "another")["ccc"] != one["ccc"]
    out = tmp_path / "answers.txt"
    assert main(["predict", str(run.path), data["root"], "--out", str(out), "--quiet"]) == 0
    smoothed = pd.read_csv(out)[["valence", "arousal"]].to_numpy()
    assert np.isfinite(smoothed).all()


@pytest.mark.slow
def test_raw_faces_go_over_time_and_their_backbones_are_smoothed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backbone, temporal part, fusion over frames, submission; and the face's own linear layer."""
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    simulate(tmp_path / "root", videos=8, frames=24, size=32, jobs=1, progress=False)
    data = {"name": "affwild2", "root": str(tmp_path / "root"), "length": 8, "form": "raw",
            "face": {"size": 32}, "sound": {"bands": 16, "context": 0.32},
            "smoothing": "auto"}  # fmt: skip
    network = {"fusion": "joint_cross_attention", "attends_over": "frames", "temporal": "tcn"}
    config = small_config(training__epochs=1, backbones__epochs=1)
    config = config.changed(
        {"data": data, **{f"network.{name}": value for name, value in network.items()}}
    )
    run = pkdot.run_experiment(config, progress=False, runs_dir=tmp_path / "runs")
    out = tmp_path / "answers.txt"
    assert main(["predict", str(run.path), data["root"], "--out", str(out), "--quiet"]) == 0
    assert np.isfinite(pd.read_csv(out)[["valence", "arousal"]]).to_numpy().all()
    face = Arm("face", "face alone", role="unimodal")
    width = run.facts["data"]["smoothing"]
    scores = [
        run_cell(config.changed({"data.smoothing": smoothing}), face, tmp_path / str(smoothing))
        for smoothing in ("auto", width, 21 if width != 21 else 1)
    ]
    assert scores[0]["ccc"] == scores[1]["ccc"] != scores[2]["ccc"]
