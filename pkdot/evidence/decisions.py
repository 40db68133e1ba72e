"""Which method to take in which situation, by a rule, from the scores of all corpora in it.

The rule, for the methods that have scores on every corpus of a situation:

1. Where no ceiling is resolved above the best student alone on any corpus, there is no room, and
   the student alone is taken. Likewise where no method passes 2 and 3.
2. A method that is resolved below the student alone on some corpus is out (Holm's correction over
   the methods of a corpus).
3. Of the others, the one is taken whose largest regret is least: on no corpus is it far below the
   best method there. Its mean gain must be resolved above zero (Holm's correction over all).
4. *Level* with it are those whose difference from it, over all corpora, is not resolved (Holm's
   correction over them).

The cells that choose are those that say what to expect, so an expectation is a little too rosy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..analysis.across import MeanAcross, Ranking, mean_across, ranking
from ..analysis.statistics import holm, paired_difference, paired_p_value
from ..errors import InputError
from .comparison import ALONE, CEILINGS, REFERENCE, SIGNIFICANCE
from .score_tables import ScoreTable

CONTRASTS: tuple[tuple[str, str], ...] = (
    ("pkdot", "rows"),
    ("pkdot", "kd"),
    ("pkdot_soft", "kd"),
    ("pkdot_identity", "rows"),
    ("pkdot_dist", "dist"),
    ("pkdot_doubt", "rows_doubt"),
    ("pkdot_doubt", "kd_doubt"),
    ("pkdot", "self_labels"),
    ("pkdot", "self_labels:em"),
    ("transported_labels", "self_labels:em"),
    ("gromov", "self_labels:em"),
    ("self_labels:teacher+pkdot", "self_labels:em"),
)
"""Pairs of methods that differ in what transport does, and so are compared in every situation."""


@dataclass(frozen=True)
class Decision:
    """What a situation comes to.

    Attributes:
        situation: its name.
        corpora: those with scores, in order.
        simulated: whether they are.
        of_values: whether their targets are values.
        n_units: seeds or subjects of all corpora together.
        has_room: whether a ceiling is resolved above the best student alone on some corpus; None
            where no ceiling was run.
        take: the method; None for the student alone.
        expected: mean gain of it over the student alone.
        ahead: others that are resolved above it on the mean over corpora, though not as safe.
        level: others that are not told apart from it, the highest gain first.
        harmful: method -> (corpus, points) where it is furthest below the student alone, of those
            that are resolved below it; the worst first.
        behind: method -> points resolved below the one that is taken; the furthest first.
    """

    situation: str
    corpora: tuple[str, ...]
    simulated: bool
    of_values: bool
    n_units: int
    has_room: bool | None
    take: str | None
    expected: MeanAcross | None
    ahead: tuple[str, ...]
    level: tuple[str, ...]
    harmful: dict[str, tuple[str, float]]
    behind: dict[str, float]


def gain_rows(tables: Sequence[ScoreTable], methods: Sequence[str]) -> pd.DataFrame:
    """Every method in every regime, against the student alone there.

    Args:
        tables: scores, one table a regime.
        methods: names of arms.

    Returns:
        One row a regime and method: corpus, situation, wrong, trusted, unpaired, simulated, unit,
        method, n; gain, gain_low, gain_high (points); p of the paired t test; p_holm
        (over the methods of the regime); regret (points below the best mean there, 0 for the
        best); harms (resolved below the student alone).
    """
    parts = []
    for table in tables:
        present = table.methods(methods)
        if not present:
            continue
        scores, plan = table.scores, table.plan
        rows = pd.DataFrame(
            {
                "corpus": plan.corpus,
                "situation": plan.situation,
                "wrong": plan.wrong,
                "trusted": plan.trusted,
                "unpaired": plan.unpaired,
                "simulated": table.simulated,
                "unit": table.unit,
                "method": name,
                "n": len(scores),
                **paired_difference(scores[name], scores[REFERENCE]).columns("gain"),
                "p": paired_p_value(scores[name], scores[REFERENCE]),
            }
            for name in present
        )
        rows["p_holm"] = holm(rows["p"])
        rows["regret"] = rows["gain"].max() - rows["gain"]
        rows["harms"] = (rows["p_holm"] < SIGNIFICANCE) & (rows["gain"] < 0)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def decide(tables: Sequence[ScoreTable], methods: Sequence[str]) -> Decision:
    """The decision of one situation, by the rule of this module.

    Args:
        tables: of the corpora in this situation.
        methods: names of arms that may be taken.

    Raises:
        InputError: for no table, or tables of several situations.
    """
    if len({_kind(table) for table in tables}) != 1:
        raise InputError(
            "A decision is of one situation, of real corpora or of simulated ones, and of classes "
            "or of values; given are "
            f"{', '.join(sorted(table.plan.name for table in tables)) or 'none'}."
        )
    everywhere = [m for m in methods if all(m in table.methods(methods) for table in tables)]
    rows = gain_rows(tables, everywhere)
    harmful: dict[str, tuple[str, float]] = {}
    regrets = pd.Series(dtype=float)
    if len(rows):
        harmed = rows[rows["harms"]].sort_values("gain", kind="stable")
        for row in harmed.drop_duplicates("method").itertuples():
            harmful[str(row.method)] = (str(row.corpus), float(row.gain))
        safe = rows[~rows["method"].isin(harmful)]
        regrets = safe.groupby("method", sort=False)["regret"].max()
    room = _room(tables)
    take = None if room is False or regrets.empty else str(regrets.idxmin())
    gains = {name: _across(tables, name, REFERENCE) for name in everywhere}
    corrected = dict(zip(gains, holm([gain.p for gain in gains.values()]), strict=True))
    expected = None if take is None else gains[take]
    if take is None or corrected[take] >= SIGNIFICANCE or gains[take].interval.mean <= 0:
        take = expected = None
    ahead, level, behind = (
        ((), (), {}) if take is None else _beside(tables, take, everywhere, set(harmful))
    )
    return Decision(
        situation=tables[0].plan.situation,
        corpora=tuple(table.plan.corpus for table in tables),
        simulated=tables[0].simulated,
        of_values=tables[0].of_values,
        n_units=sum(len(table.scores) for table in tables),
        has_room=room,
        take=take,
        expected=expected,
        ahead=ahead,
        level=level,
        harmful=harmful,
        behind=behind,
    )


def decisions(tables: Sequence[ScoreTable], methods: Sequence[str]) -> list[Decision]:
    """The decision of every situation that has a table, in the order of the tables.

    Simulated corpora do not decide over real ones: they make a decision of their own. So do those
    with values for targets, which not every method can learn.
    """
    return [decide(own, methods) for own in _by_situation(tables)]


def _kind(table: ScoreTable) -> tuple[bool, bool, str]:
    return table.simulated, table.of_values, table.plan.situation


def _by_situation(tables: Sequence[ScoreTable]) -> list[list[ScoreTable]]:
    found: dict[tuple[bool, bool, str], list[ScoreTable]] = {}
    for table in sorted(tables, key=lambda table: (table.simulated, table.of_values)):
        found.setdefault(_kind(table), []).append(table)
    return list(found.values())


def contrast_rows(tables: Sequence[ScoreTable]) -> pd.DataFrame:
    """What transport adds: each of :data:`CONTRASTS` in every situation that has both.

    Returns:
        One row a situation and contrast: situation, simulated, of_values, one, other; corpora (how
        many), n (units of all of them); difference, difference_low, difference_high (points, mean
        over corpora); p; p_holm (over all rows).
    """
    rows = []
    for own in _by_situation(tables):
        for one, other in CONTRASTS:
            both = [table for table in own if len(table.methods((one, other))) == 2]
            if not both:
                continue
            found = _across(both, one, other)
            rows.append(
                {
                    "situation": own[0].plan.situation,
                    "simulated": own[0].simulated,
                    "of_values": own[0].of_values,
                    "one": one,
                    "other": other,
                    "corpora": len(both),
                    "n": found.interval.n,
                    **found.interval.columns("difference"),
                    "p": found.p,
                }
            )
    table = pd.DataFrame(rows)
    if len(table):
        table["p_holm"] = holm(table["p"])
    return table


def method_ranking(tables: Sequence[ScoreTable], methods: Sequence[str]) -> Ranking | None:
    """Methods that have scores in every regime of classes with room, ranked over these regimes.

    Returns:
        None where there are too few regimes or methods to rank.
    """
    blocks = [t for t in tables if not t.of_values and _room([t]) is not False]
    everywhere = [m for m in methods if all(m in table.methods(methods) for table in blocks)]
    if len(blocks) < 2 or len(everywhere) < 3:
        return None
    return ranking(pd.DataFrame([table.scores[everywhere].mean() for table in blocks]))


def _across(tables: Sequence[ScoreTable], one: str, other: str) -> MeanAcross:
    return mean_across([(table.scores[one] - table.scores[other]).to_numpy() for table in tables])


def _room(tables: Sequence[ScoreTable]) -> bool | None:
    """Whether a ceiling is resolved above the best student alone on some corpus."""
    known = []
    for table in tables:
        ceilings, alone = table.methods(CEILINGS), table.methods(ALONE)
        if ceilings and alone:
            means = table.scores[[*ceilings, *alone]].mean()
            best, reference = str(means[ceilings].idxmax()), str(means[alone].idxmax())
            known.append(_across([table], best, reference).interval.low > 0)
    return any(known) if known else None


def _beside(
    tables: Sequence[ScoreTable], take: str, methods: Sequence[str], out: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, float]]:
    """Who is resolved above the method that is taken, level with it, and resolved below it."""
    others = [name for name in methods if name != take and name not in out]
    if not others:
        return (), (), {}
    found = {name: _across(tables, name, take) for name in others}
    corrected = dict(zip(others, holm([one.p for one in found.values()]), strict=True))
    by_mean = sorted(others, key=lambda name: -found[name].interval.mean)
    level = tuple(name for name in by_mean if corrected[name] >= SIGNIFICANCE)
    told = {name: found[name].interval.mean for name in by_mean if name not in level}
    ahead = tuple(name for name, gap in told.items() if gap > 0)
    behind = {name: told[name] for name in reversed(told) if told[name] < 0}
    return ahead, level, behind


def regret_table(rows: pd.DataFrame) -> pd.DataFrame:
    """How far each method is from the best, over all regimes that it has been run in.

    Args:
        rows: from :func:`gain_rows`.

    Returns:
        One row a method, those of most regimes first, then the least largest regret: method,
        regimes, mean_regret, largest_regret, where (the regime of the largest), harmed (regimes in
        which it is resolved below the student alone).
    """
    if rows.empty:
        return pd.DataFrame()
    found = []
    for name, own in rows.groupby("method", sort=False):
        worst = own.loc[own["regret"].idxmax()]
        found.append(
            {
                "method": name,
                "regimes": len(own),
                "mean_regret": float(np.mean(own["regret"])),
                "largest_regret": float(worst["regret"]),
                "where": f"{worst['corpus']}_{worst['situation']}",
                "harmed": int(own["harms"].sum()),
            }
        )
    table = pd.DataFrame(found).sort_values("largest_regret", kind="stable")
    return table.sort_values("regimes", ascending=False, kind="stable", ignore_index=True)
