"""One method against the student alone, unit by unit: seeds or subjects."""

from typing import Any

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish

_NAMED = 24
"""Units up to so many are named on the axis."""


def counted_gains(gains: Any, units: str) -> str:
    """How many units gain, lose and stay.

    Args:
        gains: (n,) a unit.
        units: what they are, e.g. seeds.
    """
    more, less = (gains > 0).sum(), (gains < 0).sum()
    return f"of {len(gains)} {units} {more} gain, {less} lose, {len(gains) - more - less} stay"


def unit_gains(
    table: Any,
    title: str,
    *,
    unit: str = "seeds",
    height: int = 360,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Each unit's gain as a line from the student alone, the largest on top.

    Args:
        table: one row a unit, in drawing order: unit, alone, method, gain (points).
        title: what the numbers show.
        unit: what a row is, e.g. seeds.
        height: pixels.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: for an empty table.
    """
    import plotly.graph_objects as go

    if not len(table):
        raise InputError("There is no unit to draw; compare two seeds or more.")
    colours = style.colours
    figure = go.Figure()
    figure.add_vline(0, line={"color": colours.ink, "width": 1, "dash": "dot"})
    for better, colour, symbol in (
        (True, colours.student, "circle"),
        (False, colours.neutral, "x"),
    ):
        own = table[(table["gain"] > 0) == better]
        figure.add_scatter(
            x=own["gain"],
            y=own.index,
            mode="markers",
            marker={"color": colour, "size": 8, "symbol": symbol},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": (-own["gain"]).clip(lower=0),
                "arrayminus": own["gain"].clip(lower=0),
                "thickness": 1.4,
                "width": 0,
                "color": colour,
            },
            customdata=[
                [clean(one), alone, method]
                for one, alone, method in zip(own["unit"], own["alone"], own["method"], strict=True)
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]:.1f} alone, %{customdata[2]:.1f} "
            "with it, %{x:+.1f}<extra></extra>",
            showlegend=False,
        )
    few = len(table) <= _NAMED
    figure.update_xaxes(title="gain (points)")
    figure.update_yaxes(
        title=clean(unit),
        tickvals=list(range(len(table))) if few else [],
        ticktext=[clean(name, 16) for name in table["unit"]] if few else [],
        range=[len(table) - 0.4, -0.6],
    )
    finish(
        figure,
        clean(title, 44),
        style,
        subtitle=counted_gains(table["gain"], clean(unit)),
        height=height,
    )
    # Beside another figure there is no room for a title that begins where the panel does.
    title_place = {"xref": "container", "pad": {"l": 8, "t": 14}, "font": {"size": style.font(15)}}
    return figure.update_layout(
        title=title_place, margin={"t": style.font(70), "b": style.font(50)}
    )
