"""Studies of the mechanism: valid levels, shared cells, findings that numbers support."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from pkdot.distillers import build_distiller
from pkdot.errors import ConfigError
from pkdot.evidence.ablation import finding, level_arms, study_table
from pkdot.evidence.arguments import QUICK_METHODS, QUICK_STUDIES
from pkdot.evidence.campaign import Campaign
from pkdot.evidence.contenders import Contender, find_contenders
from pkdot.evidence.regimes import REGIMES
from pkdot.evidence.report import write_report
from pkdot.evidence.report_studies import write_figures
from pkdot.evidence.results import read_results
from pkdot.evidence.steps import check_studies, chosen_settings, run_studies
from pkdot.evidence.studies import STUDIES, Level, Study, find_studies
from pkdot.evidence.tuning import Choice, write_choices
from pkdot.experiments.cells import check_arm
from pkdot.experiments.sweep import ALONE
from pkdot.networks.models import NetworkOutput
from tests.support.small_campaign import SMALL, small_campaign


def test_studies_are_valid_and_their_usual_level_changes_nothing() -> None:
    base = REGIMES["few"].base
    chosen = {c.name: c.candidates[0] for c in find_contenders()}
    usual = base.changed(chosen["pkdot"]).options["pkdot"]
    for study in STUDIES.values():
        for level in study.levels:
            arm, alone = level_arms(study, level, chosen)
            own = base.changed(level.data)
            for one in (arm, alone):
                check_arm(own, one)
            assert own.changed(alone.teacher).changed(alone.changes).student_is_alone
            assert not own.changed(arm.teacher).changed(arm.changes).student_is_alone
    level = next(lv for lv in STUDIES["k"].levels if lv.label == STUDIES["k"].usual)
    assert base.changed({**chosen["pkdot"], **level.changes}).options["pkdot"] == usual
    with pytest.raises(ConfigError, match="chosen setting of 'pkdot'"):
        level_arms(STUDIES["k"], STUDIES["k"].levels[0], {"alone": {}})
    with pytest.raises(ConfigError, match="Unknown study 'kk'"):
        find_studies(["kk"])
    with pytest.raises(ConfigError, match="different labels"):
        Study("x", "x", "x?", (Level("a"), Level("a")), "a")


@pytest.mark.parametrize("name", ["k", "epsilon", "policy", "identity", "confidence", "shift"])
def test_every_level_of_a_study_is_another_loss(name: str) -> None:
    base = REGIMES["few"].base.changed({"method": "pkdot"})
    generator = torch.Generator().manual_seed(0)
    teacher, student = (
        NetworkOutput(*(torch.randn(128, size, generator=generator) for size in (10, 16)), {})
        for _ in range(2)
    )
    labels = torch.zeros(128, dtype=torch.long)
    losses = []
    for level in STUDIES[name].levels:
        distiller = build_distiller("pkdot", base.changed(level.changes).options)
        distiller.prepare(teacher, student)
        z = student.embedding.clone().requires_grad_(True)
        loss = distiller.loss(teacher, student._replace(embedding=z), labels)
        # two levels may differ in the gradient alone
        losses.append((float(loss.detach()), float(torch.autograd.grad(loss, z)[0].norm())))
    assert len(set(losses)) == len(STUDIES[name].levels)


def study_of(gains: dict[str, float], noise: float = 0.5) -> tuple[str, pd.DataFrame]:
    """Finding and table of a study whose levels have these gains over the student alone."""
    rng = np.random.default_rng(0)
    alone = 50 + rng.standard_normal(10)
    study = Study(
        "k", "number of anchors k", "?", tuple(Level(g) for g in gains), next(iter(gains))
    )

    def cells(bases: list, arms: list) -> pd.DataFrame:
        label = arms[0].name.removeprefix("k: ")
        level = alone + gains[label] + noise * stats.zscore(rng.standard_normal(10))
        rows = []
        for arm, scores in zip(arms, (level, alone), strict=True):
            rows += [
                {"arm": arm.name, "seed": seed, "accuracy": score / 100}
                for seed, score in enumerate(scores)
            ]
        return pd.DataFrame(rows)

    table = study_table(study, SMALL, range(10), {"pkdot": {}, "alone": {}}, cells)
    return finding(study, table), table


@pytest.mark.slow
def test_a_finding_says_what_its_numbers_support() -> None:
    title, table = study_of({"30": 5.0, "3": 2.0, "100": 5.1})
    assert table["gain"].tolist() == pytest.approx([5.0, 2.0, 5.1])
    assert table["p_holm"][1] < 0.05 < table["p_holm"][2]
    assert np.isnan(table["p_holm"][0])
    assert title.startswith("Number of anchors k = 30 is better than 3 (-")
    assert "100" not in title
    title, _ = study_of({"30": 5.0, "3": 2.0, "100": 8.0})
    assert title.startswith("Number of anchors k = 100 gains ")
    title, table = study_of({"30": 5.0, "3": 5.0, "100": 5.0})
    could = f"({table['resolvable'].max():.1f} points would have been)"
    assert title == f"Number of anchors k: no difference resolved {could}"


@pytest.mark.slow
def test_a_study_runs_each_shared_cell_once(tmp_path: Path) -> None:
    study = Study(
        "made",
        "how rows are matched",
        "?",
        (
            Level("as chosen"),
            Level("the same"),
            Level("noisy", data={"data.privileged_noise": 1.0}),
            Level("large", alone={"training.batch_size": 16}, changes={"training.batch_size": 16}),
        ),
        "as chosen",
    )
    small = {"options.pkdot.k": 8, "options.pkdot.weight": 1.0, "method": "pkdot"}
    weak = {"options.pkdot.weight": 0.1}
    settings = {"pkdot": small, "alone": ALONE}
    campaign = small_campaign(
        tmp_path,
        contenders=[Contender(name, name, (changes,) * 6) for name, changes in settings.items()],
        settings=1,
        studies=[study],
    )
    choices = {n: Choice(n, changes, (0.5,), (0.5,), (0, 1)) for n, changes in settings.items()}
    write_choices(campaign.choices_folder, SMALL, choices)
    run_studies(campaign)
    assert len(list(campaign.cells_folder.glob("*.json"))) == 2 * (2 + 2 + 2)
    table = study_table(study, SMALL, (0, 1), chosen_settings(campaign, SMALL), campaign.read)
    assert table["label"].tolist() == ["as chosen", "the same", "noisy", "large"]
    assert table["against"][1] == 0

    def write(of: Campaign) -> list[Path]:
        return write_report(of, read_results(of), tmp_path / "evidence.md")

    pages = write(campaign)
    assert [page.name for page in pages] == ["evidence.md", "evidence-mechanism.md"]
    assert "(evidence-mechanism.md)" in pages[0].read_text()
    mechanism = pages[1].read_text()
    assert "| **as chosen** |" in mechanism
    assert finding(study, table) in mechanism
    assert [file.name for file in write_figures(read_results(campaign), tmp_path / "figures")] == [
        "small-made.html"
    ]
    beside = Study(
        "beside", "beside", "And?", (Level("as chosen"), Level("tiny", weak)), "as chosen"
    )
    _, page = write(replace(campaign, studies=[study, beside]))
    assert "Not run here: And?" in page.read_text(), "one level alone compares nothing"
    unrun = replace(campaign, seeds=replace(campaign.seeds, studies=(0, 1, 2)))
    (alone,) = write(unrun)
    assert "The studies of what moves a gain have not been run." in alone.read_text()
    (alone,) = write(replace(unrun, studies=()))
    assert "studies" not in alone.read_text().split("```")[-1]


def test_studies_of_absent_methods_are_refused_before_any_work(tmp_path: Path) -> None:
    own = replace(REGIMES["few"], base=SMALL.base)
    studies = find_studies(["rows"])
    campaign = small_campaign(tmp_path, regimes=[own], studies=studies, study_regimes=("few",))
    with pytest.raises(ConfigError, match=r"'pkdot'.*not among"):
        check_studies(campaign)
    quick = replace(
        campaign,
        contenders=find_contenders(list(QUICK_METHODS)),
        studies=find_studies(list(QUICK_STUDIES)),
    )
    check_studies(quick)
    with pytest.raises(ConfigError, match=r"'rows'.*not among"):
        check_studies(replace(quick, contenders=find_contenders(["kd", "pkdot"])))
    check_studies(replace(campaign, regimes=[SMALL]))
