"""Decisions on made-up scores whose answer is known, and the page that tells them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.__main__ import main
from pkdot.errors import InputError
from pkdot.evidence.contenders import find_contenders
from pkdot.evidence.decisions import (
    contrast_rows,
    decide,
    decisions,
    gain_rows,
    method_ranking,
    regret_table,
)
from pkdot.evidence.regimes import REGIMES
from pkdot.evidence.report_decisions import write_decisions
from pkdot.evidence.score_tables import ScoreTable, method_titles, read_tables
from pkdot.evidence.situations import plans
from pkdot.evidence.tuning import Choice, write_choices

PLANS = plans()
METHODS = ["kd", "rows", "pkdot"]


def table_of(name: str, seed: int = 0, simulated: bool = False, **gains: float) -> ScoreTable:
    """Ten seeds in which each arm is ahead of the student alone by its gain."""
    rng = np.random.default_rng(seed)
    alone = 60 + rng.standard_normal(10)
    arms = {arm: alone + gain + 0.3 * rng.standard_normal(10) for arm, gain in gains.items()}
    scores = pd.DataFrame({"alone": alone, **arms})
    scores.index.name = "seed"
    return ScoreTable(PLANS[name], scores, simulated)


def test_the_method_that_is_nowhere_far_from_the_best_is_taken() -> None:
    tables = [
        table_of("digits_wrong50", 1, ceiling=9, kd=4, rows=6, pkdot=5),
        table_of("numerals_wrong50", 2, ceiling=9, kd=4, rows=-8, pkdot=0.5),
    ]
    found = decide(tables, METHODS)
    assert found.take == "kd"
    assert found.has_room
    assert found.expected is not None
    assert found.expected.interval.mean == pytest.approx(4, abs=0.3)
    assert found.n_units == 20
    assert list(found.harmful) == ["rows"]
    corpus, points = found.harmful["rows"]
    assert (corpus, round(points)) == ("numerals", -8)
    assert (found.level, found.ahead, list(found.behind)) == ((), (), ["pkdot"])


def test_who_is_level_is_named_and_who_gains_more_elsewhere() -> None:
    tables = [
        table_of("digits_pairs", 1, ceiling=9, kd=5, rows=5, pkdot=20),
        table_of("numerals_pairs", 2, ceiling=9, kd=5, rows=5, pkdot=20),
    ]
    found = decide(tables, ["kd", "rows"])
    assert {found.take, *found.level} == {"kd", "rows"}
    safe = [
        table_of("digits_pairs", 1, ceiling=30, kd=5, pkdot=20),
        table_of("numerals_pairs", 2, ceiling=30, kd=14, pkdot=0),
        table_of("vowels_pairs", 3, ceiling=30, kd=14, pkdot=29),
    ]
    careful = decide(safe, ["kd", "pkdot"])
    assert (careful.take, careful.ahead) == ("pkdot", ()), "14 points behind once, not 15 twice"


def test_without_room_or_gain_the_student_stays_alone() -> None:
    without = decide([table_of("digits_all", ceiling=0.0, kd=0.1, pkdot=0.2)], METHODS)
    assert (without.take, without.has_room, without.expected) == (None, False, None)
    harmed = decide([table_of("digits_pairs", ceiling=5.0, kd=-3, pkdot=-4)], METHODS)
    assert (harmed.take, harmed.has_room) == (None, True)
    assert list(harmed.harmful) == ["pkdot", "kd"]
    flat = decide([table_of("digits_pairs", kd=0.0, pkdot=-0.05)], METHODS)
    assert (flat.take, flat.has_room) == (None, None), "and no ceiling was run"


def test_a_gain_that_is_not_resolved_among_its_rivals_is_not_taken() -> None:
    """Alone, t is 2.5 over ten seeds, p 0.03; among three methods it is 0.1."""
    alone = np.full(10, 60.0)
    spread = np.linspace(-1, 1, 10) / np.linspace(-1, 1, 10).std(ddof=1)
    gain = 1 + 10**0.5 / 2.5 * spread
    arms = {"kd": alone + gain, "rows": alone + 0.1 * spread, "pkdot": alone - 0.1 * spread}
    scores = pd.DataFrame({"alone": alone, **arms})
    table = ScoreTable(PLANS["digits_pairs"], scores, simulated=False)
    assert decide([table], ["kd"]).take == "kd"
    assert decide([table], METHODS).take is None


def test_a_method_that_was_not_run_everywhere_is_not_taken() -> None:
    tables = [
        table_of("digits_pairs", ceiling=9, kd=4, pkdot=8),
        table_of("vowels_pairs", ceiling=9, kd=4),
    ]
    assert decide(tables, METHODS).take == "kd"


def test_simulated_corpora_decide_apart() -> None:
    real = table_of("digits_pairs", ceiling=9, kd=4, pkdot=1)
    simulated = table_of("biovid_pairs", simulated=True, ceiling=9, kd=1, pkdot=4)
    found = decisions([simulated, real], METHODS)
    assert [(one.take, one.simulated) for one in found] == [("kd", False), ("pkdot", True)]
    with pytest.raises(InputError, match="real corpora or of simulated"):
        decide([real, simulated], METHODS)


def test_contrasts_regrets_and_ranks() -> None:
    tables = [
        table_of("digits_wrong50", 1, kd=4, rows=-6, pkdot=1),
        table_of("numerals_wrong50", 2, kd=5, rows=-3, pkdot=2),
        table_of("numerals_pairs", 3, kd=5, rows=6, pkdot=5.5),
    ]
    found = contrast_rows(tables).set_index(["situation", "one", "other"])
    row = found.loc[("wrong50", "pkdot", "rows")]
    assert row["difference"] == pytest.approx(6, abs=0.4)
    assert (row["corpora"], row["n"]) == (2, 20)
    assert set(found.index.get_level_values("other")) == {"rows", "kd"}
    rows = gain_rows(tables, METHODS)
    regrets = regret_table(rows).set_index("method")
    assert regrets.index[0] == "kd"
    assert regrets.loc["rows", "where"] == "digits_wrong50"
    assert regrets.loc["rows", "largest_regret"] == pytest.approx(10, abs=0.5)
    assert regrets.loc["rows", "harmed"] == 2
    ranked = method_ranking(tables, METHODS)
    assert ranked is not None
    assert ranked.ranks["kd"] == pytest.approx(5 / 3)
    assert method_ranking(tables, ["kd", "rows"]) is None


def write(folder: Path, name: str, table: ScoreTable, rows: int = 10) -> None:
    folder.mkdir(exist_ok=True)
    table.scores.iloc[:rows].to_csv(folder / name)


def test_the_page_and_its_figures_are_made_from_published_scores(tmp_path: Path) -> None:
    scores = tmp_path / "scores"
    for number, (regime, rows) in enumerate(
        (("numerals_pairs", 6), ("numerals_wrong50", -8), ("numerals_trusted30", 1))
    ):
        table = table_of(regime, number, ceiling=9, logistic=2, kd=4, rows=rows, pkdot=5)
        write(scores, f"{regime}-seeds100-109.csv", table)
    write(scores, "few-seeds100-109.csv", table_of("digits_pairs", ceiling=9, kd=4, rows=4))
    simulated = table_of("biovid_pairs", ceiling=9, kd=4, rows=3)
    write(scores, "biovid_quarter-simulated-people2-3-seeds100-102.csv", simulated)
    (scores / "unknown-seeds1-2.csv").write_text("seed,alone\n")
    for regime, place in (("few", 5), ("numerals_pairs", 2)):
        kd = find_contenders(["kd"])[-1].candidates[place]
        choice = Choice("kd", kd, (0.5,) * 6, (0.5,) * 6, (0,))
        write_choices(tmp_path / "chosen", REGIMES[regime], {"kd": choice})
    page, folder = tmp_path / "decisions.md", tmp_path / "kept"
    command = ["evidence", "--step", "decide", "--folder", str(folder), "--report"]
    assert main([*command, str(tmp_path / "elsewhere" / "e.md")]) == 2, "there are no scores there"
    assert main([*command, str(tmp_path / "e.md")]) == 0
    figures = list((folder / "figures").glob("*.html"))
    told = page.read_text()
    wrong = next(line for line in told.splitlines() if line.startswith("| 50 % of the pairs"))
    assert "**PKDOT** (`pkdot`)" in wrong
    assert "one to one (-8" in wrong
    assert "n = 10 on 1 corpus" in wrong
    assert "| all pairs right (simulated) |" in told
    assert "n = 20 on 2 corpora" in told
    assert "logistic" not in told
    assert next(t for t in told.splitlines() if t.startswith("| soft labels |")).endswith(
        "1 of 2 |"
    )
    names = {file.stem for file in figures}
    assert {"decision-forest-wrong50", "decision-wrong-pairs", "decision-forest-pairs"} <= names
    assert "simulated" in (folder / "figures" / "decision-forest-pairs.html").read_text()
    assert not write_decisions(tmp_path / "none", tmp_path / "d.md", tmp_path / "figures")
    assert not (tmp_path / "d.md").exists()


def test_scores_are_read_as_they_were_published(tmp_path: Path) -> None:
    table = table_of("diabetes_pairs", kd=4)
    write(tmp_path, "diabetes_pairs-seeds1-2.csv", table)
    (found,) = read_tables(tmp_path)
    np.testing.assert_allclose(found.scores["kd"], table.scores["kd"])
    assert (found.unit, found.simulated) == ("seeds", False)
    assert method_titles([found]) == {"kd": "soft labels"}
    write(tmp_path, "diabetes_pairs-seeds3-9.csv", table, rows=4)
    (found,) = read_tables(tmp_path)
    assert len(found.scores) == 10, "the file with most seeds counts"
    (tmp_path / "digits_pairs-seeds1-2.csv").write_text("seed,alone\n1,a\n2,3\n")
    with pytest.raises(InputError, match="holds no scores"):
        read_tables(tmp_path)


def test_values_and_classes_decide_apart() -> None:
    tables = [
        table_of("digits_pairs", ceiling=9, kd=4, pkdot_dist=6),
        table_of("diabetes_pairs", ceiling=9, kd=4),
    ]
    classes, values = decisions(tables, ["kd", "pkdot_dist"])
    assert (classes.take, classes.of_values) == ("pkdot_dist", False)
    assert (values.take, values.of_values) == ("kd", True)
    with pytest.raises(InputError, match="of classes or of values"):
        decide(tables, ["kd"])
