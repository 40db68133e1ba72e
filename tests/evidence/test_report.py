"""From tuning to the report, on two settings and a few seeds."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pkdot.errors import ConfigError
from pkdot.evidence.campaign import Campaign
from pkdot.evidence.comparison import compare
from pkdot.evidence.contenders import REFERENCES, find_contenders
from pkdot.evidence.exports import publish_choices, publish_scores
from pkdot.evidence.report import write_report
from pkdot.evidence.results import read_comparison, read_results
from pkdot.evidence.steps import (
    chosen_settings,
    comparison_arms,
    run_ceilings,
    run_comparison,
    run_controls,
    run_defaults,
    run_tuning,
)
from pkdot.evidence.tuning import read_choices, tuning_arms
from tests.support.small_campaign import SMALL, small_campaign


@pytest.mark.slow
def test_from_tuning_to_the_report(tmp_path: Path) -> None:
    campaign = small_campaign(tmp_path)

    def report(of: Campaign) -> str:
        (page,) = write_report(of, read_results(of), tmp_path / "evidence.md")
        return page.read_text()

    assert "The comparison has not been run." in report(campaign)
    with pytest.raises(ConfigError, match="run the step tune first"):
        run_comparison(campaign)
    run_ceilings(campaign)
    names = set(read_choices(campaign.choices_folder, SMALL))
    assert names == {*(c.name for c in REFERENCES), "ceiling"}
    run_tuning(campaign)
    publish_choices(read_results(campaign), tmp_path / "chosen")
    elsewhere = replace(campaign, folder=tmp_path / "elsewhere", chosen=tmp_path / "chosen")
    assert chosen_settings(elsewhere, SMALL) == chosen_settings(campaign, SMALL), (
        "and nothing is tuned"
    )
    more = replace(elsewhere, contenders=find_contenders(["kd", "sp"]))
    assert [arm.name for arm in comparison_arms(more, SMALL)] == [
        arm.name for arm in comparison_arms(campaign, SMALL)
    ], "who has no setting there does not compete"
    cells = set(campaign.cells_folder.glob("*.json"))
    run_tuning(campaign)
    assert set(campaign.cells_folder.glob("*.json")) == cells
    for base in SMALL.tuning_bases(campaign.seeds.tuning):
        assert len(campaign.read([base], tuning_arms(campaign.contenders_of(SMALL), 2))) == 2 * 5
    run_comparison(campaign)
    page = report(campaign)
    assert "Intervals are over 3 seeds." in page
    assert "The controls have not been run." in page
    for title in ("soft labels", "student alone", "gradient boosting", "teacher"):
        assert f"| {title}" in page
    assert "### Default settings" not in page
    run_defaults(campaign)
    page = report(campaign)
    assert "the inner split would have chosen soft labels. Behind it by more than 1.5" in page
    run_controls(campaign)
    page = report(campaign)
    assert "### Controls" in page
    row = next(
        line
        for line in page.splitlines()
        if line.startswith("| soft labels | ") and "–" not in line
    )
    assert row.count("[") == 6, "the gain, and the gain under five controls"
    assert "of the seeds" not in page
    fewer = replace(campaign, seeds=replace(campaign.seeds, controls=(60, 61)))
    page = report(fewer)
    assert "on 2 of the seeds" in page
    cells = read_comparison(campaign, SMALL)
    table = compare(cells, SMALL, []).set_index("name")
    two = cells.query("seed in (60, 61)")
    gain = compare(two, SMALL, []).set_index("name")["difference"]["kd"]
    assert gain != table["difference"]["kd"]
    assert f"| soft labels | {gain:+.1f} [" in page, "the same two seeds in every column"
    seeds = {json.loads(f.read_text())["seed"] for f in campaign.cells_folder.glob("*.json")}
    assert seeds == {0, 1, 60, 61, 62}
    (published,) = publish_scores(read_results(fewer), tmp_path / "scores")
    assert published.name == "small-seeds60-62.csv"
    scores = pd.read_csv(published, index_col="seed")
    gain = (scores["kd"] - scores["alone"]).mean()
    assert gain == pytest.approx(table["difference"]["kd"], abs=0.01), "of the printed numbers"
    assert scores["kd|default"].notna().all()
    assert scores["kd|permuted"].notna().tolist() == [True, True, False]
