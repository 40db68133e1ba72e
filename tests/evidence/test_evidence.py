"""The harness of the evidence: budgets, choices, differences, what a kill costs."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pkdot.commands.evidence import QUICK_METHODS, QUICK_STUDIES
from pkdot.data import load_corpus
from pkdot.distillers import available_distillers, build_distiller
from pkdot.errors import ConfigError, InputError, RecordError
from pkdot.evidence.ablation import finding, level_arms, study_table
from pkdot.evidence.comparison import (
    against_rivals,
    compare,
    head_to_head,
    room_to_help,
    unit_scores,
    verdict,
)
from pkdot.evidence.contenders import REFERENCES, Contender, ceilings, contenders
from pkdot.evidence.plan import Plan, plain_arms
from pkdot.evidence.regimes import LOCKED_SEEDS, REGIMES, Regime, find_regimes
from pkdot.evidence.report import publish_choices, publish_scores, write_report
from pkdot.evidence.steps import (
    check_studies,
    chosen_settings,
    compared,
    comparison_arms,
    run_ceilings,
    run_comparison,
    run_controls,
    run_studies,
    run_tuning,
)
from pkdot.evidence.studies import STUDIES, Level, Study, find_studies
from pkdot.evidence.tuning import (
    SCORE,
    Choice,
    choices_file,
    choose,
    read_choices,
    tuning_arms,
    write_choices,
)
from pkdot.experiments.baselines import BASELINES, run_baseline
from pkdot.experiments.cells import Arm, cell_file, check_arm
from pkdot.experiments.sweep import ALONE
from pkdot.networks.models import NetworkOutput
from tests.support.small_config import small_config

ROOT = Path(__file__).parents[2]
SMALL = Regime("small", "digits, small", small_config(method="none"))


def small_plan(folder: Path, **changes: object) -> Plan:
    """Two seeds for tuning, three for comparison, two settings, soft labels."""
    plan = Plan(
        regimes=[SMALL],
        contenders=contenders(["kd"]),
        folder=folder,
        tuning_seeds=(0, 1),
        seeds=(60, 61, 62),
        settings=2,
        progress=False,
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def test_every_method_of_the_kit_competes_with_six_valid_settings() -> None:
    found = {c.name: c for c in contenders()}
    assert set(available_distillers()) - {"none"} < set(found)
    for contender in found.values():
        assert len(contender.candidates) == 6
        for changes in contender.candidates:
            config = REGIMES["few"].base.changed(changes)
            if contender.kind == "reference":
                assert config.method == "none"
            taught_by = {"ceiling": "true_labels", "posterior": "posterior"}
            assert config.control == taught_by.get(contender.name, "none")
    tried = [json.dumps(dict(c), sort_keys=True) for c in found["kd"].candidates]
    assert len(set(tried)) == 6
    own = REGIMES["few"].base.changed(found["pkdot:per_sample"].candidates[0])
    assert own.options["pkdot"]["policy"] == "per_sample"
    both = REGIMES["few"].base.changed(found["kd+pkdot"].candidates[-1])
    assert both.options["kd"] == available_distillers()["kd"].Settings().model_dump()
    with pytest.raises(ConfigError, match="every contender has 6"):
        Contender("few", "few", ({},) * 5)
    with pytest.raises(ConfigError, match="named twice"):
        contenders(["kd", "kd"])
    with pytest.raises(ConfigError, match="1 to 6 settings, not 7"):
        found["kd"].arms(7)
    picked = [[int(a.name[-1]) for a in found["kd"].arms(n)] for n in range(1, 7)]
    assert picked[:3] == [[0], [0, 3], [0, 2, 4]]
    assert [len(p) for p in picked] == [1, 2, 3, 4, 5, 6]


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
        wrong = (corpus.given_labels != corpus.labels).mean()
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
    with pytest.raises(ConfigError, match="people of seed 1; compare them on others"):
        quarter.with_people([0, 1])
    with pytest.raises(ConfigError, match="named twice among 2, 2"):
        quarter.with_people([2, 2])


def test_people_of_two_populations_are_different_subjects(tmp_path: Path) -> None:
    regime = replace(REGIMES["biovid_quarter"], folds=1, most_seeds=1).with_people([2, 3])
    plan = replace(small_plan(tmp_path), regimes=[regime])
    arm = Arm("alone", "student alone", ALONE)
    bases = regime.bases([100])
    for base, right in zip(bases, (5, 1), strict=True):
        file = cell_file(plan.cells_folder, base, arm)
        cell = {"seed": 100, "accuracy": right / 10, "by_subject": {"s1": [right, 10]}}
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(cell))
    scores = unit_scores(plan.read(bases, [arm]), "subjects")
    assert scores["alone"].to_dict() == {"2/s1": 50.0, "3/s1": 10.0}
    alone = unit_scores(plan.read(bases[:1], [arm]), "subjects")
    assert alone["alone"].to_dict() == {"s1": 50.0}


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_plain_baseline_learns_and_reads_no_test_label(name: str) -> None:
    config = small_config(data__n_labelled=100)
    corpus = load_corpus(config.data, 0)
    scores, predicted = run_baseline(name, corpus)
    test = corpus.split.test
    assert scores["accuracy"] == pytest.approx((predicted == corpus.labels[test]).mean())
    assert scores["accuracy"] > 0.25, "chance is 0.1"
    assert 0.2 < scores["validation"] <= 1
    hidden = corpus.given_labels.copy()
    hidden[np.concatenate([test, corpus.split.unlabelled])] = 0
    blind = replace(corpus, labels=hidden, given_labels=hidden)
    assert (run_baseline(name, blind)[1] == predicted).all()


def test_self_training_needs_unlabelled_samples() -> None:
    config = small_config(data__n_unlabelled=0)
    with pytest.raises(ConfigError, match="learns from unlabelled samples"):
        run_baseline("self_training", load_corpus(config.data, 0))


def tuned(scores: dict[str, list[float]], failed: str = "") -> pd.DataFrame:
    """Finished cells of kd's settings on as many seeds as there are scores."""
    return pd.DataFrame(
        [
            {
                "arm": arm,
                "seed": seed,
                SCORE: score,
                "validation": 1 - score,
            }
            for arm, own in scores.items()
            if arm != failed
            for seed, score in enumerate(own)
        ]
    )


def test_the_setting_with_the_lowest_mean_cross_entropy_is_chosen() -> None:
    kd = contenders(["kd"])[-1]
    scores = {f"kd#{n}": [0.5, 0.7] for n in range(6)}
    scores["kd#2"] = [0.1, 0.8]
    scores["kd#4"] = [0.4, 0.4]
    (choice,) = choose(tuned(scores), [kd], [0, 1]).values()
    assert choice.changes == kd.candidates[4]
    assert choice.scores == pytest.approx((0.6, 0.6, 0.45, 0.6, 0.4, 0.6))
    (choice,) = choose(tuned(scores, failed="kd#4"), [kd], [0, 1]).values()
    assert choice.changes == kd.candidates[2], "a setting that failed once is out"
    assert choice.scores[4] is None
    with pytest.raises(ConfigError, match="Every setting of 'kd' failed"):
        choose(tuned({f"kd#{n}": [np.nan] for n in range(6)}), [kd], [0])


def test_choices_are_kept_beside_those_of_others(tmp_path: Path) -> None:
    kd, pkdot = contenders(["kd", "pkdot"])[-2:]
    for contender in (kd, pkdot):
        choice = Choice(contender.name, contender.candidates[1], (0.5, None), (0.5, None), (0, 1))
        write_choices(tmp_path, SMALL, {contender.name: choice})
    found = read_choices(tmp_path, SMALL, [kd, pkdot])
    assert found["pkdot"].changes == pkdot.candidates[1]
    assert found["kd"].scores == (0.5, None)
    with pytest.raises(ConfigError, match="'ceiling' has no chosen setting"):
        read_choices(tmp_path, SMALL, [ceilings()[0]])
    other = replace(kd, candidates=({"method": "kd", "options.kd.weight": 7.0},) * 6)
    with pytest.raises(ConfigError, match="none of those that it may try today"):
        read_choices(tmp_path, SMALL, [other])
    choices_file(tmp_path, SMALL).write_text("{")
    with pytest.raises(RecordError, match="damaged"):
        read_choices(tmp_path, SMALL, [kd])


def made_up(rng: np.random.Generator, gains: dict[str, float], n: int = 12) -> pd.DataFrame:
    """Cells in which each arm is better than the student alone by its gain, in points."""
    alone = 0.5 + 0.03 * rng.standard_normal(n)
    rows = []
    for arm, gain in {"alone": 0.0, **gains}.items():
        noise = 0.01 * rng.standard_normal(n) if arm != "alone" else 0.0
        for seed, accuracy in enumerate(alone + gain / 100 + noise):
            rows.append({"arm": arm, "title": arm, "role": "student", "seed": seed})
            rows[-1] |= {"accuracy": accuracy, "seconds": 2.0}
    return pd.DataFrame(rows)


def test_the_comparison_agrees_with_scipy_and_statsmodels() -> None:
    cells = made_up(np.random.default_rng(0), {"kd": 5.0, "rkd": 0.2, "bad": -4.0, "tnet": 1.0})
    table = compare(cells, SMALL, ["kd", "rkd", "bad"]).set_index("name")
    scores = 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy")
    raw = [stats.ttest_rel(scores[n], scores["alone"]).pvalue for n in ("kd", "rkd", "bad")]
    corrected = multipletests(raw, method="holm")[1]
    for name, p in zip(("kd", "rkd", "bad"), corrected, strict=True):
        assert table["p_holm"][name] == pytest.approx(p, rel=1e-9)
        gain = stats.ttest_rel(scores[name], scores["alone"]).confidence_interval(0.95)
        assert table["difference_low"][name] == pytest.approx(gain.low)
        assert table["difference_high"][name] == pytest.approx(gain.high)
        start = (scores[name] - scores["tnet"]).mean()
        assert table["from_start"][name] == pytest.approx(start)
    assert np.isnan(table["p_holm"]["tnet"])
    assert [verdict(table.loc[n]) for n in ("kd", "rkd", "bad", "tnet", "alone")] == [
        "resolved above zero",
        "not resolved",
        "resolved below zero",
        "",
        "",
    ]


def test_subjects_are_units_where_the_regime_says_so() -> None:
    rows = [
        {"arm": arm, "title": arm, "role": "student", "seed": seed, "accuracy": 0.5}
        | {"by_subject": {"anna": [50 + gain + 10 * seed, 100], "bert": [25 + gain, 100]}}
        for arm, gain in (("alone", 0), ("kd", 25))
        for seed in (0, 1)
    ]
    scores = unit_scores(pd.DataFrame(rows), "subjects")
    assert scores["alone"].to_dict() == pytest.approx({"anna": 55.0, "bert": 25.0})
    table = compare(pd.DataFrame(rows), replace(SMALL, unit="subjects"), ["kd"]).set_index("name")
    assert table["n"]["kd"] == 2
    assert table["difference"]["kd"] == pytest.approx(25.0)
    with pytest.raises(InputError, match="do not know test subjects"):
        unit_scores(made_up(np.random.default_rng(0), {}), "subjects")


def test_a_form_is_held_against_every_rival() -> None:
    gains = {"kd": 5.0, "sp": 0.0, "dist": 9.0, "rows": 5.3}
    cells = made_up(np.random.default_rng(1), gains, n=60)
    found = against_rivals(cells, SMALL, "kd", [*gains, "rkd"]).set_index("name")
    assert list(found.index) == ["dist", "rows", "sp"], "the closest rival first, itself left out"
    scores = unit_scores(cells, "seeds")
    gap = scores["kd"] - scores["sp"]
    assert found["difference"]["sp"] == pytest.approx(gap.mean())
    half = stats.t.ppf(0.975, 59) * gap.std() / np.sqrt(60)
    assert found["difference_low"]["sp"] == pytest.approx(gap.mean() - half)
    assert found["told"].to_dict() == {"dist": "worse", "rows": "no worse", "sp": "better"}
    few = against_rivals(made_up(np.random.default_rng(1), gains, n=2), SMALL, "kd", ["rows"])
    assert few["told"].tolist() == ["not resolved"], "two seeds settle nothing"
    assert against_rivals(cells, SMALL, "kd", ["kd"]).empty


def test_an_arm_with_a_failed_cell_is_left_out_and_room_needs_a_ceiling() -> None:
    cells = made_up(np.random.default_rng(1), {"kd": 5.0, "ceiling": 9.0})
    cells["failed"] = np.where((cells["arm"] == "kd") & (cells["seed"] == 3), "NaN", None)
    assert "kd" not in set(compare(cells, SMALL, ["kd"])["name"])
    room = room_to_help(cells, SMALL)
    assert room
    scores = 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy")
    assert room.gain.mean == pytest.approx((scores["ceiling"] - scores["alone"]).mean())
    assert room.over == "alone"
    smooth = made_up(np.random.default_rng(1), {"alone:smoothing": 9.0, "ceiling": 9.0})
    assert room_to_help(smooth, SMALL).over == "alone:smoothing"
    assert not room_to_help(smooth, SMALL), "a regulariser that knows nothing does as well"
    both = made_up(np.random.default_rng(1), {"ceiling": 5.0, "posterior": 9.0})
    assert room_to_help(both, SMALL).of == "posterior", "the better of two ceilings"
    with pytest.raises(InputError, match="no ceiling"):
        room_to_help(made_up(np.random.default_rng(1), {"kd": 0.0}), SMALL)


def test_only_simulated_corpora_have_a_posterior(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    names = [{c.name for c in plan.contenders_of(REGIMES[name])} for name in ("few", "biovid_all")]
    assert names[1] - names[0] == {"posterior"}


def test_seeds_that_chose_a_setting_may_not_compare_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Seed 1 would serve tuning and comparison both"):
        small_plan(tmp_path, seeds=(1, 2))
    with pytest.raises(ConfigError, match="Seed 99 would serve controls alone"):
        small_plan(tmp_path, control_seeds=(60, 99))


@pytest.mark.slow
def test_from_tuning_to_the_report(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    report = tmp_path / "evidence.md"
    assert "The comparison has not been run." in write_report(plan, report)[0].read_text()
    with pytest.raises(ConfigError, match="run the step tune first"):
        run_comparison(plan)
    run_ceilings(plan)
    names = set(read_choices(plan.choices_folder, SMALL, None))
    assert names == {*(c.name for c in REFERENCES), "ceiling"}
    run_tuning(plan)
    publish_choices(plan, tmp_path / "chosen")
    elsewhere = replace(plan, folder=tmp_path / "elsewhere", chosen=tmp_path / "chosen")
    assert chosen_settings(elsewhere, SMALL) == chosen_settings(plan, SMALL), "and nothing is tuned"
    more = replace(elsewhere, contenders=contenders(["kd", "sp"]))
    assert [arm.name for arm in comparison_arms(more, SMALL)] == [
        arm.name for arm in comparison_arms(plan, SMALL)
    ], "who has no setting there does not compete"
    cells = set(plan.cells_folder.glob("*.json"))
    run_tuning(plan)
    assert set(plan.cells_folder.glob("*.json")) == cells
    for base in SMALL.tuning_bases(plan.tuning_seeds):
        assert len(plan.read([base], tuning_arms(plan.contenders_of(SMALL), 2))) == 2 * 5
    run_comparison(plan)
    told = write_report(plan, report)[0].read_text()
    assert "Unit of the intervals: seeds, 3 of them." in told
    assert "The controls have not been run." in told
    for title in ("soft labels", "student alone", "gradient boosting", "teacher"):
        assert f"| {title}" in told
    run_controls(plan)
    told = write_report(plan, report)[0].read_text()
    assert "### Controls" in told
    row = next(
        line
        for line in told.splitlines()
        if line.startswith("| soft labels | ") and "–" not in line
    )
    assert row.count("[") == 6, "the gain, and the gain under five controls"
    assert "of the seeds" not in told
    fewer = replace(plan, control_seeds=(60, 61))
    told = write_report(fewer, report)[0].read_text()
    assert "On 2 of the seeds" in told
    table = compare(compared(plan, SMALL), SMALL, []).set_index("name")
    two = compared(plan, SMALL).query("seed in (60, 61)")
    gain = compare(two, SMALL, []).set_index("name")["difference"]["kd"]
    assert gain != table["difference"]["kd"]
    assert f"| soft labels | {gain:+.1f} [" in told, "the same two seeds in every column"
    seeds = {json.loads(f.read_text())["seed"] for f in plan.cells_folder.glob("*.json")}
    assert seeds == {0, 1, 60, 61, 62}
    (published,) = publish_scores(fewer, tmp_path / "scores")
    assert published.name == "small-seeds60-62.csv"
    scores = pd.read_csv(published, index_col="seed")
    gain = (scores["kd"] - scores["alone"]).mean()
    assert gain == pytest.approx(table["difference"]["kd"], abs=0.01), "of the printed numbers"
    assert scores["kd|permuted"].notna().tolist() == [True, True, False]


KILLED = """
from pathlib import Path
from tests.evidence.test_evidence import small_plan
from pkdot.evidence.steps import run_tuning
run_tuning(small_plan(Path({folder!r}), settings=6, jobs=2, progress=True))
"""


@pytest.mark.slow
def test_killed_and_restarted_it_loses_one_cell_a_worker_at_most(tmp_path: Path) -> None:
    script = KILLED.format(folder=str(tmp_path))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, start_new_session=True, env=environment,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    cells = tmp_path / "cells"
    deadline = time.monotonic() + 120
    while len(list(cells.glob("*.json"))) < 8 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    _, told = process.communicate()
    kept = {file: file.stat().st_mtime_ns for file in cells.glob("*.json")}
    assert 8 <= len(kept) < 60
    bar = told.replace("\r", "\n").splitlines()[-1]
    assert "small: tuning" in bar
    assert "cell" in bar
    shown = int(bar.split("|")[2].split("/")[0])
    assert shown >= len(kept) - 2 - 2, "what the bar had not told yet was at most under way"
    run_tuning(small_plan(tmp_path, settings=6))
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    whole = small_plan(tmp_path / "whole", settings=6)
    run_tuning(whole)
    folders = (tmp_path / "choices", tmp_path / "whole" / "choices")
    found = [read_choices(folder, SMALL, None) for folder in folders]
    assert found[0] == found[1]


def test_studies_are_valid_and_their_usual_level_changes_nothing() -> None:
    base = REGIMES["few"].base
    chosen = {c.name: c.candidates[0] for c in contenders()}
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


@pytest.mark.parametrize("name", ["k", "epsilon", "policy", "identity", "confidence"])
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
        losses.append(float(distiller.loss(teacher, student, labels)))
    assert len(set(losses)) == len(STUDIES[name].levels)


def made_up_study(gains: dict[str, float], noise: float = 0.5) -> tuple[str, pd.DataFrame]:
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


def test_transport_meets_the_rest_head_to_head() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"arm": arm, "seed": seed, "accuracy": level + 0.01 * rng.standard_normal()}
        for arm, level in (("pkdot", 0.5), ("kd+pkdot", 0.6), ("kd", 0.55), ("sp", 0.4))
        for seed in range(8)
    ]
    cells = pd.DataFrame(rows)
    one, other, gap = head_to_head(cells, SMALL, ["pkdot", "kd+pkdot"], ["sp", "kd", "absent"])
    assert (one, other) == ("kd+pkdot", "kd")
    scores = 100 * cells.pivot_table(index="seed", columns="arm", values="accuracy")
    paired = stats.ttest_rel(scores["kd+pkdot"], scores["kd"]).confidence_interval(0.95)
    assert (gap.low, gap.high) == pytest.approx(paired)
    assert head_to_head(cells, SMALL, ["absent"], ["kd"]) is None
    transports = {c.name for c in contenders() if c.transports}
    assert {"pkdot", "pkdot_identity", "kd+pkdot", "pkdot:shared"} <= transports
    assert not transports & {"kd", "dist", "rows", "kd+rows", "alone", "ceiling"}


def test_a_finding_says_what_its_numbers_support() -> None:
    told, table = made_up_study({"30": 5.0, "3": 2.0, "100": 5.1})
    assert table["gain"].tolist() == pytest.approx([5.0, 2.0, 5.1])
    assert table["p_holm"][1] < 0.05 < table["p_holm"][2]
    assert np.isnan(table["p_holm"][0])
    assert told.startswith("Number of anchors k = 30 is better than 3 (-")
    assert "100" not in told
    told, _ = made_up_study({"30": 5.0, "3": 2.0, "100": 8.0})
    assert told.startswith("Number of anchors k = 100 gains ")
    told, table = made_up_study({"30": 5.0, "3": 5.0, "100": 5.0})
    could = f"({table['resolvable'].max():.1f} points would have been)"
    assert told == f"Number of anchors k: no difference resolved {could}"


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
    plan = small_plan(
        tmp_path,
        contenders=[Contender(name, name, (changes,) * 6) for name, changes in settings.items()],
        settings=1,
        study_seeds=(0, 1),
        study_regimes=("small",),
        studies=[study],
    )
    choices = {n: Choice(n, changes, (0.5,), (0.5,), (0, 1)) for n, changes in settings.items()}
    write_choices(plan.choices_folder, SMALL, choices)
    run_studies(plan)
    assert len(list(plan.cells_folder.glob("*.json"))) == 2 * (2 + 2 + 2)
    table = study_table(study, SMALL, (0, 1), chosen_settings(plan, SMALL), plan.read)
    assert table["label"].tolist() == ["as chosen", "the same", "noisy", "large"]
    assert table["against"][1] == 0
    pages = write_report(plan, tmp_path / "evidence.md")
    assert [page.name for page in pages] == ["evidence.md", "evidence-mechanism.md"]
    assert "(evidence-mechanism.md)" in pages[0].read_text()
    told = pages[1].read_text()
    assert "| **as chosen** |" in told
    assert finding(study, table) in told
    beside = Study(
        "beside", "beside", "And?", (Level("as chosen"), Level("tiny", weak)), "as chosen"
    )
    _, page = write_report(replace(plan, studies=[study, beside]), tmp_path / "evidence.md")
    assert "Not run here: And?" in page.read_text(), "one level alone compares nothing"
    unrun = replace(plan, study_seeds=(0, 1, 2))
    (alone,) = write_report(unrun, tmp_path / "evidence.md")
    assert "The studies of what moves a gain have not been run." in alone.read_text()
    (alone,) = write_report(replace(unrun, studies=()), tmp_path / "evidence.md")
    assert "studies" not in alone.read_text().split("```")[-1]


def test_studies_of_absent_methods_are_refused_before_any_work(tmp_path: Path) -> None:
    own = replace(REGIMES["few"], base=SMALL.base)
    plan = small_plan(tmp_path, regimes=[own], studies=find_studies(["rows"]))
    with pytest.raises(ConfigError, match="'pkdot', which is not among the methods"):
        check_studies(plan)
    quick = replace(
        plan,
        contenders=contenders(list(QUICK_METHODS)),
        studies=find_studies(list(QUICK_STUDIES)),
    )
    check_studies(quick)
    with pytest.raises(ConfigError, match="'rows', which is not among the methods"):
        check_studies(replace(quick, contenders=contenders(["kd", "pkdot"])))
    check_studies(replace(plan, regimes=[SMALL]))


def test_a_cell_that_fails_is_told_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = {"method": "pkdot", "options.pkdot.k": 8, "training.learning_rate": 1e30}
    broken = Contender("broken", "too fast", (setting,) * 6)
    plan = small_plan(tmp_path, contenders=[REFERENCES[0], broken], settings=1)
    with pytest.raises(ConfigError, match="Every setting of 'broken' failed"):
        run_tuning(plan)
    told = capsys.readouterr().err
    assert "small: tuning: too fast, setting 0, seed 0: " in told
    assert len(list(plan.cells_folder.glob("*.json"))) == 2, "the student alone on two seeds"
