"""Methods on an axis of mean ranks, with bars over those that are not told apart."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from .style import DEFAULT_STYLE, FigureStyle, clean, finish


def rank_axis(
    ranks: Mapping[str, float],
    cliques: Sequence[Sequence[str]],
    title: str,
    *,
    critical_difference: float,
    blocks: int,
    height: int | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """A critical-difference diagram (Demšar, 2006), a line a method, the best on top.

    Args:
        ranks: title of a method -> its mean rank, 1 for the best.
        cliques: titles of methods that are not told apart, two or more each.
        title: what the numbers show.
        critical_difference: mean ranks that differ by less are not told apart.
        blocks: over how many regimes ranks are means.
        height: pixels; as the methods need it if left out.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: for no methods, or a clique with one that has no rank.
    """
    import plotly.graph_objects as go

    if not ranks:
        raise InputError("There are no methods to rank; compare three or more.")
    if strangers := [name for clique in cliques for name in clique if name not in ranks]:
        raise InputError(f"{strangers[0]!r} stands in a clique and has no rank.")
    colours = style.colours
    order = sorted(ranks, key=lambda name: ranks[name])
    figure = go.Figure()
    for number, clique in enumerate(cliques):
        places = [order.index(name) for name in clique]
        values = [ranks[name] for name in clique]
        figure.add_shape(
            type="rect",
            x0=min(values) - 0.06,
            x1=max(values) + 0.06,
            y0=min(places) - 0.36,
            y1=max(places) + 0.36,
            line={"color": colours.neutral, "width": 1},
            fillcolor=colours.faint,
            opacity=0.35,
            layer="below",
            name=f"not told apart {number}",
        )
    figure.add_scatter(
        x=[ranks[name] for name in order],
        y=list(range(len(order))),
        mode="markers+text",
        text=[f"{ranks[name]:.1f}" for name in order],
        textposition="middle right",
        textfont={"size": style.font(12), "color": colours.ink},
        marker={"color": colours.student, "size": 10},
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="mean rank (1 is best)", range=[0.6, len(order) + 0.6])
    figure.update_yaxes(
        title="method",
        tickvals=list(range(len(order))),
        ticktext=[clean(name) for name in order],
        range=[len(order) - 0.4, -0.6],
    )
    return finish(
        figure,
        clean(title, 200),
        style,
        subtitle=f"over {blocks} regimes; methods in one box differ by less than "
        f"{critical_difference:.1f} and are not told apart",
        height=height or 190 + 30 * len(order),
    )
