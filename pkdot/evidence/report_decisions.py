"""The page of decisions: what to take in which situation, what to expect, what not to take."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..analysis.across import Ranking
from ..atomic_files import write_text
from .comparison import SIGNIFICANCE
from .decision_figures import write_decision_figures
from .decisions import (
    CONTRASTS,
    Decision,
    contrast_rows,
    decisions,
    gain_rows,
    method_ranking,
    regret_table,
)
from .defaults import default_regrets
from .markdown import interval, number, table
from .report_defaults import regret_lines
from .score_tables import ScoreTable, ends_of_grids, method_titles, read_tables
from .situations import CORPORA, situation_of

_VIEWS = {corpus.name: corpus.title.partition(", ")[2] for corpus in CORPORA} | {"biovid": "video"}
DECISIONS = "decisions.md"
"""Name of the page, beside the report."""

_SHOWN = 3
"""So many names at most in a cell that lists those not to take."""

_HEAD = """A gain is in points over the student alone: percent of test samples that are right, or
hundredths of the task's score. Differences are paired by seed or subject; intervals are of 95 %.
It includes what the teacher's encoder and T-Net bring without any distillation; the reports tell
that apart (*against its start*). A mean over corpora counts each alike, those without room too, and
its interval is over seeds within them: it says nothing of other corpora. Two regimes of the same
recordings count as two; simulated corpora decide apart, and so do targets that are values, which
not every method can learn. Of several tables of one regime, the one of most units counts.

Unless a row says otherwise, labels are *few*: about 100, or a quarter of the samples where people
are simulated. The other training samples, 180 to 900, have none. Where every label is there and
right, take the student alone: nothing was gained there.

**The rule.** A method that is resolved below the student alone on one corpus is out (Holm's
correction over the methods of a regime). Of the others the one is taken whose largest regret is
least: its distance, in points, from the best method of a corpus. *Level* are those that are not
told apart from it over all corpora (Holm's correction over them). Where no ceiling is resolved
above the best student alone there is no room, and the student alone is taken; likewise where the
gain of the one to take is not resolved above zero (Holm's correction over the methods). The cells
that choose also say what to expect, so an expectation is a little too rosy."""


def write_decisions(scores: Path, page: Path, figures: Path) -> list[Path]:
    """Write the page and its figures from published scores; nothing where there are none.

    Args:
        scores: the folder of score tables, see :mod:`pkdot.evidence.score_tables`.
        page: file to write.
        figures: folder for the figures, each an interactive page.

    Returns:
        The page, then the figures.

    Raises:
        InputError, RecordError: if a table, or a file of choices in ``chosen`` beside, is damaged.
    """
    tables = read_tables(scores) if scores.is_dir() else []
    titles = method_titles(tables)
    rows = gain_rows(tables, list(titles))
    if rows.empty:
        return []
    ranked = method_ranking(tables, list(titles))
    lines = [
        "# Decisions: which method, in which situation",
        "",
        *_HEAD.split("\n"),
        "",
        *_decision_table(decisions(tables, list(titles)), titles),
        *_contrasts(tables, titles),
        *_regrets(rows, titles, ends_of_grids(tables, list(titles), scores.parent / "chosen")),
        *regret_lines(default_regrets(tables, list(titles)), titles),
        *_ranks(ranked, titles),
        *_corpora(tables),
    ]
    write_text(page, "\n".join(lines).rstrip() + "\n")
    return [page, *write_decision_figures(rows, ranked, titles, figures)]


def _decision_table(found: Sequence[Decision], titles: Mapping[str, str]) -> list[str]:
    return [
        "## The decision table",
        "",
        *table(
            (
                "your situation",
                "take this",
                "expect this",
                "level with it",
                "not that: points behind it",
            ),
            (
                (
                    _situation(one),
                    _take(one, titles),
                    _expect(one),
                    ", ".join(titles[name] for name in one.level) or "–",
                    _not_that(one, titles),
                )
                for one in found
            ),
        ),
    ]


def _situation(one: Decision) -> str:
    return situation_of(one.situation) + _mark(one.simulated, one.of_values)


def _mark(simulated: bool, of_values: bool) -> str:
    return ("; targets are values" if of_values else "") + (" (simulated)" if simulated else "")


def _take(one: Decision, titles: Mapping[str, str]) -> str:
    if one.take is None:
        return "the student alone"
    ahead = [titles[name] for name in one.ahead]
    better = f"; on the mean {', '.join(ahead)} gains more" if ahead else ""
    return f"**{titles[one.take]}** (`{one.take}`){better}"


def _expect(one: Decision) -> str:
    n = f"n = {one.n_units} on {len(one.corpora)} corp{'us' if len(one.corpora) == 1 else 'ora'}"
    if one.expected is None:
        why = "no room" if one.has_room is False else "no gain is resolved without harm"
        return f"{why}; {n}"
    means = one.expected.means
    low, high = min(means), max(means)
    spread = f", from {low:+.1f} to {high:+.1f}" if len(means) > 1 else ""
    untold = "; no ceiling was run" if one.has_room is None else ""
    return f"{one.expected.interval:+.1f}{spread}; {n}{untold}"


def _not_that(one: Decision, titles: Mapping[str, str]) -> str:
    harmful = [
        f"{titles[name]} ({gain:+.1f} over the student alone on {corpus})"
        for name, (corpus, gain) in one.harmful.items()
    ]
    behind = [f"{titles[name]} ({gap:+.1f})" for name, gap in one.behind.items()]
    listed = [*harmful, *behind]
    more = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {more} more" if more > 0 else "") or "–"


def _contrasts(tables: Sequence[ScoreTable], titles: Mapping[str, str]) -> list[str]:
    found = contrast_rows(tables)
    if found.empty:
        return []
    return [
        "## What transport adds",
        "",
        f"Means over corpora; *p* is after Holm's correction over the {len(found)} rows, of "
        f"{len(CONTRASTS)} differences that were named beforehand.",
        "",
        *table(
            ("situation", "difference", "points", "p", "verdict", "n"),
            (
                (
                    situation_of(row["situation"]) + _mark(row["simulated"], row["of_values"]),
                    f"{titles[row['one']]}, less {titles[row['other']]}",
                    interval(row, "difference"),
                    number(row["p_holm"], ".2g"),
                    "resolved" if row["p_holm"] < SIGNIFICANCE else "not resolved",
                    f"{row['n']} on {row['corpora']}",
                )
                for row in found.to_dict("records")
            ),
        ),
    ]


def _regrets(
    rows: pd.DataFrame, titles: Mapping[str, str], ends: Mapping[str, tuple[int, int]]
) -> list[str]:
    return [
        "## How far from the best",
        "",
        "Regret is in points below the best method of a regime, over all regimes that a method was "
        "run in. Methods that ran in fewer regimes had fewer chances to be far. Where a choice "
        "lies at an end of its grid, more may lie beyond.",
        "",
        *table(
            (
                "method",
                "regimes",
                "mean regret",
                "largest",
                "where",
                "resolved below the student",
                "choices at an end of their grid",
            ),
            (
                (
                    titles[row["method"]],
                    str(row["regimes"]),
                    number(row["mean_regret"]),
                    number(row["largest_regret"]),
                    f"`{row['where']}`",
                    str(row["harmed"]),
                    "{} of {}".format(*ends[row["method"]]) if row["method"] in ends else "–",
                )
                for row in regret_table(rows).to_dict("records")
            ),
        ),
    ]


def _ranks(ranked: Ranking | None, titles: Mapping[str, str]) -> list[str]:
    if ranked is None:
        return ["No ranking: it needs three methods that ran in the same two regimes or more.", ""]
    groups = [", ".join(titles[name] for name in clique) for clique in ranked.cliques]
    return [
        "## Ranking",
        "",
        f"Mean ranks over {ranked.n_blocks} regimes with room, of the methods that ran in all of "
        f"them. Friedman's test in the form of Iman and Davenport: p = {ranked.p:.2g}. Ranks that "
        f"differ by less than {ranked.critical_difference:.1f} are not told apart (Nemenyi). "
        "Regimes of one corpus share its recordings, so the test counts more than it has.",
        "",
        *table(
            ("method", "mean rank"),
            ((titles[name], f"{rank:.1f}") for name, rank in ranked.ranks.items()),
        ),
        *(f"- Not told apart: {group}." for group in groups),
        "",
    ]


def _corpora(tables: Sequence[ScoreTable]) -> list[str]:
    found: dict[str, list[ScoreTable]] = {}
    for one in tables:
        found.setdefault(one.plan.corpus, []).append(one)
    return [
        "## What was measured",
        "",
        *table(
            ("corpus", "what the student sees", "situations", "units"),
            (
                (
                    name + _mark(own[0].simulated, own[0].of_values),
                    _VIEWS[name],
                    ", ".join(one.plan.situation for one in own),
                    ", ".join(sorted({f"{len(one.scores)} {one.unit}" for one in own})),
                )
                for name, own in found.items()
            ),
        ),
    ]
