"""The student's map from epoch to epoch: points glide, so that an eye can follow them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .maps import MOST_NAMES, bare_axes, class_points
from .style import Theme, class_marker, clean, finish, theme_of

STEP = 900
"""Milliseconds from one epoch to the next; the points glide for most of it."""
GLIDE = 700


def map_film(
    teacher: Any,
    students: Mapping[int, Any],
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    projection: str = "PCA",
    grouped_by: str = "class",
    marker: Callable[[int, Theme], tuple[str, str]] = class_marker,
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """The teacher's map, and beside it the student's, gliding through the epochs.

    The figure has buttons of its own to play and pause, and a slider.

    Args:
        teacher: (N, 2) coordinates, e.g. of :func:`pkdot.analysis.projection.project`.
        students: epoch -> (N, 2), each aligned to the teacher's; two or more of them.
        labels: (N,) class numbers, -1 for none.
        class_names: one name a class.
        ids: (N,) names of the samples.
        projection: for the axes and the title.
        grouped_by: what the labels are, for the legend.
        marker: colour and symbol of a label, see :func:`pkdot.figures.style.class_marker`.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

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
    look = theme_of(theme)
    labels = np.full(len(t), -1) if labels is None else np.asarray(labels)
    ids = np.arange(len(t)) if ids is None else np.asarray(ids)
    first, last = min(maps), max(maps)
    figure = make_subplots(1, 2, subplot_titles=["Teacher", "Student"], horizontal_spacing=0.05)
    few = len(np.unique(labels)) <= MOST_NAMES
    for column, points in enumerate((t, maps[first]), start=1):
        named = column == 1 and few
        class_points(
            figure, points, labels, class_names, ids, look, column=column, legend=named,
            marker=marker,
        )  # fmt: skip
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
        subtitle=f"{len(maps)} epochs from {first} to {last}; every map is turned onto the "
        "teacher's",
        simulated=simulated,
        theme=theme,
        height=580,
    )
    figure.update_layout(legend={"title": {"text": clean(grouped_by)}}, **_controls(maps, look))
    return figure


def _controls(maps: Mapping[int, Any], look: Theme) -> dict[str, Any]:
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
    style = {"bgcolor": look.paper, "bordercolor": look.faint, "font": {"color": look.ink}}
    menu = {"type": "buttons", "direction": "left", "showactive": False, "buttons": buttons}
    # Under the pointer a button turns nearly white in every theme; grey can be read on both.
    menu["font"] = {"color": look.neutral}
    place = {"x": 0, "y": -0.2, "xanchor": "left", "yanchor": "top", "pad": {"t": 0, "r": 10}}
    slider = {
        "steps": steps,
        "x": 0.2,
        "len": 0.8,
        "y": -0.14,
        "yanchor": "top",
        "pad": {"t": 0, "b": 6},
        "currentvalue": {"prefix": "epoch ", "xanchor": "left", "font": {"color": look.ink}},
        "tickcolor": look.faint,
        "activebgcolor": look.student,
    }
    return {
        "updatemenus": [{**style, **menu, **place}],
        "sliders": [{**slider, **style}],
        "margin": {"b": 130},
    }
