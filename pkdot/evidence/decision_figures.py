"""Figures of the decisions: a forest a situation, gains against doubt, methods by rank."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ..analysis.across import Ranking
from ..atomic_files import written_aside
from .situations import situation_of


def write_decision_figures(
    rows: pd.DataFrame, ranked: Ranking | None, titles: Mapping[str, str], folder: Path
) -> list[Path]:
    """Write a forest a situation, the two curves and the ranking, as far as there are numbers.

    Args:
        rows: from :func:`~pkdot.evidence.decisions.gain_rows`.
        ranked: from :func:`~pkdot.evidence.decisions.method_ranking`.
        titles: method -> its title.
        folder: where to write.
    """
    from ..figures import FigureStyle, gain_forest, gain_lines, rank_axis

    def style(rows: pd.DataFrame) -> FigureStyle:
        return FigureStyle(simulated=bool(rows["simulated"].any()))

    drawn = rows.assign(method=rows["method"].map(titles), row=_row_names(rows))
    figures = {}
    for situation, own in drawn.groupby("situation", sort=False):
        title = f"Gains: {situation_of(str(situation))}"
        figures[f"forest-{situation}"] = gain_forest(own, title, style=style(own))
    pairs = drawn[drawn["situation"].isin(["pairs", "wrong20", "wrong50"])]
    wrong = pairs.assign(percent=100 * pairs["wrong"])
    if len(set(wrong["percent"])) > 1:
        figures["wrong-pairs"] = gain_lines(
            wrong,
            "What wrong pairs cost",
            x="percent",
            x_title="wrong pairs, %",
            style=style(wrong),
        )
    even = drawn[drawn["situation"].str.fullmatch(r"trusted\d+")]
    if len(set(even["trusted"])) > 1:
        figures["trusted-pairs"] = gain_lines(
            even,
            "What trusted pairs give where all else is unpaired",
            x="trusted",
            x_title="trusted pairs",
            style=style(even),
        )
    if ranked is not None:
        figures["ranking"] = rank_axis(
            {titles[name]: float(rank) for name, rank in ranked.ranks.items()},
            [[titles[name] for name in clique] for clique in ranked.cliques],
            "Methods by their mean rank",
            critical_difference=ranked.critical_difference,
            blocks=ranked.n_blocks,
            style=style(rows),
        )
    written = []
    for name, figure in figures.items():
        written.append(folder / f"decision-{name}.html")
        with written_aside(written[-1]) as aside:
            figure.write_html(aside, include_plotlyjs="directory")
    return written


def _row_names(rows: pd.DataFrame) -> pd.Series:
    marks = rows["simulated"].map({True: " (simulated)", False: ""})
    return rows["corpus"] + marks
