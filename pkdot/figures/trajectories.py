"""Values that are answered frame by frame: over time, and two of them as a plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..analysis.predictions import Outputs
from ..errors import InputError
from .answers import NETWORKS
from .style import BELOW_TITLE, DEFAULT_STYLE, Array, FigureStyle, clean, finish, scale

CELLS = 24
"""Cells along each side of the plane."""
CROWDED = 4
"""A network that answers always alike would leave all other cells white."""


def value_trajectories(
    outputs: Outputs,
    times: Array,
    *,
    name: str = "",
    unit: str = "frame",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """True values over time, and what both networks answered; a panel a target.

    A line breaks where a value is missing.

    Args:
        outputs: of both networks for the N frames of one sequence, in order.
        times: of the frames, (N,), rising.
        name: of the sequence.
        unit: of the times.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where outputs are no values, or times are not as many as frames.
    """
    task, colours = outputs.task, style.colours
    times, truth = np.asarray(times), task.truth(outputs.targets)
    if not task.value_names or not len(times):
        raise InputError("Trajectories need values, answered for one frame or more.")
    if len(times) != len(truth):
        raise InputError(f"{len(truth)} frames need as many times, not {len(times)}.")
    scores = {who: task.output_scores(outputs.of(who), outputs.targets) for who in NETWORKS}
    first = task.output_measures[0]
    titles = []
    for value in task.value_names:
        both = ", ".join(f"{who} {first.text(scores[who][value][first.name])}" for who in NETWORKS)
        titles.append(f"<b>{clean(value)}</b> · {first.label} here: {both}")
    rows = len(titles)
    figure = make_subplots(
        rows, 1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.24 / rows
    )
    lines = [
        ("truth", truth, {"color": colours.neutral, "width": 4}, 0.55),
        ("teacher", outputs.teacher, {"color": colours.teacher, "width": 1.8}, 1.0),
        ("student", outputs.student, {"color": colours.student, "width": 1.8}, 1.0),
    ]
    for j, value in enumerate(task.value_names):
        for who, values, line, opacity in lines:
            figure.add_scatter(
                x=times,
                y=values[:, j],
                mode="lines",
                name=who,
                legendgroup=who,
                showlegend=j == 0,
                line=line,
                opacity=opacity,
                connectgaps=False,
                hovertemplate=f"{who}: %{{y:.2f}} at {clean(unit)} %{{x}}<extra></extra>",
                row=j + 1,
                col=1,
            )
        figure.update_yaxes(title=clean(value), row=j + 1, col=1)
    figure.update_xaxes(title=clean(unit), row=rows, col=1)
    title = f"{clean(name)} over time" if name else "Answers over time"
    figure = finish(
        figure,
        title,
        style,
        subtitle=f"{len(times)} frames; a line breaks where a value is missing",
        height=140 + 190 * rows,
    )
    return figure.update_layout(hovermode="x unified", margin={"t": style.font(110)})


def value_plane(
    outputs: Outputs,
    *,
    span: Sequence[Any] = (-1.0, 1.0),
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Where in the plane of two values frames lie: in truth, for the teacher, for the student.

    The colour is the share of frames in a cell, on one scale for all three, which ends where cells
    hold :data:`CROWDED` times as much as any does in truth. Values beyond the span count in the
    cells at the edge. Frames without a target or an answer are left out of all three.

    Args:
        outputs: of both networks for N frames, of a task with two values.
        span: the least and the greatest value of both axes, or such a pair for each.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where there are not two values, or no frame has target and answers.
    """
    task = outputs.task
    truth = task.truth(outputs.targets)
    if len(task.value_names) != 2:
        raise InputError(f"A plane needs two values, not {len(task.value_names)}.")
    known = outputs.known & np.isfinite(truth).all(axis=1)
    if not known.any():
        raise InputError("No frame has a target and an answer of both networks.")
    panels = {"truth": truth, "teacher": outputs.teacher, "student": outputs.student}
    spans = np.broadcast_to(np.asarray(span, dtype=float), (2, 2))
    edges = [np.linspace(low, high, CELLS + 1) for low, high in spans]
    x, y = ((ends[1:] + ends[:-1]) / 2 for ends in edges)
    shares = {who: _shares(values[known], edges) for who, values in panels.items()}
    most = max(float(share.max()) for share in shares.values())
    top = min(most, CROWDED * float(shares["truth"].max()))
    titles = [
        f"<b>{who}</b><br>deviations {values[known, 0].std():.2f}, {values[known, 1].std():.2f}"
        for who, values in panels.items()
    ]
    figure = make_subplots(1, 3, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.03)
    across, up = (clean(name) for name in task.value_names)
    for column, (who, share) in enumerate(shares.items(), start=1):
        trace = go.Heatmap(
            z=share,
            x=x,
            y=y,
            colorscale=scale(style.colours.sequential),
            zmin=0,
            zmax=top,
            showscale=column == 3,
            colorbar={
                "title": {
                    "text": f"share of frames (%){'' if top == most else ', or more'}",
                    "side": "right",
                },
                "thickness": 12,
                "outlinewidth": 0,
            },
            hovertemplate=f"{who}: %{{z:.1f}} % of frames near {across} %{{x:.2f}}, "
            f"{up} %{{y:.2f}}<extra></extra>",
        )
        figure.add_trace(trace, 1, column)
        bare = {"zeroline": True, "showgrid": False, "constrain": "domain"}
        figure.update_xaxes(title=across, range=list(spans[0]), **bare, col=column)
        figure.update_yaxes(range=list(spans[1]), **{**bare, **BELOW_TITLE}, col=column)
        if (spans[0] == spans[1]).all():  # else the two have units of their own
            figure.update_yaxes(scaleanchor=f"x{column if column > 1 else ''}", col=column)
        for at in _zeros(spans):
            figure.add_shape(
                type="line", line={"color": style.colours.neutral, "width": 1, "dash": "dot"},
                **at, row=1, col=column,
            )  # fmt: skip
    figure.update_yaxes(title=up, col=1)
    figure = finish(
        figure,
        f"The plane of {across} and {up}",
        style,
        subtitle=f"{int(known.sum())} frames that have a target and both answers",
        height=450,
    )
    return figure.update_layout(margin={"t": style.font(126)})


def _zeros(spans: Array) -> list[dict[str, float]]:
    """Lines at 0 of either axis, where it lies within."""
    (left, right), (low, high) = spans.tolist()
    lines = []
    if left < 0 < right:
        lines.append({"x0": 0.0, "x1": 0.0, "y0": low, "y1": high})
    if low < 0 < high:
        lines.append({"y0": 0.0, "y1": 0.0, "x0": left, "x1": right})
    return lines


def _shares(values: Array, edges: list[Array]) -> Array:
    """Percent of the values (N, 2) in each cell, rows by the second value."""
    inside = np.column_stack(
        [np.clip(v, e[0], e[-1]) for v, e in zip(values.T, edges, strict=True)]
    )
    counts, _, _ = np.histogram2d(inside[:, 1], inside[:, 0], bins=(edges[1], edges[0]))
    return 100 * counts / len(values)
