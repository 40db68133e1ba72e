"""The student's map from epoch to epoch: points glide, so that an eye can follow them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .bundles import Grouping, SampleTable, table_for
from .maps import bare_axes, class_points, is_listed
from .style import DEFAULT_STYLE, FigureStyle, clean, finish
from .themes import Theme

STEP = 900
"""Milliseconds from one epoch to the next; the points glide for most of it."""
GLIDE = 700


def map_film(
    teacher: Any,
    students: Mapping[int, Any],
    samples: SampleTable | None = None,
    *,
    grouping: Grouping | None = None,
    projection: str = "PCA",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """The teacher's map, and beside it the student's, gliding through the epochs.

    The figure has buttons of its own to play and pause, and a slider.

    Args:
        teacher: (N, 2) coordinates, e.g. of :func:`pkdot.analysis.projection.project`.
        students: epoch -> (N, 2), each aligned to the teacher's; two or more of them.
        samples: the N samples.
        grouping: what colours and markers stand for; the class by default.
        projection: for the axes and the title.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there are fewer than two epochs, or their maps do not have the teacher's
            shape (N, 2).
    """
    t = np.asarray(teacher, dtype=float)
    maps = {int(epoch): np.asarray(students[epoch], dtype=float) for epoch in sorted(students)}
    if len(maps) < 2:
        raise InputError(f"A film needs the maps of 2 epochs or more, not {len(maps)}.")
    if any(t.shape != s.shape for s in maps.values()) or t.ndim != 2 or t.shape[1] != 2:
        shapes = sorted({s.shape for s in maps.values()})
        raise InputError(f"Maps must have one shape (N, 2), not {t.shape} and {shapes}.")
    samples = table_for(samples, len(t))
    grouping = samples.by_class() if grouping is None else grouping
    first, last = min(maps), max(maps)
    figure = make_subplots(1, 2, subplot_titles=["Teacher", "Student"], horizontal_spacing=0.05)
    for column, points in enumerate((t, maps[first]), start=1):
        class_points(
            figure,
            points,
            samples,
            style,
            grouping=grouping,
            legend=column == 1 and is_listed(grouping),
            row=1,
            col=column,
        )
    moving = range(len(figure.data) // 2, len(figure.data))
    # A trace knows which samples it draws: the first of each point's custom data.
    members = [[row[0] for row in figure.data[trace].customdata] for trace in moving]
    figure.frames = [
        go.Frame(
            name=str(epoch),
            traces=list(moving),
            data=[go.Scatter(x=points[own, 0], y=points[own, 1]) for own in members],
        )
        for epoch, points in maps.items()
    ]
    span = 1.08 * float(np.abs(np.concatenate([t, *maps.values()])).max(initial=1e-9))
    figure.update_xaxes(range=[-span, span])
    figure.update_yaxes(range=[-span, span])
    bare_axes(figure, 2, clean(projection))
    finish(
        figure,
        f"How the student's map formed ({clean(projection)})",
        style,
        subtitle=f"{len(maps)} epochs from {first} to {last}; every map is turned onto the "
        "teacher's",
        height=580,
    )
    # Over the maps, as their controls stand below; under the subtitle, as both need the line.
    legend = {"title": {"text": grouping.legend_title}, "y": 1.07, "yanchor": "bottom"}
    figure.update_layout(legend=legend, **_controls(maps, style.colours))
    return figure.update_layout(margin={"t": style.font(126)})


def _controls(maps: Mapping[int, Any], colours: Theme) -> dict[str, Any]:
    """Play, pause and a slider, under the maps."""
    glide = {"duration": GLIDE, "easing": "cubic-in-out"}
    play = {"frame": {"duration": STEP, "redraw": False}, "transition": glide, "fromcurrent": True}
    jump = {"frame": {"duration": 0, "redraw": False}, "transition": glide, "mode": "immediate"}
    still = {**jump, "transition": {"duration": 0}}
    buttons = [
        {"label": "Play", "method": "animate", "args": [None, play]},
        {"label": "Pause", "method": "animate", "args": [[None], still]},
    ]
    steps = [
        {"label": str(epoch), "method": "animate", "args": [[str(epoch)], jump]} for epoch in maps
    ]
    style = {"bgcolor": colours.paper, "bordercolor": colours.faint, "font": {"color": colours.ink}}
    menu = {"type": "buttons", "direction": "left", "showactive": False, "buttons": buttons}
    # Under the pointer a button turns nearly white in every theme; grey can be read on both.
    menu["font"] = {"color": colours.neutral}
    place = {"x": 0, "y": -0.2, "xanchor": "left", "yanchor": "top", "pad": {"t": 0, "r": 10}}
    slider = {
        "steps": steps,
        "x": 0.2,
        "len": 0.8,
        "y": -0.14,
        "yanchor": "top",
        "pad": {"t": 0, "b": 6},
        "currentvalue": {"prefix": "epoch ", "xanchor": "left", "font": {"color": colours.ink}},
        "tickcolor": colours.faint,
        "activebgcolor": colours.student,
    }
    return {
        "updatemenus": [{**style, **menu, **place}],
        "sliders": [{**slider, **style}],
        "margin": {"b": 130},
    }
