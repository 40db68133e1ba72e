"""Results of a regime from finished cells, and what the report says of them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pkdot.analysis.statistics import Interval
from pkdot.evidence.campaign import Campaign, Seeds, plain_arms
from pkdot.evidence.comparison import Room, compare, privileged_shares, room_to_help
from pkdot.evidence.contenders import find_contenders
from pkdot.evidence.report_regime import regime_section
from pkdot.evidence.results import RegimeResults, read_results
from pkdot.evidence.steps import comparison_arms, control_arms
from pkdot.evidence.tuning import Choice, choices_file, write_choices
from pkdot.experiments.cells import Arm
from tests.support.cells import cell_file
from tests.support.small_campaign import SMALL, small_campaign

GAINS = {"ceiling": 20.0, "kd": 8.0, "pkdot_dist": 10.0, "tnet": 1.0, "teacher": 30.0}
"""Points over the student alone; the others gain nothing."""


def finished(folder: Path) -> Campaign:
    """A campaign whose cells are all there; half of a gain needs the privileged modality."""
    campaign = small_campaign(
        folder,
        contenders=find_contenders(["kd", "pkdot_dist", "sp"]),
        seeds=Seeds(tuning=(0, 1), comparison=tuple(range(60, 66)), controls=(60, 61, 62)),
        controlled=("kd",),
    )
    choices = {
        c.name: Choice(c.name, c.candidates[0], (0.5, None), (0.5, None), (0, 1))
        for c in campaign.contenders_of(SMALL)
    }
    write_choices(campaign.choices_folder, SMALL, choices)
    campaign.cells_folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    alone = 50 + rng.normal(size=6)
    write_cells(campaign, [*plain_arms(SMALL), *comparison_arms(campaign, SMALL)], alone, rng)
    return campaign


def write_cells(
    campaign: Campaign,
    arms: list[Arm],
    alone: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Finished cells of some arms, one a seed of the comparison."""
    for arm in arms:
        name, _, control = arm.name.partition("|")
        gain = GAINS.get(name, 0.0) / (2 if control else 1)
        for base, score in zip(SMALL.bases(campaign.seeds.comparison), alone, strict=True):
            noise = 0.0 if name == "alone" else rng.normal()
            cell = {"seed": base.seed, "accuracy": (score + gain + noise) / 100, "seconds": 1.0}
            cell_file(campaign.cells_folder, base, arm).write_text(json.dumps(cell))


def results_of(campaign: Campaign) -> RegimeResults:
    (found,) = read_results(campaign)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A finished campaign; tests that change its cells do so in a copy."""
    return finished(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def results(whole: Campaign) -> RegimeResults:
    """What that campaign comes to."""
    return results_of(whole)


def copied(campaign: Campaign, folder: Path) -> Campaign:
    shutil.copytree(campaign.folder, folder, dirs_exist_ok=True)
    return replace(campaign, folder=folder)


def test_nothing_finished_gives_empty_tables(tmp_path: Path) -> None:
    found = results_of(small_campaign(tmp_path))
    assert found.room is None
    assert all(t.empty for t in (found.cells, found.controls, found.table, found.control_table))
    assert not found.tuned
    page = "\n".join(regime_section(found))
    assert "The comparison has not been run." in page
    assert "No setting has been chosen." in page


@pytest.mark.slow
def test_results_hold_what_the_comparison_gives(
    whole: Campaign, results: RegimeResults, tmp_path: Path
) -> None:
    found, campaign = results, copied(whole, tmp_path)
    assert found.methods == ["kd", "pkdot_dist", "sp"]
    assert [c.name for c in found.tuned] == [c.name for c in found.contenders]
    assert found.table.equals(compare(found.cells, SMALL, ["kd", "pkdot_dist", "sp"]))
    assert found.room == room_to_help(found.cells, SMALL)
    assert found.controls.empty
    assert not found.shares
    assert found.fewer_controls
    rng = np.random.default_rng(1)
    alone = 100 * found.cells[found.cells["arm"] == "alone"]["accuracy"].to_numpy()
    write_cells(campaign, control_arms(campaign, SMALL), alone, rng)
    both = results_of(campaign)
    assert set(both.control_table["n"]) == {3}, "controls are compared on their own seeds"
    beside = both.cells[both.cells["seed"] < 63]
    assert both.shares == privileged_shares(SMALL, beside, both.controls, both.table)
    assert both.shares["kd"].mean == pytest.approx(0.5, abs=0.15)
    assert "sp" not in both.shares, "no gain, and so no share of it"


@pytest.mark.slow
def test_controls_are_read_though_another_method_was_not_tuned(
    whole: Campaign, tmp_path: Path
) -> None:
    campaign = copied(whole, tmp_path)
    write_cells(campaign, control_arms(campaign, SMALL), np.full(6, 50.0), np.random.default_rng(1))
    file = choices_file(campaign.choices_folder, SMALL)
    left = {name: choice for name, choice in json.loads(file.read_text()).items() if name != "sp"}
    file.write_text(json.dumps(left))
    found = results_of(campaign)
    assert {"kd", "pkdot_dist"} <= set(found.shares)
    assert "Not run here: SP." in "\n".join(regime_section(found))


def test_the_report_says_what_the_results_support(results: RegimeResults) -> None:
    page = "\n".join(regime_section(results))
    assert "Intervals are over 6 seeds." in page
    assert results.room is not None
    assert f"It gains {results.room.gain:+.1f} points over the best student alone" in page
    assert "there is room to help" in page
    assert "- Resolved above zero: PKDOT on correlations (+" in page
    assert "- Not resolved: SP (" in page
    assert "### PKDOT on correlations, put forward against every rival" in page
    assert "The form was designed on digits; these are other data." in page
    assert "| rival | points ahead of the rival | p | verdict |" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| SP | +")]
    assert row.endswith("| better |")
    assert "The controls have not been run." in page
    assert "| soft labels | `kd.weight" in page
    assert "0.500 failed |" in page


def test_without_room_nothing_is_compared(results: RegimeResults) -> None:
    room = Room(Interval(0.5, -1.0, 2.0, 6, 0.95), "ceiling", "student alone")
    page = "\n".join(regime_section(replace(results, room=room)))
    assert "no room was resolved" in page
    assert "| no room |" in page
    assert "Resolved above zero" not in page
    assert "put forward" not in page


def test_a_contender_without_a_setting_was_not_run(results: RegimeResults) -> None:
    others = [c for c in find_contenders(["rkd", "matrix"]) if c.kind == "method"]
    more = replace(results, contenders=[*results.contenders, *others])
    page = "\n".join(regime_section(more))
    assert f"Not run here: {others[0].title}; {others[1].title}." in page
    assert "Not finished" not in page
    assert "Not run here" not in "\n".join(regime_section(results))


@pytest.mark.slow
def test_a_contender_without_all_its_cells_is_named(whole: Campaign, tmp_path: Path) -> None:
    campaign = copied(whole, tmp_path)
    (arm,) = [arm for arm in comparison_arms(campaign, SMALL) if arm.name == "sp"]
    cell_file(campaign.cells_folder, SMALL.bases([60])[0], arm).unlink()
    page = "\n".join(regime_section(results_of(campaign)))
    assert "Not finished, and so not in the table: SP." in page
    assert "Not run here" not in page
