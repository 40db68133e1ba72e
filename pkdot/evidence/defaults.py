"""Default settings: what who tunes nothing gets, beside what tuning would have come to."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..analysis.statistics import holm, paired_difference, paired_p_value
from .comparison import REFERENCE, SIGNIFICANCE, control_name, unit_scores
from .decisions import regret_table
from .score_tables import ScoreTable

if TYPE_CHECKING:  # these load what trains
    from .regimes import Regime
    from .tuning import Choice

DEFAULT, KEPT = "default", "kept"
BEARABLE = 1.5
"""Points that default settings may be behind the method that tuning would have chosen."""


def default_name(contender: str) -> str:
    """Name of the arm of a contender with its default settings."""
    return control_name(contender, DEFAULT)


def kept_name(contender: str) -> str:
    """Name of the arm that also learns from the pairs that the kit would have left out."""
    return control_name(contender, KEPT)


def inner_choice(choices: Mapping[str, "Choice"], methods: Sequence[str]) -> str | None:
    """The method whose best setting has the lowest loss on the inner split; None without any."""
    best = {
        name: min(score for score in choices[name].scores if score is not None)
        for name in methods
        if name in choices
    }
    return min(best, key=lambda name: best[name]) if best else None


def default_table(
    cells: pd.DataFrame, defaults: pd.DataFrame, regime: "Regime", chosen: str
) -> pd.DataFrame:
    """Every method with default settings, against the student alone and the inner split's choice.

    Args:
        cells: of the comparison, with the arms ``alone`` and ``chosen``.
        defaults: cells of the default settings, on the same seeds; with the arms that keep doubtful
            pairs, or without.
        regime: says what a unit is.
        chosen: the tuned method that the inner split chose.

    Returns:
        One row a method, the highest gain first: name; title; n; difference, difference_low,
        difference_high (points over the tuned student alone); behind, behind_low, behind_high
        (points below the choice; negative where ahead of it); where they were run, kept, kept_low,
        kept_high (points that keeping the doubtful pairs loses); p_holm of the first.

    Raises:
        InputError: if there are fewer than two units.
    """
    scores, own = unit_scores(cells, regime.unit), unit_scores(defaults, regime.unit)
    titles = defaults.drop_duplicates("arm").set_index("arm")["title"]
    rows = []
    for name in own:
        if not name.endswith(default_name("")):
            continue
        kept = name.removesuffix(default_name("")) + kept_name("")
        cost = paired_difference(own[name], own[kept]).columns("kept") if kept in own else {}
        rows.append(
            {
                "name": name,
                "title": titles[name],
                "n": len(own),
                **paired_difference(own[name], scores[REFERENCE]).columns("difference"),
                **paired_difference(scores[chosen], own[name]).columns("behind"),
                **cost,
                "p": paired_p_value(own[name], scores[REFERENCE]),
            }
        )
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"])
    return table.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def default_regrets(tables: Sequence[ScoreTable], methods: Sequence[str]) -> pd.DataFrame:
    """How far default settings are from the best tuned method, over all regimes that have both.

    Args:
        tables: scores, one table a regime.
        methods: names of the methods.

    Returns:
        As :func:`~pkdot.evidence.decisions.regret_table` has it: regret is the distance, and
        Holm's correction is over the defaults of a regime. Empty where no defaults have been run.
    """
    parts = []
    for table in tables:
        tuned = table.methods(methods)
        names = [name for name in methods if table.methods([default_name(name)])]
        if not tuned or not names:
            continue
        best, scores = float(table.scores[tuned].mean().max()), table.scores
        own = [scores[default_name(name)] for name in names]
        corrected = holm([paired_p_value(one, scores[REFERENCE]) for one in own])
        gains = [float((one - scores[REFERENCE]).mean()) for one in own]
        parts.append(
            pd.DataFrame(
                {
                    "method": names,
                    "corpus": table.plan.corpus,
                    "situation": table.plan.situation,
                    "regret": [best - float(one.mean()) for one in own],
                    "harms": (np.asarray(corrected) < SIGNIFICANCE) & (np.array(gains) < 0),
                }
            )
        )
    return regret_table(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame())
