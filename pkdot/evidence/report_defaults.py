"""What default settings are worth: a part of a regime's section, and of the decisions."""

from collections.abc import Mapping

import pandas as pd

from .comparison import SIGNIFICANCE
from .defaults import BEARABLE, default_table, inner_choice
from .markdown import interval, number, table
from .results import RegimeResults


def default_lines(results: RegimeResults) -> list[str]:
    """Default settings of one regime; nothing where they have not been run."""
    chosen = inner_choice(results.choices, results.methods)
    arms = set() if results.cells.empty else set(results.cells["arm"])
    if results.defaults.empty or chosen not in arms:
        return []
    found = default_table(results.cells, results.defaults, results.regime, str(chosen))
    title = results.cells.loc[results.cells["arm"] == chosen, "title"].iloc[0]
    far = [row["title"] for row in found.to_dict("records") if row["behind"] > BEARABLE]
    heads = ["method", "over the student alone", "p", "behind the inner split's choice", "verdict"]
    kept = "kept" in found
    rows = []
    for row in found.to_dict("records"):
        cells = [
            row["title"],
            interval(row, "difference"),
            number(row["p_holm"], ".2g"),
            interval(row, "behind"),
            _verdict(row),
        ]
        rows.append((*cells, interval(row, "kept")) if kept else tuple(cells))
    lines = [
        "### Default settings: nothing tuned",
        "",
        f"Of the tuned methods the inner split would have chosen {title}. Behind it by more than "
        f"{BEARABLE} points: {', '.join(far) or 'none'}.",
        "",
    ]
    if kept:
        lines[-1:] = [
            "The last column is what each method loses, in points, if it also learns from the "
            "pairs that the kit leaves out as doubtful (`training.doubtful_pairs=keep`).",
            "",
        ]
    return [*lines, *table((*heads, "loses with wrong pairs kept") if kept else heads, rows)]


def _verdict(row: Mapping[str, float]) -> str:
    if row["p_holm"] >= SIGNIFICANCE:
        return "not resolved"
    return f"resolved {'above' if row['difference'] > 0 else 'below'} the student alone"


def regret_lines(found: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """Default settings over all regimes; nothing where they have not been run.

    Args:
        found: from :func:`~pkdot.evidence.defaults.default_regrets`.
        titles: of methods by name.
    """
    if found.empty:
        return []
    return [
        "## Default settings",
        "",
        "What who tunes nothing gets: points below the best tuned method of a regime, over all "
        "regimes with default settings.",
        "",
        *table(
            ("method", "regimes", "mean", "largest", "where", "resolved below the student"),
            (
                (
                    titles[row["method"]],
                    str(row["regimes"]),
                    number(row["mean_regret"]),
                    number(row["largest_regret"]),
                    f"`{row['where']}`",
                    str(row["harmed"]),
                )
                for row in found.to_dict("records")
            ),
        ),
    ]
