"""Maps of teacher and student side by side: the same samples, the same colours, one scale."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .style import Theme, class_marker, class_name, clean, finish, theme_of

MOST_NAMES = 20
"""More groups than this are not listed: hovering over a point names its own."""


def class_points(
    figure: Any,
    points: Any,
    labels: Any,
    class_names: Any,
    ids: Any,
    look: Theme,
    *,
    row: int | None = 1,
    column: int | None = 1,
    legend: bool = True,
    size: float = 7,
    opacity: float = 0.9,
    kept: Any = None,
    marker: Callable[[int, Theme], tuple[str, str]] = class_marker,
) -> None:
    """Add points (N, 2) to a panel, one trace a class, so that the legend switches both maps.

    Each point carries its position in ``ids`` and its name as ``customdata``, for selections.
    Where ``kept`` (N,) is given, points that are not kept stand back. ``marker`` gives colour and
    symbol of a class.
    """
    labels = np.asarray(labels)
    kept = np.full(len(labels), True) if kept is None else np.asarray(kept)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        # the legend shows a trace's first point
        members = members[np.argsort(~kept[members], kind="stable")]
        colour, symbol = marker(int(label), look)
        name = class_name(int(label), class_names)
        figure.add_trace(
            go.Scatter(
                x=points[members, 0],
                y=points[members, 1],
                mode="markers",
                name=name,
                legendgroup=f"class {label}",
                showlegend=legend,
                marker={
                    "color": colour,
                    "symbol": symbol,
                    "size": size,
                    # one number for all is drawn much faster than a list of equal ones
                    "opacity": opacity if kept.all() else np.where(kept[members], opacity, 0.12),
                    "line": {"width": 0.5, "color": look.paper},
                },
                customdata=[[int(i), clean(ids[i])] for i in members],
                hovertemplate=f"%{{customdata[1]}}<br>{name}<extra></extra>",
            ),
            row,
            column,
        )


def bare_axes(figure: Any, columns: int, projection: str, row: int = 1) -> None:
    """Axes of a map: named, equal in scale, without numbers, which would mean nothing."""
    for column in range(1, columns + 1):
        anchor = figure.get_subplot(row, column).xaxis.plotly_name.replace("axis", "")
        figure.update_xaxes(
            title=f"{projection} 1 (no unit)",
            showticklabels=False,
            constrain="domain",
            row=row,
            col=column,
        )
        figure.update_yaxes(
            title=f"{projection} 2 (no unit)" if column == 1 else None,
            showticklabels=False,
            scaleanchor=anchor,
            constrain="domain",
            row=row,
            col=column,
        )


def embedding_maps(
    teacher: Any,
    student: Any,
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    projection: str = "PCA",
    epoch: int | None = None,
    chosen: Any = None,
    grouped_by: str = "class",
    marker: Callable[[int, Theme], tuple[str, str]] = class_marker,
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """Maps of teacher and student, with one legend for both.

    Args:
        teacher: (N, 2) coordinates, e.g. of :func:`pkdot.analysis.projection.project`.
        student: (N, 2), aligned to the teacher's.
        labels: (N,) class numbers, -1 for none.
        class_names: one name a class.
        ids: (N,) names of the samples.
        projection: for the axes and the title.
        epoch: of the student; stands over its panel.
        chosen: (N,) booleans; in both maps the other samples stand back.
        grouped_by: what the labels are, for the legend.
        marker: colour and symbol of a label, see :func:`pkdot.figures.style.class_marker`.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if the two do not have one shape (N, 2).
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    if t.shape != s.shape or t.ndim != 2 or t.shape[1] != 2:
        raise InputError(f"Maps must have one shape (N, 2), not {t.shape} and {s.shape}.")
    look = theme_of(theme)
    labels = np.full(len(t), -1) if labels is None else np.asarray(labels)
    ids = np.arange(len(t)) if ids is None else np.asarray(ids)
    when = "" if epoch is None else f", epoch {epoch}"
    figure = make_subplots(
        1, 2, subplot_titles=["Teacher", f"Student{when}"], horizontal_spacing=0.05
    )
    for column, points in enumerate((t, s), start=1):
        class_points(
            figure,
            points,
            labels,
            class_names,
            ids,
            look,
            column=column,
            legend=column == 1 and len(np.unique(labels)) <= MOST_NAMES,
            kept=chosen,
            marker=marker,
        )
    span = 1.08 * float(np.abs(np.concatenate([t, s])).max(initial=1e-9))
    figure.update_xaxes(range=[-span, span])
    figure.update_yaxes(range=[-span, span])
    bare_axes(figure, 2, clean(projection))
    figure.update_layout(
        legend={"title": {"text": clean(grouped_by)}},
        dragmode="lasso",
    )
    return finish(
        figure,
        f"Where the samples lie ({clean(projection)})",
        subtitle="the student's map is turned onto the teacher's; near points are alike",
        simulated=simulated,
        theme=theme,
        height=500,
    )
