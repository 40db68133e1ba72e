"""Flows between two columns of bars, as ribbons: what leaves on the left arrives on the right."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from .style import Array, FigureStyle, clean

BAR = 0.025
"""Width of a bar; the figure is 1 wide."""
GAP = 0.25
"""Of the height, what stands between bars, all together at most."""
PLACES = (0.1, 0.23, 0.36, 0.5, 0.64, 0.77, 0.9)
"""Along a ribbon, where it can be pointed at."""
LETTER = 6.6
"""Pixels of a letter on average, at 12 pixels of height."""
ROOM = 210.0
"""Pixels beside the bars at most; longer names are cut."""


@dataclass(frozen=True)
class Bar:
    """One end of flows.

    Attributes:
        name: cleaned.
        note: what else stands beside it, cleaned.
        colour: of the bar.
        mass: its height; what no ribbon carries stays empty.
    """

    name: str
    note: str
    colour: str
    mass: float


@dataclass(frozen=True)
class Flow:
    """One ribbon.

    Attributes:
        source: position of the bar on the left; target: on the right.
        mass: its thickness.
        kind: which entry of the legend it belongs to.
        words: what the pointer says, cleaned.
        pick: what a click hands over.
    """

    source: int
    target: int
    mass: float
    kind: str
    words: str
    pick: tuple[Any, ...]


def draw_ribbons(
    sides: tuple[Sequence[Bar], Sequence[Bar]],
    flows: Sequence[Flow],
    kinds: Mapping[str, str],
    titles: tuple[str, str],
    style: FigureStyle,
    *,
    patterns: Mapping[str, str] | None = None,
) -> Any:
    """A figure of bars on the left and on the right, and of the ribbons between them.

    Args:
        sides: bars from top to bottom.
        flows: ribbons; at each bar they lie in the order of the bars that they lead to.
        kinds: kind of flow -> colour, in the order of the legend.
        titles: over the left and over the right column.
        style: theme of the figure.
        patterns: kind of flow -> plotly's name of a pattern that it has besides its colour.
    """
    patterns = patterns or {}
    tops = tuple(_tops([bar.mass for bar in side]) for side in sides)
    height = max(float(top[-1]) for top in tops)
    starts = _stacked(flows, tops[0], [f.source for f in flows], [f.target for f in flows])
    ends = _stacked(flows, tops[1], [f.target for f in flows], [f.source for f in flows])
    figure = go.Figure()
    for kind, colour in kinds.items():
        own = [i for i, flow in enumerate(flows) if flow.kind == kind]
        if own:
            _add_kind(figure, flows, own, (starts, ends), kind, colour)
            if kind in patterns:
                figure.data[-1].fillpattern = {
                    "shape": patterns[kind],
                    "fgcolor": colour,
                    "bgcolor": figure.data[-1].fillcolor,
                    "size": 7,
                    "solidity": 0.3,
                }
    _add_handles(figure, flows, (starts, ends), height)
    for side, bars in enumerate(sides):
        _add_bars(figure, bars, tops[side], side, titles[side], style)
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[0, 1], **hidden)
    figure.update_yaxes(range=[height, -0.04 * height], **hidden)
    return figure.update_layout(dragmode=False)


def side_rooms(
    sides: tuple[Sequence[Bar], Sequence[Bar]], style: FigureStyle
) -> tuple[float, float]:
    """Pixels that the names of the bars need, left and right."""
    longest = [max(len(f"{bar.name} {bar.note}") for bar in side) for side in sides]
    left, right = (min(ROOM, 12 + style.font(LETTER) * length) for length in longest)
    return left, right


def _fitting(bar: Bar, style: FigureStyle) -> str:
    """The bar's name, cut to what its note leaves of the room beside it."""
    letters = int((ROOM - 12) / style.font(LETTER)) - len(bar.note) - 1
    return clean(html.unescape(bar.name), max(8, letters))


def _tops(masses: Sequence[float]) -> Array:
    """Upper ends (n + 1,) of bars with gaps between them; the last is the lower end of all."""
    whole = sum(masses) or 1.0
    gap = whole * min(0.03, GAP / max(1, len(masses)))
    steps = np.array([mass + gap for mass in masses])
    tops = np.concatenate([[0.0], np.cumsum(steps)])
    tops[-1] -= gap
    return tops


def _stacked(flows: Sequence[Flow], tops: Array, own: Sequence[int], other: Sequence[int]) -> Array:
    """Upper ends (M,) of the ribbons at their bars on one side."""
    filled = tops[:-1].copy()
    found = np.zeros(len(flows))
    for i in sorted(range(len(flows)), key=lambda i: (own[i], other[i], i)):
        found[i] = filled[own[i]]
        filled[own[i]] += flows[i].mass
    return found


def _bend(start: float, end: float, at: Array) -> Array:
    return start + (end - start) * (3 * at**2 - 2 * at**3)


def _add_kind(
    figure: Any,
    flows: Sequence[Flow],
    own: Sequence[int],
    ends: tuple[Array, Array],
    kind: str,
    colour: str,
) -> None:
    """Add the ribbons of one kind as one trace."""
    at = np.linspace(0, 1, 25)
    across = BAR + (1 - 2 * BAR) * at
    x: list[float] = []
    y: list[float] = []
    for i in own:
        upper = _bend(ends[0][i], ends[1][i], at)
        x += [*across, *across[::-1], np.nan]
        y += [*upper, *(upper + flows[i].mass)[::-1], np.nan]
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, 0.55)",
        line={"color": colour, "width": 0.6},
        name=kind,
        hoverinfo="skip",
    )


def _add_handles(
    figure: Any, flows: Sequence[Flow], ends: tuple[Array, Array], height: float
) -> None:
    """Add points that nobody sees, by which ribbons are pointed at and clicked."""
    at = np.array(PLACES)
    x, y, sizes, data = [], [], [], []
    # Thin ribbons last: where they cross a thick one, a click is for them.
    for i in sorted(range(len(flows)), key=lambda i: -flows[i].mass):
        flow = flows[i]
        x += list(BAR + (1 - 2 * BAR) * at)
        y += list(_bend(ends[0][i], ends[1][i], at) + flow.mass / 2)
        sizes += [float(np.clip(320 * flow.mass / height, 8, 26))] * len(at)
        data += [[*flow.pick, flow.words]] * len(at)
    seen = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"size": sizes, "opacity": 0},
        selected=seen,
        unselected=seen,
        customdata=data,
        hovertemplate=f"%{{customdata[{len(data[0]) - 1 if data else 0}]}}<extra></extra>",
        showlegend=False,
    )


def _add_bars(
    figure: Any, bars: Sequence[Bar], tops: Array, side: int, title: str, style: FigureStyle
) -> None:
    colours = style.colours
    left, right = (0.0, BAR) if side == 0 else (1 - BAR, 1.0)
    words = []
    for bar, top in zip(bars, tops, strict=False):
        bottom = top + bar.mass
        figure.add_scatter(
            x=[left, right, right, left],
            y=[top, top, bottom, bottom],
            mode="none",
            fill="toself",
            fillcolor=bar.colour,
            hoverinfo="skip",
            showlegend=False,
        )
        note = f" <span style='color:{colours.neutral}'>{bar.note}</span>" if bar.note else ""
        words.append(((top + bottom) / 2, _fitting(bar, style) + note))
    aside = {"x": 0.0, "xanchor": "right", "xshift": -6}
    if side == 1:
        aside = {"x": 1.0, "xanchor": "left", "xshift": 6}
    for y, text in words:
        figure.add_annotation(y=y, text=text, showarrow=False, **aside)
    figure.add_annotation(
        x=float(side),
        xref="x",
        xanchor="right" if side else "left",
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"<b>{title}</b>",
        showarrow=False,
    )
