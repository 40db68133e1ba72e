"""A campaign: what its seeds serve, how it reads cells, what a failed cell costs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pkdot.errors import ConfigError
from pkdot.evidence.campaign import Campaign
from pkdot.evidence.comparison import unit_scores
from pkdot.evidence.contenders import REFERENCES, Contender, find_contenders
from pkdot.evidence.regimes import REGIMES, find_regimes
from pkdot.evidence.steps import UNPAIRED_CONTROLS, control_arms, run_tuning
from pkdot.experiments.cells import Arm
from pkdot.experiments.sweep import ALONE
from tests.support.cells import cell_file
from tests.support.small_campaign import SEEDS, small_campaign


def test_people_of_two_populations_are_different_subjects(tmp_path: Path) -> None:
    regime = replace(REGIMES["biovid_quarter"], folds=1, most_seeds=1).with_people([2, 3])
    campaign = small_campaign(tmp_path, regimes=[regime])
    arm = Arm("alone", "student alone", ALONE)
    bases = regime.bases([100])
    for base, right in zip(bases, (5, 1), strict=True):
        file = cell_file(campaign.cells_folder, base, arm)
        cell = {"seed": 100, "accuracy": right / 10, "by_group": {"s1": [right, 10]}}
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(cell))
    scores = unit_scores(campaign.read(bases, [arm]), "subjects")
    assert scores["alone"].to_dict() == {"2/s1": 50.0, "3/s1": 10.0}
    alone = unit_scores(campaign.read(bases[:1], [arm]), "subjects")
    assert alone["alone"].to_dict() == {"s1": 50.0}


def test_seeds_that_chose_a_setting_may_not_compare_it() -> None:
    with pytest.raises(ConfigError, match=r"Seed 1 .*tuning and comparison"):
        replace(SEEDS, comparison=(1, 2))
    with pytest.raises(ConfigError, match="Seed 99 would serve controls alone"):
        replace(SEEDS, controls=(60, 99))
    assert SEEDS.for_controls == SEEDS.comparison
    assert replace(SEEDS, controls=(60,)).for_controls == (60,)


@pytest.mark.slow
def test_a_cell_that_fails_is_reported_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = {"method": "pkdot", "options.pkdot.k": 8, "training.learning_rate": 1e30}
    broken = Contender("broken", "too fast", (setting,) * 6)
    campaign = small_campaign(tmp_path, contenders=[REFERENCES[0], broken], settings=1)
    with pytest.raises(ConfigError, match="Every setting of 'broken' failed"):
        run_tuning(campaign)
    reported = capsys.readouterr().err
    assert "small: tuning: too fast, setting 0, seed 0: " in reported
    assert len(list(campaign.cells_folder.glob("*.json"))) == 2, "the student alone on two seeds"


def test_without_partners_whatever_transports_is_controlled(tmp_path: Path) -> None:
    methods = ["kd", "pkdot_soft", "transported_labels", "self_labels:em"]
    (regime,) = find_regimes(["numerals_trusted100_tail"])
    chosen = Path(__file__).parents[2] / "reports" / "benchmarks" / "chosen"
    campaign = Campaign([regime], find_contenders(methods, "wide"), tmp_path, chosen=chosen)
    controlled: dict[str, set[str]] = {}
    for arm in control_arms(campaign, regime):
        method, control = arm.name.split("|")
        controlled.setdefault(method, set()).add(control)
    assert set(controlled) == {"kd", "pkdot_soft", "transported_labels"}
    assert all(controls == set(UNPAIRED_CONTROLS) for controls in controlled.values())
