"""Maps of teacher and student side by side: the same samples, the same colours, one scale."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..analysis.projection import Maps
from ..errors import InputError
from .bundles import Grouping, SampleTable, table_for
from .style import BELOW_TITLE, DEFAULT_STYLE, Array, FigureStyle, class_name, clean, finish, scale

MOST_NAMES = 20
"""More groups than this are not listed: hovering over a point names its own."""


def checked_maps(maps: Maps) -> tuple[Array, Array]:
    """Both maps as arrays (N, 2).

    Raises:
        InputError: if they do not have one such shape.
    """
    teacher, student = (np.asarray(m, dtype=float) for m in (maps.teacher, maps.student))
    if teacher.shape != student.shape or teacher.ndim != 2 or teacher.shape[1] != 2:
        raise InputError(
            f"Maps must have one shape (N, 2), not {teacher.shape} and {student.shape}."
        )
    return teacher, student


def class_points(
    figure: Any,
    points: Array,
    samples: SampleTable,
    style: FigureStyle,
    *,
    grouping: Grouping | None = None,
    kept: Any = None,
    legend: bool = True,
    size: float = 7,
    opacity: float = 0.9,
    **place: Any,
) -> None:
    """Add points to a panel, one trace a group, so that the legend switches both maps.

    Where groups are ranges of values, colours follow the values, and a bar explains them.

    Each point carries its position in the table and its name as ``customdata``, for selections.

    Args:
        figure: what they are added to.
        points: (N, 2) coordinates.
        samples: the N samples.
        style: theme of the figure.
        grouping: what colours and markers stand for; the class by default.
        kept: (N,) booleans; the other points stand back.
        legend: whether the groups are listed.
        size: of a point, in pixels.
        opacity: of a point that does not stand back.
        **place: row and column of the panel.
    """
    grouping = samples.by_class() if grouping is None else grouping
    numbers, names, colours = np.asarray(grouping.numbers), samples.names, style.colours
    kept = np.full(len(numbers), True) if kept is None else np.asarray(kept)
    values, nothing_known = grouping.values, bool((numbers < 0).all())
    if values is not None:
        numbers = np.where(np.isfinite(values), 0, -1)
        figure.update_layout(coloraxis=value_axis(grouping, style))
    for number in np.unique(numbers):
        members = np.flatnonzero(numbers == number)
        # the legend shows a trace's first point
        members = members[np.argsort(~kept[members], kind="stable")]
        if values is None or number < 0:
            colour, symbol = grouping.marker(int(number), colours)
            group = class_name(int(number), grouping.names, grouping.none)
            paint: dict[str, Any] = {"color": colour, "symbol": symbol}
            hover, listed = group, legend
            if nothing_known:  # hollow points would only say that each lacks what all lack
                paint, hover, listed = {"color": colour, "symbol": "circle"}, "", False
        else:
            group = clean(grouping.by)
            paint = {"color": values[members], "coloraxis": "coloraxis"}
            hover, listed = f"{group}: %{{marker.color:.3g}}", False
        figure.add_trace(
            go.Scatter(
                x=points[members, 0],
                y=points[members, 1],
                mode="markers",
                name=group,
                legendgroup=f"class {number}",
                showlegend=listed,
                marker={
                    **paint,
                    "size": size,
                    # one number for all is drawn much faster than a list of equal ones
                    "opacity": opacity if kept.all() else np.where(kept[members], opacity, 0.12),
                    "line": {"width": 0.5, "color": colours.paper},
                },
                customdata=[[int(i), clean(names[i])] for i in members],
                hovertemplate="<br>".join(filter(None, ["%{customdata[1]}", hover]))
                + "<extra></extra>",
            ),
            **place,
        )


def is_listed(grouping: Grouping) -> bool:
    """Whether the groups are few enough for a legend."""
    return grouping.values is not None or len(np.unique(grouping.numbers)) <= MOST_NAMES


def value_axis(grouping: Grouping, style: FigureStyle) -> dict[str, Any]:
    """The colours of values, with their bar."""
    return {
        "colorscale": scale(style.colours.values),
        "colorbar": {
            "title": {"text": clean(grouping.by), "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
        },
    }


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
            **BELOW_TITLE,
            row=row,
            col=column,
        )


def embedding_maps(
    maps: Maps,
    samples: SampleTable | None = None,
    *,
    grouping: Grouping | None = None,
    chosen: Any = None,
    projection: str = "PCA",
    epoch: int | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Maps of teacher and student, with one legend for both.

    Args:
        maps: coordinates (N, 2) in either network, e.g. of
            :func:`pkdot.analysis.projection.project`.
        samples: the N samples.
        grouping: what colours and markers stand for; the class by default.
        chosen: (N,) booleans; in both maps the other samples stand back.
        projection: for the axes and the title.
        epoch: of the student; stands over its panel.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the two maps do not have one shape (N, 2).
    """
    teacher, student = checked_maps(maps)
    samples = table_for(samples, len(teacher))
    grouping = samples.by_class() if grouping is None else grouping
    when = "" if epoch is None else f", epoch {epoch}"
    figure = make_subplots(
        1, 2, subplot_titles=["Teacher", f"Student{when}"], horizontal_spacing=0.05
    )
    for column, points in enumerate((teacher, student), start=1):
        class_points(
            figure,
            points,
            samples,
            style,
            grouping=grouping,
            kept=chosen,
            legend=column == 1 and is_listed(grouping),
            row=1,
            col=column,
        )
    span = 1.08 * float(np.abs(np.concatenate([teacher, student])).max(initial=1e-9))
    figure.update_xaxes(range=[-span, span])
    figure.update_yaxes(range=[-span, span])
    bare_axes(figure, 2, clean(projection))
    figure.update_layout(
        legend={"title": {"text": grouping.legend_title}},
        dragmode="lasso",
    )
    return finish(
        figure,
        f"Where the samples lie ({clean(projection)})",
        style,
        subtitle="the student's map is turned onto the teacher's; near points are alike",
        height=580,
    )
