"""Regimes: their data, replicates, and the people of tuning and comparison."""

import pytest

from pkdot.data import load_corpus
from pkdot.errors import ConfigError
from pkdot.evidence.campaign import plain_arms
from pkdot.evidence.regimes import LOCKED_SEEDS, REGIMES, Regime, find_regimes
from tests.support.small_config import small_config


def test_regimes_are_what_they_say() -> None:
    assert [regime.name for regime in find_regimes(["wrong", "few"])] == ["few", "wrong"]
    with pytest.raises(ConfigError, match="Unknown regime 'fwe'"):
        find_regimes(["fwe"])
    for name, labelled, unlabelled, noise in (
        ("few", 100, 900, 0.0),
        ("all", 400, 0, 0.0),
        ("wrong", 400, 0, 0.3),
    ):
        base = REGIMES[name].bases([7])[0]
        corpus = load_corpus(base.data, base.seed)
        assert base.seed == 7
        assert len(corpus.split.labelled) == labelled
        assert len(corpus.split.unlabelled) == unlabelled
        wrong = (corpus.given_targets != corpus.targets).mean()
        assert wrong == pytest.approx(noise, abs=0.03)
        plain = [arm.name for arm in plain_arms(REGIMES[name])]
        assert ("self_training" in plain) == (unlabelled > 0)
    assert tuple(range(100, 120)) == LOCKED_SEEDS


def test_folds_times_seeds() -> None:
    base = small_config().changed({"data.name": "biovid"})
    regime = Regime("folds", "folds", base, "subjects", folds=5)
    found = [(b.seed, b.data.fold) for b in regime.bases([3, 4])]  # type: ignore[union-attr]
    assert found == [(seed, fold) for seed in (3, 4) for fold in range(5)]
    assert regime.simulated


def test_settings_for_biovid_are_chosen_on_other_people() -> None:
    quarter = REGIMES["biovid_quarter"]
    chosen_on, compared_on = quarter.tuning_bases(range(4)), quarter.bases(range(100, 120))
    assert quarter.unlabelled
    assert not REGIMES["biovid_all"].unlabelled
    assert {b.data.simulated_seed for b in chosen_on} == {1}  # type: ignore[union-attr]
    assert {b.data.simulated_seed for b in compared_on} == {0}  # type: ignore[union-attr]
    assert {b.seed for b in compared_on} == {100, 101, 102}
    assert len(chosen_on) == 5
    assert len(compared_on) == 15
    digits = REGIMES["few"]
    assert digits.tuning_bases([0, 1]) == digits.bases([0, 1])


def test_a_comparison_may_draw_other_people() -> None:
    quarter = REGIMES["biovid_quarter"].with_people([2, 3])
    found = [(b.data.simulated_seed, b.seed) for b in quarter.bases([100])]  # type: ignore[union-attr]
    assert found == [(2, 100)] * 5 + [(3, 100)] * 5
    assert {b.data.simulated_seed for b in quarter.tuning_bases([0])} == {1}  # type: ignore[union-attr]
    assert REGIMES["few"].with_people([2]) == REGIMES["few"], "digits are drawn by nobody"
    with pytest.raises(ConfigError, match=r"seed 1; .* others"):
        quarter.with_people([0, 1])
    with pytest.raises(ConfigError, match="named twice among 2, 2"):
        quarter.with_people([2, 2])
