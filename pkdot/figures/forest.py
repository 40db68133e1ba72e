"""Gains on several corpora: a forest of intervals, and lines over what a regime varies."""

from collections.abc import Sequence
from typing import Any

from plotly.subplots import make_subplots

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish, line_marker

NEEDED = ("row", "method", "n", "gain", "gain_low", "gain_high")
_SPREAD = 0.7
"""Share of a row that its methods fill."""


def _check(table: Any, *columns: str) -> None:
    if absent := [name for name in (*NEEDED, *columns) if name not in table.columns]:
        raise InputError(
            f"A figure of gains needs the columns {', '.join((*NEEDED, *columns))}; there is no "
            f"{absent[0]}."
        )
    if not len(table):
        raise InputError("There are no gains to draw; compare one method or more.")


def gain_forest(
    table: Any,
    title: str,
    *,
    rows_are: str = "corpus",
    marked: tuple[Any, Any] | None = None,
    height: int | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Every method's gain with its interval, row by row; the student alone is the line at zero.

    Args:
        table: one line a row and method: row (e.g. a corpus), method (its title), n; gain,
            gain_low, gain_high in points. Rows and methods keep their order. With a column ``key``
            a click gives that of its line, the last of ``customdata``.
        title: what the numbers show.
        rows_are: what a row is.
        marked: row and method of the line that stands out.
        height: pixels, with the legend below the panel; as the rows need it if left out.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if a column lacks, or there are no lines.
    """
    import plotly.graph_objects as go

    _check(table)
    colours = style.colours
    rows = list(dict.fromkeys(table["row"]))
    methods = list(dict.fromkeys(table["method"]))
    figure = go.Figure()
    figure.add_vline(0, line={"color": colours.ink, "width": 1, "dash": "dot"})
    if marked is not None and marked[0] in rows:
        place = rows.index(marked[0])
        figure.add_hrect(
            place - 0.48,
            place + 0.48,
            fillcolor=colours.faint,
            opacity=0.6,
            line_width=0,
            layer="below",
        )
    size = 8 if height is None else 7
    for number, method in enumerate(methods):
        own = table[table["method"] == method]
        offset = _SPREAD * ((number + 0.5) / len(methods) - 0.5)
        colour, symbol = line_marker(number, colours)
        figure.add_scatter(
            x=own["gain"],
            y=[rows.index(row) + offset for row in own["row"]],
            mode="markers",
            name=clean(method, 60),
            marker={
                "color": colour,
                "symbol": symbol,
                "size": [size + 5 * ((row, method) == marked) for row in own["row"]],
            },
            error_x=_reach(own, colour),
            customdata=_hover(own, "row"),
            hovertemplate="%{customdata[0]}: %{x:+.1f}<br>%{customdata[1]:+.1f} to "
            "%{customdata[2]:+.1f}, n = %{customdata[3]}",
        )
    figure.update_xaxes(title="gain over the student alone (points)")
    figure.update_yaxes(
        title=rows_are,
        tickvals=list(range(len(rows))),
        ticktext=[clean(row) for row in rows],
        range=[len(rows) - 0.4, -0.6],
    )
    finish(
        figure,
        clean(title, 200),
        style,
        subtitle="means and 95 % intervals; the dotted line is the student alone",
        height=height or 170 + max(46, 17 * len(methods)) * len(rows),
    )
    if height is not None:
        below = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
        figure.update_layout(
            legend=below, margin={"t": style.font(70), "b": 50 + 26 * (len(methods) > 1)}
        )
    return figure


def gain_lines(
    table: Any, title: str, *, x: str, x_title: str, style: FigureStyle = DEFAULT_STYLE
) -> Any:
    """Gains against something that regimes vary: a panel a row, a line a method.

    Args:
        table: as for :func:`gain_forest`, with the column ``x``.
        title: what the numbers show.
        x: name of the column, e.g. ``wrong``.
        x_title: what it is, with its unit.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if a column lacks, or there are no lines.
    """
    _check(table, x)
    colours = style.colours
    rows = list(dict.fromkeys(table["row"]))
    methods = list(dict.fromkeys(table["method"]))
    across = min(3, len(rows))
    down = -(-len(rows) // across)
    figure = make_subplots(
        down,
        across,
        subplot_titles=[clean(row) for row in rows],
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.07,
        vertical_spacing=0.2 / down,
    )
    for place, row in enumerate(rows):
        at = {"row": place // across + 1, "col": place % across + 1}
        line = {"color": colours.ink, "width": 1, "dash": "dot"}
        figure.add_hline(0, line=line, exclude_empty_subplots=False, **at)
        for number, method in enumerate(methods):
            own = table[(table["row"] == row) & (table["method"] == method)].sort_values(x)
            if not len(own):
                continue
            colour, symbol = line_marker(number, colours)
            figure.add_scatter(
                x=own[x],
                y=own["gain"],
                mode="lines+markers",
                name=clean(method),
                legendgroup=str(number),
                showlegend=_is_first(table, rows, row, method),
                line={"color": colour, "width": 1.5},
                marker={"color": colour, "symbol": symbol, "size": 8},
                error_y=_reach(own, colour),
                customdata=_hover(own, "row"),
                hovertemplate="%{x}: %{y:+.1f}<br>%{customdata[1]:+.1f} to %{customdata[2]:+.1f}, "
                "n = %{customdata[3]}",
                **at,
            )
    figure.update_xaxes(showticklabels=False)
    figure.update_yaxes(showticklabels=False)
    for column in range(across):  # the lowest panel of each column bears the numbers
        lowest = (len(rows) - 1 - column) // across + 1
        named = {"title": clean(x_title, 60), "showticklabels": True}
        figure.update_xaxes(**named, row=lowest, col=column + 1)
    figure.update_yaxes(title="gain (points)", showticklabels=True, col=1)
    return finish(
        figure,
        clean(title, 200),
        style,
        subtitle="points over the student alone, 95 % intervals; the dotted line is the student "
        "alone",
        height=150 + 270 * down,
    )


def _is_first(table: Any, rows: Sequence[str], row: str, method: str) -> bool:
    """Whether this is the first panel that has the method, so that its legend has it once."""
    having = set(table.loc[table["method"] == method, "row"])
    return next(one for one in rows if one in having) == row


def _hover(own: Any, label: str) -> list[list[Any]]:
    names = ("gain_low", "gain_high", "n", *(["key"] if "key" in own.columns else []))
    columns = zip(own[label], *(own[name] for name in names), strict=True)
    return [[clean(name), *rest] for name, *rest in columns]


def _reach(own: Any, colour: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": own["gain_high"] - own["gain"],
        "arrayminus": own["gain"] - own["gain_low"],
        "thickness": 1.2,
        "width": 3,
        "color": colour,
    }
