"""The cross of modality, fusion, encoder and task: which settings, and what running them gives."""

from pathlib import Path

import numpy as np
import pytest

from pkdot.analysis.gains import factor_table, gain_table, gains_by_seed
from pkdot.data import load_corpus
from pkdot.errors import ConfigError
from pkdot.experiments.agnostic import (
    ENCODERS,
    FUSIONS,
    QUICK,
    USUAL_ENCODER,
    USUAL_FUSION,
    all_problems,
    probe_corpus,
    run_settings,
    setting_arms,
    settings_of,
)
from tests.support.small_corpora import windows_corpus

ALL = all_problems()
SMALL = all_problems(people=10, epochs=1, label_fraction=0.3)


def test_the_quick_profile_varies_one_thing_at_a_time() -> None:
    chosen = [ALL[name] for name in QUICK]
    settings = settings_of(chosen)
    assert len({(s.problem.name, s.fusion, s.encoder) for s in settings}) == len(settings)
    assert [s.problem.name for s in settings[: len(QUICK)]] == list(QUICK)
    others = [(s.fusion, s.encoder) for s in settings[len(QUICK) :]]
    assert all((f == USUAL_FUSION) != (e == USUAL_ENCODER) for f, e in others)
    assert {f for f, _ in others} == set(FUSIONS)
    assert {e for _, e in others} == set(ENCODERS)
    assert 3 * len(settings) <= 60, "three seeds of all settings stay below sixty distillations"


def test_the_full_profile_is_the_whole_cross_of_what_can_read_one_another() -> None:
    settings = settings_of(list(ALL.values()), "full")
    tokens = sum(problem.has_tokens for problem in ALL.values())
    vectors = len(ALL) - tokens
    assert len(settings) == len(ENCODERS) * (tokens * len(FUSIONS) + vectors)
    assert len({(s.problem.name, s.fusion, s.encoder) for s in settings}) == len(settings)


def test_all_tasks_and_privileged_modalities_are_in_the_quick_profile() -> None:
    kinds, hidden = set(), set()
    for name in QUICK:
        data = ALL[name].base.data
        hidden.add(getattr(data, "privileged", data.name))
        kinds.add(getattr(data, "target", data.name))
    assert {("skin",), ("voice",), ("face",), ("eda",), "digits", "diabetes"} <= hidden
    assert {"digit", "attributes", ("mood",), ("tension",), "diabetes"} <= kinds


@pytest.mark.parametrize(
    ("chosen", "profile", "sentence"),
    [([], "quick", "no problem"), ([ALL["digits"]], "half", "no profile 'half'")],
)
def test_misuse_is_refused(chosen: list, profile: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        settings_of(chosen, profile)


@pytest.mark.slow
def test_a_seed_draws_its_own_people_and_finds_them_again(tmp_path: Path) -> None:
    first, other, again = (SMALL["skin"].at(tmp_path, seed) for seed in (0, 1, 0))
    assert first == again
    assert first.data.contents != other.data.contents
    one, two = (load_corpus(config.data, config.seed) for config in (first, other))
    assert one.simulated
    assert not np.array_equal(one.batch("skin", np.arange(3)), two.batch("skin", np.arange(3)))
    for part in ("validation", "test"):
        apart = set(one.groups[one.split.train]) & set(one.groups[getattr(one.split, part)])
        assert not apart


def test_students_of_every_encoder_share_one_teacher_and_one_student_alone() -> None:
    arms = setting_arms(list(ENCODERS), "kd")
    assert [arm.name for arm in arms] == ["alone", *ENCODERS, "teacher"]
    assert not any(arm.teacher for arm in arms)
    base = ALL["voice"].base
    made = [base.changed(arm.changes) for arm in arms]
    assert made[0].student_is_alone
    starts = {(c.network.student_encoder, c.network.freeze_student_encoder) for c in made[1:-1]}
    assert len(starts) == 4


@pytest.mark.slow
def test_windows_are_probed_frame_by_frame() -> None:
    corpus = windows_corpus(groups=np.array([f"film {i // 5}" for i in range(120)]))
    found = probe_corpus(corpus)
    assert found.privileged > found.prevalent
    assert found.adds > 0.02


@pytest.mark.slow
def test_running_gives_a_row_a_setting_and_is_taken_up_again(tmp_path: Path) -> None:
    settings = settings_of([SMALL["voice"], SMALL["diabetes"]])
    cells, probes = run_settings(settings, (0, 1), folder=tmp_path, progress=False)
    table = gain_table(cells, probes)
    settled = [(s.problem.name, s.fusion, s.encoder) for s in settings]
    got = zip(table["problem"], table["fusion"], table["encoder"], strict=True)
    assert sorted(got) == sorted(settled)
    assert set(table["task"]) == {"classification", "regression"}
    gains = gains_by_seed(cells)
    assert table["gain"].tolist() == pytest.approx(
        [gains[row.problem, row.fusion, row.encoder].mean() for row in table.itertuples()]
    )
    compared = factor_table(gains, {"fusion": USUAL_FUSION, "encoder": USUAL_ENCODER})
    assert len(compared) == len(settings) - 2
    files = set((tmp_path / "cells").glob("*.json"))
    again, probed = run_settings(settings, (0, 1), folder=tmp_path, progress=False)
    assert set((tmp_path / "cells").glob("*.json")) == files
    assert again["accuracy"].equals(cells["accuracy"])
    assert probed.equals(probes)
