"""Curves over epochs, over k, and over runs: small multiples with one line each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish, in_words, line_marker

AGREEMENT = {
    "correlation": "correlation (r)",
    "rank_correlation": "rank correlation (ρ)",
    "cka": "linear CKA",
    "neighbour_overlap": "shared neighbours",
}


def agreement_curves(
    table: Any,
    *,
    best_epoch: int | None = None,
    epoch: int | None = None,
    ceiling: Mapping[str, float] | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """How the student's structure approached the teacher's while it trained.

    Args:
        table: columns epoch, and those of :data:`pkdot.analysis.agreement.MEASURES`.
        best_epoch: the epoch that was selected; marked where given.
        epoch: the epoch that is shown elsewhere; a larger dot.
        ceiling: measure -> agreement of two teachers; a dotted line.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the table has no rows.
    """
    if not len(table):
        raise InputError("There is no epoch to compare; log some embeddings first.")
    colours = style.colours
    shown = {name: words for name, words in AGREEMENT.items() if name in table.columns}
    figure = make_subplots(1, len(shown), horizontal_spacing=0.07)
    for column, (name, words) in enumerate(shown.items(), start=1):
        figure.update_yaxes(title=words, row=1, col=column)
        figure.add_scatter(
            x=table["epoch"],
            y=table[name],
            mode="lines+markers",
            line={"color": colours.student, "width": 2},
            marker={
                "color": colours.student,
                "size": np.where(table["epoch"] == epoch, 12, 6),
                "line": {"width": 1, "color": colours.paper},
            },
            showlegend=False,
            hovertemplate="epoch %{x}: %{y:.2f}<extra></extra>",
            row=1,
            col=column,
        )
        if best_epoch is not None:
            figure.add_vline(
                best_epoch,
                line={"color": colours.neutral, "width": 1, "dash": "dash"},
                row=1,
                col=column,
            )
        if ceiling is not None and name in ceiling:
            line = {"color": colours.teacher, "width": 1.5, "dash": "dot"}
            figure.add_hline(ceiling[name], line=line, row=1, col=column)
    low = float(np.nanmin([0.0, *(table[name].min() for name in shown)]))
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(range=[low - 0.05, 1.05])
    marked = "; the dashed line is the selected epoch" if best_epoch is not None else ""
    marked += "; dotted: a second teacher" if ceiling else ""
    return finish(
        figure,
        "How alike the two structures became",
        style,
        subtitle=f"1 is the teacher's own structure; epoch 0 is before training{marked}",
        height=320,
    )


def coverage_curves(
    table: Any,
    *,
    k: int | None = None,
    classes: str = "classes",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """How well the anchors of each policy stand for all samples, as k grows.

    Args:
        table: rows of policy, k, coverage, classes, from
            :func:`~pkdot.analysis.anchor_coverage.coverage_curves`.
        k: the number in force; marked where given.
        classes: what classes of samples are called.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the table has no rows.
    """
    if not len(table):
        raise InputError("There is no number of anchors to draw; give at least one.")
    colours = style.colours
    panels = {"coverage": "similarity to the nearest anchor"}
    if table["classes"].notna().any():
        panels["classes"] = f"{clean(classes)} with an anchor (%)"
    figure = make_subplots(1, len(panels), horizontal_spacing=0.1)
    for column, (name, words) in enumerate(panels.items(), start=1):
        figure.update_yaxes(title=words, row=1, col=column)
        factor = 100 if name == "classes" else 1
        for number, (policy, rows) in enumerate(table.groupby("policy", sort=False)):
            colour, symbol = line_marker(number, colours)
            figure.add_scatter(
                x=rows["k"],
                y=factor * rows[name],
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"symbol": symbol, "size": 7},
                name=in_words(policy),
                legendgroup=in_words(policy),
                showlegend=column == 1,
                hovertemplate=f"{in_words(policy)}, k = %{{x}}: %{{y:.2f}}<extra></extra>",
                row=1,
                col=column,
            )
        if k is not None:
            figure.add_vline(
                k, line={"color": colours.neutral, "width": 1, "dash": "dash"}, row=1, col=column
            )
    figure.update_xaxes(
        title="number of anchors k", type="log", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500]
    )
    figure.update_layout(legend={"title": {"text": "policy"}})
    return finish(
        figure,
        "What more anchors add",
        style,
        subtitle="left: mean over all samples; the dashed line is the chosen k",
        height=360,
    )


def run_curves(
    curves: Mapping[str, Any],
    *,
    name: str = "accuracy",
    split: str = "validation",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """One metric of several runs over their epochs: teachers on the left, students on the right.

    Args:
        curves: title -> table of metrics with columns stage, epoch, split, name, value.
        name: which metric.
        split: which split.
        style: theme, width, and whether the data of one run are simulated.

    Raises:
        InputError: if none of the runs has that metric.
    """
    colours = style.colours
    stages = ("teacher", "student")
    figure = make_subplots(
        1,
        2,
        subplot_titles=[stage.capitalize() for stage in stages],
        shared_yaxes=True,
        horizontal_spacing=0.04,
    )
    drawn = 0
    for number, (title, table) in enumerate(curves.items()):
        colour, symbol = line_marker(number, colours)
        for column, stage in enumerate(stages, start=1):
            kept = (table["stage"] == stage) & (table["name"] == name) & (table["split"] == split)
            rows = table[kept].sort_values("epoch")
            if not len(rows):
                continue
            drawn += 1
            figure.add_scatter(
                x=rows["epoch"],
                y=rows["value"],
                mode="lines+markers",
                line={"color": colour, "width": 1.8},
                marker={"symbol": symbol, "size": 7, "maxdisplayed": 8},
                name=clean(title, 60),
                legendgroup=str(number),
                showlegend=column == _first_column(table, name, split, stages),
                hovertemplate=f"{clean(title, 60)}<br>epoch %{{x}}: %{{y:.3g}}<extra></extra>",
                row=1,
                col=column,
            )
    if not drawn:
        raise InputError(f"None of these runs has logged {name!r} on {split!r} samples.")
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title=f"{in_words(name)} ({clean(split)})", col=1)
    return finish(
        figure,
        "How these runs trained",
        style,
        subtitle="one colour and marker a run; epoch 0 is before training",
        height=400 + 12 * len(curves),
    )


def _first_column(table: Any, name: str, split: str, stages: tuple[str, ...]) -> int:
    own = table[(table["name"] == name) & (table["split"] == split)]["stage"]
    return next((i for i, stage in enumerate(stages, start=1) if (own == stage).any()), 0)
