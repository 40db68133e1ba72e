"""Small pictures of a lesson: matrices with their numbers, lines, bars, clouds, and sliders.

Colours are those of :mod:`pkdot.figures.style`: blue the teacher, orange the student.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from ..figures.style import DEFAULT_STYLE, FigureStyle, finish, scale
from ..figures.themes import Theme

Array = Any
"""What NumPy makes an array of; a torch tensor without gradient as well."""


def _colour(name: str, place: int, colours: Theme) -> str:
    """The colour of a series: of its role where its name begins with one, else the next class."""
    roles = {"teacher": colours.teacher, "student": colours.student, "chance": colours.neutral}
    known = [colour for role, colour in roles.items() if name.lower().startswith(role)]
    return (known or [colours.classes[(0, 3, 8, 1, 9)[place % 5]]])[0]


def _spelt(value: float, form: str) -> str:
    """A number in words; what rounds to nothing is 0, without a sign."""
    text = f"{value:{form}}"
    return f"{0.0:{form}}".replace("+", "") if float(text) == 0 else text


def _short(value: float) -> str:
    """A whole number as it is, two digits of any other."""
    return f"{value:.0f}" if value == round(value) else f"{float(f'{value:.2g}'):g}"


def number_matrices(
    matrices: Mapping[str, Array],
    title: str,
    *,
    rows: Sequence[str] = (),
    columns: Sequence[str] | Mapping[str, Sequence[str]] = (),
    subtitle: str = "",
    form: str = ".2f",
    limits: tuple[float, float] | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Small matrices side by side, each cell with its number.

    Args:
        matrices: name -> (n, m); a vector is drawn as one row.
        title: what the figure shows.
        rows: one name a row; numbers from 1 by default.
        columns: one name a column, likewise; or matrix -> its own.
        subtitle: how to read it.
        form: of the numbers.
        limits: ends of the colour scale; of each matrix its own by default. With a negative lower
            end the scale is the diverging one.
        style: theme and width.

    Raises:
        InputError: if a matrix has more than 200 cells, too many to read.
    """
    arrays = {name: np.atleast_2d(np.asarray(m, dtype=float)) for name, m in matrices.items()}
    if any(a.size > 200 for a in arrays.values()):
        raise InputError("Numbers can be read in matrices of at most 200 cells; draw a part.")
    widths = [a.shape[1] for a in arrays.values()]
    figure = make_subplots(
        1, len(arrays), subplot_titles=list(arrays), column_widths=widths,
        horizontal_spacing=0.12 / len(arrays),
    )  # fmt: skip
    for place, (name, array) in enumerate(arrays.items(), start=1):
        over = columns.get(name, ()) if isinstance(columns, Mapping) else columns
        low, high = limits or (min(0.0, float(np.nanmin(array))), float(np.nanmax(array)) or 1.0)
        colours = style.colours.diverging if low < 0 else style.colours.sequential
        if low < 0:
            low, high = -max(-low, high), max(-low, high)
        figure.add_heatmap(
            z=np.nan_to_num(array), zmin=low, zmax=high, colorscale=scale(colours), showscale=False,
            text=[[_spelt(v, form) for v in row] for row in array], texttemplate="%{text}",
            textfont={"size": 14}, xgap=2, ygap=2, hoverinfo="text",
            x=[str(c) for c in (over or range(1, array.shape[1] + 1))][: array.shape[1]],
            y=[str(r) for r in (rows or range(1, array.shape[0] + 1))][: array.shape[0]],
            row=1, col=place,
        )  # fmt: skip
    height = 40 * max(a.shape[0] for a in arrays.values()) + 190
    figure.update_xaxes(type="category", showgrid=False, constrain="domain")
    figure.update_yaxes(type="category", showgrid=False, autorange="reversed", showticklabels=False)
    figure.update_yaxes(showticklabels=True, col=1)
    return finish(figure, title, style, subtitle=subtitle, height=height)


def lines(
    x: Array,
    series: Mapping[str, Array],
    title: str,
    *,
    over: str,
    what: str,
    subtitle: str = "",
    log_x: bool = False,
    log_y: bool = False,
    bands: Mapping[str, tuple[Array, Array]] | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Curves over one axis.

    Args:
        x: (n,) values of the axis.
        series: name -> (n,); names that begin with "teacher" or "student" get that colour.
        title: what the figure shows.
        over: the axis in words, with its unit.
        what: the height in words, with its unit.
        subtitle: how to read it.
        log_x: logarithmic axis.
        log_y: logarithmic height.
        bands: name -> lower and upper end of its interval, (n,) each.
        style: theme and width.
    """
    figure, x = go.Figure(), np.asarray(x, dtype=float)
    for place, (name, values) in enumerate(series.items()):
        colour = _colour(name, place, style.colours)
        y, ends = np.asarray(values, dtype=float), (bands or {}).get(name)
        error = None
        if ends is not None:
            low, high = (np.asarray(end, dtype=float) for end in ends)
            error = {"array": high - y, "arrayminus": y - low, "symmetric": False, "width": 3}
        figure.add_scatter(
            x=x, y=y, name=name, mode="lines+markers", error_y=error,
            line={"color": colour, "width": 2.2}, marker={"size": 6},
        )  # fmt: skip
    figure.update_xaxes(title=over, type="log" if log_x else "linear")
    figure.update_yaxes(title=what, type="log" if log_y else "linear")
    figure.update_layout(showlegend=len(series) > 1)
    if log_x:
        few = x[:: 1 + len(x) // 12]  # the values that were tried, not 2, 5, 2, 5 between them
        figure.update_xaxes(tickvals=few, ticktext=[_short(value) for value in few])
    if log_y:
        figure.update_yaxes(exponentformat="power", dtick=1)
    return finish(figure, title, style, subtitle=subtitle, height=380)


def bars(
    values: Mapping[str, float],
    title: str,
    *,
    what: str,
    subtitle: str = "",
    form: str = ".2f",
    ends: Mapping[str, tuple[float, float]] | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """One bar a name, with its number.

    Args:
        values: name -> length; names that begin with "teacher" or "student" get that colour.
        title: what the figure shows.
        what: the length in words, with its unit.
        subtitle: how to read it.
        form: of the numbers.
        ends: name -> lower and upper end of its interval.
        style: theme and width.
    """
    names, lengths = list(values), [float(v) for v in values.values()]
    roles = {"teacher": style.colours.teacher, "student": style.colours.student}
    colours = [
        next((c for role, c in roles.items() if n.lower().startswith(role)), style.colours.neutral)
        for n in names
    ]
    error = None
    if ends is not None:
        pairs = [ends.get(n, (v, v)) for n, v in zip(names, lengths, strict=True)]
        error = {
            "array": [high - v for v, (_, high) in zip(lengths, pairs, strict=True)],
            "arrayminus": [v - low for v, (low, _) in zip(lengths, pairs, strict=True)],
            "symmetric": False, "color": style.colours.ink, "thickness": 1.4,
        }  # fmt: skip
    figure = go.Figure(
        go.Bar(x=lengths, y=names, orientation="h", marker_color=colours, error_x=error)
    )
    figure.update_yaxes(
        autorange="reversed", tickvals=names,
        ticktext=[f"{n}   <b>{v:{form}}</b>" for n, v in zip(names, lengths, strict=True)],
    )  # fmt: skip
    figure.update_xaxes(title=what)
    return finish(figure, title, style, subtitle=subtitle, height=38 * len(names) + 190)


def clouds(
    teacher: Array,
    student: Array,
    title: str,
    *,
    plan: Array | None = None,
    names: Sequence[str] = (),
    axes: tuple[str, str] = ("", ""),
    subtitle: str = "",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Two small clouds in the plane, and the plan between them as lines.

    Args:
        teacher: (n, 2).
        student: (m, 2).
        title: what the figure shows.
        plan: (n, m) masses; a line is as wide as the mass is large.
        names: of the samples; numbers from 1 by default.
        axes: words for both axes.
        subtitle: how to read it.
        style: theme and width.
    """
    figure, colours = go.Figure(), style.colours
    sides = {"teacher": np.asarray(teacher, float), "student": np.asarray(student, float)}
    if plan is not None:
        p = np.asarray(plan, dtype=float)
        for i, j in np.argwhere(p > 0.005 * p.max()):
            (x0, y0), (x1, y1) = sides["teacher"][i], sides["student"][j]
            figure.add_scatter(
                x=[x0, x1], y=[y0, y1], mode="lines", showlegend=False, hoverinfo="skip",
                line={"color": colours.neutral, "width": 8 * float(p[i, j] / p.max())},
            )  # fmt: skip
    for side, points in sides.items():
        figure.add_scatter(
            x=points[:, 0], y=points[:, 1], mode="markers+text", name=side,
            text=[str(n) for n in (names or range(1, len(points) + 1))][: len(points)],
            textposition="top center", textfont={"size": 14},
            marker={
                "size": 14, "color": getattr(colours, side),
                "symbol": "circle" if side == "teacher" else "square",
            },
        )  # fmt: skip
    both = np.concatenate(list(sides.values()))
    low, high = both.min(0), both.max(0)
    room = 0.12 * np.maximum(high - low, 1e-9)
    figure.update_xaxes(title=axes[0], range=[low[0] - room[0], high[0] + room[0]])
    figure.update_yaxes(title=axes[1], range=[low[1] - room[1], high[1] + room[1]])
    return finish(figure, title, style, subtitle=subtitle, height=430)


def with_slider(frames: Mapping[str, Any], name: str, *, start: str | None = None) -> Any:
    """One figure of several, with a slider that moves from one to the next.

    It needs no running kernel: every frame is in the figure.

    Args:
        frames: value of the parameter in words -> a plotly figure, all with as many axes.
        name: of the parameter.
        start: where the slider stands at first; in the middle by default.

    Raises:
        InputError: if there are fewer than two frames, or no frame of the name ``start``.
    """
    if len(frames) < 2 or (start is not None and start not in frames):
        raise InputError(f"A slider needs two frames, and a start among them, not {start!r}.")
    values = list(frames)
    active = values.index(start) if start is not None else len(values) // 2
    shown = frames[values[active]]
    together = go.Figure(layout=shown.layout)
    owner = [i for i, frame in enumerate(frames.values()) for _ in frame.data]
    together.add_traces([trace for frame in frames.values() for trace in frame.data])
    for trace, of in zip(together.data, owner, strict=True):
        trace.visible = of == active
    steps = [
        {
            "label": value,
            "method": "update",
            "args": [
                {"visible": [of == i for of in owner]},
                {
                    "title.text": frame.layout.title.text,
                    "title.subtitle.text": frame.layout.title.subtitle.text,
                    "annotations": [note.to_plotly_json() for note in frame.layout.annotations],
                },
            ],
        }
        for i, (value, frame) in enumerate(frames.items())
    ]
    # The slider stands under the numbers of the axis, and under a legend or a colour bar there.
    named = any(trace.name and trace.showlegend is not False for trace in shown.data)
    above = 40 if named and shown.layout.showlegend is not False else 0
    bars = [trace.colorbar for trace in shown.data if "colorbar" in trace]
    above = 105 if any(bar.orientation == "h" for bar in bars) else above
    below = int(shown.layout.margin.b)
    slider = {
        "active": active, "steps": steps, "currentvalue": {"prefix": f"{name} = "},
        "pad": {"t": below - 10 + above}, "x": 0, "len": 1,
    }  # fmt: skip
    return together.update_layout(
        sliders=[slider], height=shown.layout.height + 74 + above,
        margin={**shown.layout.margin.to_plotly_json(), "b": below + 74 + above},
    )  # fmt: skip
