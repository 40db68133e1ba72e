"""Markers of a grouping as plain values, for a canvas that draws many points by itself."""

import html
from dataclasses import dataclass

import numpy as np

from .bundles import Grouping
from .maps import MOST_NAMES
from .style import DEFAULT_STYLE, Array, FigureStyle, between, class_name

Marker = tuple[str, str, str]
"""Colour, symbol, and words; empty words say nothing."""
MOST_MARKERS = 1000
STEPS = 32
"""Colours from the lowest value to the highest."""


@dataclass(frozen=True, eq=False)
class MarkerPalette:
    """How N points are drawn.

    Attributes:
        numbers: (N,) int16 positions in ``markers``; -1 for the last one, of no group.
        markers: one a group, and the one of no group.
        legend: the markers that are listed; empty where they are too many.
        by: what the groups are, in words; empty where nothing is known.
    """

    numbers: Array
    markers: tuple[Marker, ...]
    legend: tuple[Marker, ...]
    by: str


def marker_palette(grouping: Grouping, style: FigureStyle = DEFAULT_STYLE) -> MarkerPalette:
    """The markers that :func:`pkdot.figures.maps.class_points` gives the same grouping.

    Args:
        grouping: of N points. Where groups are ranges of values, colours follow the values.
        style: theme of the figure.
    """
    numbers, colours = np.asarray(grouping.numbers), style.colours
    if (numbers < 0).all():
        plain = (colours.neutral, "circle", "")
        return MarkerPalette(np.full(len(numbers), -1, np.int16), (plain,), (), "")
    by = html.unescape(str(grouping.by))
    missing = (colours.neutral, "circle-open", html.unescape(grouping.none))
    if grouping.values is not None:
        return _of_values(grouping, by, missing, style)
    kinds = np.unique(numbers[numbers >= 0])
    has_words = len(kinds) <= MOST_MARKERS  # else several groups share a marker
    markers = tuple(
        (
            *grouping.marker(int(kind), colours),
            html.unescape(class_name(int(kind), grouping.names)) if has_words else "",
        )
        for kind in kinds[:MOST_MARKERS]
    )
    places = np.searchsorted(kinds, numbers) % MOST_MARKERS
    places = np.where(numbers < 0, -1, places).astype(np.int16)
    listed = (*markers, *([missing] if (numbers < 0).any() else []))
    legend = listed if len(listed) <= MOST_NAMES else ()
    return MarkerPalette(places, (*markers, missing), legend, by)


def _of_values(grouping: Grouping, by: str, missing: Marker, style: FigureStyle) -> MarkerPalette:
    values, ramp = np.asarray(grouping.values, dtype=float), style.colours.values
    known = np.isfinite(values)
    low, high = values[known].min(), values[known].max()
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    places = np.where(known, np.round(np.nan_to_num(share) * (STEPS - 1)), -1).astype(np.int16)
    steps = np.linspace(0, 1, STEPS)
    markers = tuple(
        (between(ramp, step), "circle", f"{by}: about {low + step * (high - low):.3g}")
        for step in steps
    )
    shown = np.linspace(0, STEPS - 1, 5).round().astype(int)
    legend = tuple((markers[i][0], "circle", f"{low + steps[i] * (high - low):.3g}") for i in shown)
    listed = (*legend, *([] if known.all() else [missing]))
    return MarkerPalette(places, (*markers, missing), listed, by)
