"""Matrices as heat maps: blocks, ticks, borders between groups, and a diagonal to click."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from .bundles import SampleTable
from .style import UNLABELLED, Array, class_name, clean, scale

LARGEST = 256
"""Matrices above this many rows or columns are drawn in blocks.

Three panels side by side have some 300 pixels each, so that more cells could not be told apart; a
browser, however, would spend a second on them.
"""


def in_blocks(matrix: Array, *, total: bool = False, largest: int = LARGEST) -> Array:
    """Shrink a matrix to at most ``largest`` rows and columns.

    Args:
        matrix: (n, m).
        total: sum over each block (for mass) rather than average it (for similarity).
        largest: the most rows and columns to keep.
    """
    for axis in (0, 1):
        size = matrix.shape[axis]
        if size > largest:
            starts = np.linspace(0, size, largest, endpoint=False).astype(int)
            matrix = np.add.reduceat(matrix, starts, axis=axis)
            if not total:
                widths = np.diff([*starts, size])
                matrix = matrix / (widths[:, None] if axis == 0 else widths[None, :])
    return matrix


def shrunk_note(shape: tuple[int, ...], drawn: tuple[int, ...]) -> str:
    """A sentence for the reader where a matrix is not drawn entry by entry."""
    if shape == drawn:
        return ""
    return f" · drawn as {drawn[0]} × {drawn[1]} blocks"


def class_ticks(
    labels: Array,
    names: Any,
    *,
    room: float,
    upright: bool = False,
    none: str = UNLABELLED,
) -> dict[str, Any]:
    """Axis ticks at the middle of each class, for labels (B,) in drawing order.

    Args:
        labels: (B,), sorted.
        names: one name a class.
        room: length of the axis in pixels. Where the names do not fit beside each other, none is
            shown; under each other (``upright``), one that would touch the name above is left out.
        upright: whether the axis is vertical.
        none: what samples below 0 are called.
    """
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    drawing = np.argsort(first)  # samples without label (-1) are drawn last
    values, first, counts = values[drawing], first[drawing], counts[drawing]
    words = [class_name(int(value), names, none) for value in values]
    middles = first + counts / 2 - 0.5
    if upright:
        fitting = [0]
        for i in range(1, len(middles)):
            if (middles[i] - middles[fitting[-1]]) / len(labels) * room >= 13:
                fitting.append(i)
        middles, words = middles[fitting], [words[i] for i in fitting]
    half = np.array([3.5 * len(word) + 3 for word in words])  # pixels, at the size of tick labels
    crowded = not upright and (np.diff(middles) / len(labels) * room < half[:-1] + half[1:]).any()
    if len(values) > 20 or (values < 0).all() or crowded:
        return {"showticklabels": False, "ticks": ""}
    return {
        "tickmode": "array",
        "tickvals": middles.tolist(),
        "ticktext": words,
        "tickangle": 0,
        "ticks": "",
    }


def class_lines(labels: Array) -> list[float]:
    """Positions of the borders between classes, for labels (B,) in drawing order."""
    borders = np.flatnonzero(np.diff(labels)) + 1
    return [float(b - 0.5) for b in borders] if len(borders) < 20 else []


def class_grid(
    figure: Any,
    labels: Array,
    colour: str,
    *,
    columns: int | None = None,
    width: float = 0.4,
    **place: Any,
) -> None:
    """Lines between the classes of a drawn matrix, for labels (B,) in drawing order.

    One trace: plotly takes seconds for as many shapes.

    Args:
        figure: what they are added to.
        labels: (B,), sorted.
        colour: of the lines.
        columns: how many columns there are, where these are not samples too.
        width: of the lines.
        **place: row and column of the panel.
    """
    upright = columns is None
    ends = np.array([-0.5, (len(labels) if columns is None else columns) - 0.5, np.nan])
    x, y = [], []
    for border in class_lines(labels):
        x += [*ends, *([border, border, np.nan] if upright else [])]
        y += [border, border, np.nan, *(ends if upright else [])]
    if x:
        line = {"color": colour, "width": width}
        trace = go.Scatter(x=x, y=y, mode="lines", line=line, showlegend=False, hoverinfo="skip")
        figure.add_trace(trace, **place)


def heat(
    drawn: Array,
    shape: tuple[int, ...],
    colours: tuple[str, ...],
    low: float,
    high: float,
    **more: Any,
) -> Any:
    """A heat map trace of a matrix that may be drawn in blocks.

    Args:
        drawn: the matrix, or its blocks from :func:`in_blocks`.
        shape: that of the matrix; its own rows and columns are what the axes count.
        colours: of the scale, from ``low`` to ``high``.
        low: value of the first colour.
        high: value of the last colour.
        **more: what else a trace takes.
    """
    height, width = (whole / part for whole, part in zip(shape, drawn.shape, strict=True))
    return go.Heatmap(
        z=drawn.astype(np.float32),
        x0=(width - 1) / 2,
        dx=width,
        y0=(height - 1) / 2,
        dy=height,
        colorscale=scale(colours),
        zmin=low,
        zmax=high,
        **more,
    )


def clickable_diagonal(figure: Any, order: Array, samples: SampleTable, **place: Any) -> None:
    """Let a click on the diagonal of a heat map select its sample, where samples have names.

    Plotly does not select heat maps; an invisible point a sample, on the diagonal, does. Its
    ``customdata`` are the sample's position and name. All can be clicked though only one is drawn:
    a browser spends as long on a point that nobody sees as on any other.
    """
    if samples.ids is None:
        return
    middles = np.arange(len(order))
    figure.add_trace(
        go.Scatter(
            x=middles,
            y=middles,
            mode="markers",
            marker={"opacity": 0, "size": 2, "maxdisplayed": 1},
            unselected={"marker": {"opacity": 0}},
            selected={"marker": {"opacity": 0}},
            customdata=[[int(i), clean(samples.ids[i])] for i in order],
            hovertemplate="%{customdata[1]}<extra></extra>",
            showlegend=False,
        ),
        **place,
    )
    figure.update_layout(dragmode=False)


def mark_row(figure: Any, order: Array, sample: int | None, colour: str, **place: Any) -> None:
    """Frame the row of one sample, where one is given."""
    if sample is None:
        return
    top = int(np.flatnonzero(order == sample)[0]) - 0.5
    low, high = -0.5, len(order) - 0.5
    frame = go.Scatter(
        x=[low, high, high, low, low],
        y=[top, top, top + 1, top + 1, top],
        mode="lines",
        line={"color": colour, "width": 1.2},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_trace(frame, **place)
