"""Regimes: their data, replicates, and the people of tuning and comparison."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pkdot.data import load_corpus
from pkdot.errors import ConfigError
from pkdot.evidence.campaign import plain_arms
from pkdot.evidence.contenders import find_contenders
from pkdot.evidence.regimes import LOCKED_SEEDS, REGIMES, Regime, find_regimes
from pkdot.evidence.situations import CORPORA, SITUATIONS, plans, situation_of
from pkdot.evidence.tuning import choose
from pkdot.experiments.corpora import experiment_corpus
from tests.support.small_campaign import small_campaign
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


def test_regimes_are_found_by_pattern() -> None:
    names = [regime.name for regime in find_regimes(["numerals_p*s*", "few", "vowels_al?"])]
    assert names == ["few", "numerals_pairs", "numerals_pairs30", "vowels_all"]
    with pytest.raises(ConfigError, match=r"Unknown regime 'nimerals_\*'.* --list"):
        find_regimes(["nimerals_*"])
    assert len(list(REGIMES)) == len(REGIMES) == len(set(REGIMES))


def test_every_corpus_has_every_situation_that_it_can_have() -> None:
    found = plans()
    for corpus in CORPORA:
        own = {plan.situation: plan for plan in found.values() if plan.corpus == corpus.name}
        assert set(own) <= set(SITUATIONS)
        assert {"pairs", "wrong20", "wrong50", "trusted30", "trusted100", "all"} <= set(own)
        assert ("trusted100_tail" in own) == (corpus.task.kind == "classification")
        for plan in own.values():
            assert plan.changes.get("pairing.wrong", 0.0) == plan.wrong
            apart = plan.changes.get("pairing.unpaired", 0.0) == 1.0
            assert apart == plan.unpaired == (plan.situation.startswith("trusted"))
            if apart:
                assert plan.changes["network.teacher_sees"] == "privileged"
    assert {plan.situation for plan in found.values()} == set(SITUATIONS)
    with pytest.raises(ConfigError, match="Unknown situation 'wrong99'"):
        situation_of("wrong99")


@pytest.mark.parametrize(
    "name",
    ["digits_pairs30", "digits_noisy30", "digits_wrong50", "digits_trusted300", "cancer_trusted30"],
)
def test_a_plan_does_to_its_corpus_what_it_says(name: str) -> None:
    regime = REGIMES[name]
    assert regime.plan is not None
    corpus = experiment_corpus(regime.bases([1])[0])
    split, facts = corpus.split, corpus.facts.get("pairing", {})
    assert len(split.labelled) == pytest.approx(regime.plan.trusted, abs=1)
    assert corpus.is_unpaired == regime.is_unpaired
    assert facts.get("wrong_pairs", 0) == regime.plan.wrong * len(split.unlabelled)
    if regime.is_unpaired:
        assert facts["doubtful_pairs"] == 0
        assert facts["student_only"] == pytest.approx(facts["teacher_only"], abs=1)


def test_every_regime_of_the_list_can_be_made() -> None:
    made = find_regimes(["*"])
    assert [regime.name for regime in made] == list(REGIMES)
    for regime in made:
        if regime.plan is not None:
            assert regime.is_unpaired == (regime.base.pairing.unpaired == 1)
            assert regime.base.pairing.wrong == regime.plan.wrong
            assert (regime.base.network.teacher_sees == "privileged") == regime.is_unpaired


def test_tables_draw_their_test_set_anew_with_each_seed() -> None:
    one, two = REGIMES["cancer_pairs"].bases([3, 4])
    first, second = load_corpus(one.data, one.seed), load_corpus(two.data, two.seed)
    assert set(first.split.test) != set(second.split.test)
    assert len(first.split.labelled) == pytest.approx(100, abs=2)
    assert REGIMES["diabetes_pairs"].task.kind == "regression"
    scarce = REGIMES["diabetes_pairs30"].base
    assert len(load_corpus(scarce.data, 0).split.labelled) == pytest.approx(30, abs=2)


def test_ceilings_learn_from_right_pairs_where_those_of_the_regime_are_not(tmp_path: Path) -> None:
    contenders = find_contenders(["kd"])
    found = {}
    for plan in (None, *(plans()[f"numerals_{name}"] for name in ("wrong50", "trusted100"))):
        regime = replace(REGIMES["few"], plan=plan)
        campaign = small_campaign(tmp_path, contenders=contenders)
        found[plan and plan.situation] = {c.name: c for c in campaign.contenders_of(regime)}
    right, wrong, unpaired = found.values()
    assert "paired" not in right
    assert "tnet" in wrong
    assert "tnet" not in unpaired, "its teacher never saw both modalities of a sample"
    assert right["ceiling"].arms(1)[0].teacher == {}
    for ceilings in (wrong, unpaired):
        for name in ("ceiling", "paired"):
            (arm,) = ceilings[name].arms(1)
            assert arm.teacher == {"pairing.wrong": 0.0, "pairing.unpaired": 0.0}
            assert not [path for path in arm.changes if path.startswith("pairing.")]
        assert ceilings["kd"].arms(1)[0].teacher == {}
    paired = wrong["paired"]
    losses = pd.DataFrame(
        {"arm": [arm.name for arm in paired.arms()], "validation_criterion": range(6)}
    ).assign(validation=0.5, seed=0)
    (choice,) = choose(losses, [paired], [0]).values()
    assert choice.changes == paired.candidates[0], "a choice keeps the pairs of its arm"
