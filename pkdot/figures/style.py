"""How all figures of notebooks, page and print look: titles, fonts, sizes, names and markers."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..tasks.groups import CLASS_WORDS
from .themes import THEMES, Theme, theme_of

Array = np.ndarray[Any, np.dtype[Any]]
Scale = list[list[Any]]

WIDTH = 900
"""Pixels of a figure in a notebook."""
PAGE_WIDTH = 680
"""Pixels of a figure beside another on the page, in a window 1440 pixels wide."""
FONTS = "Source Sans, Inter, Segoe UI, Helvetica, Arial, sans-serif"
LARGER = 1.35
"""Large letters, in terms of usual ones."""
TOP, BOTTOM = 92, 56
"""Pixels of a figure's margins; titles stand in the one above."""
BELOW_TITLE = {"constrain": "domain", "constraintoward": "top"}
"""Of a vertical axis with a fixed scale: where there is room to spare, it stands at the bottom."""
UNDER = 58
"""Pixels from the panels down to a legend, past numbers and title of an axis."""

CLASS_SYMBOLS = (
    "circle", "square", "diamond", "triangle-up", "cross",
    "pentagon", "star", "hexagon", "triangle-down", "x",
)  # fmt: skip
DARK_FIRST = (0, 3, 5, 6, 8, 9, 7, 4, 1, 2)
"""Class colours, first those that stand out from white 3 to 1, as WCAG 2.2 asks of lines."""
UNLABELLED = CLASS_WORDS.none
STRIPES = "/"
"""Plotly's pattern of what belongs to another class, which a colour alone must not say."""


@dataclass(frozen=True)
class FigureStyle:
    """What all figures of one page or notebook share.

    Attributes:
        theme: ``light`` or ``dark``.
        simulated: whether the data came from a simulator; the title then says so.
        width: pixels; None for a figure that fills the width of its page.
        large: whether letters are to be read from the back of a room.

    Raises:
        InputError: for a theme that is neither ``light`` nor ``dark``.
    """

    theme: str = "light"
    simulated: bool = False
    width: int | None = WIDTH
    large: bool = False

    def __post_init__(self) -> None:
        theme_of(self.theme)

    @property
    def colours(self) -> Theme:
        """The colours of the theme."""
        return THEMES[self.theme]

    def font(self, size: float = 12) -> float:
        """Pixels of letters that have ``size`` pixels where nobody needs large ones."""
        return size * LARGER if self.large else size


DEFAULT_STYLE = FigureStyle()


def scale(colours: tuple[str, ...]) -> Scale:
    """A plotly colour scale with evenly spaced stops."""
    stops = np.linspace(0, 1, len(colours))
    return [[float(stop), colour] for stop, colour in zip(stops, colours, strict=True)]


def clean(text: object, longest: int = 40) -> str:
    """Text that came with data, made harmless and short for a figure.

    Plotly reads a little HTML in titles and labels; a name in a record must not become a link.
    """
    words = " ".join(str(text).split())
    return html.escape(words if len(words) <= longest else words[: longest - 1] + "…")


_TRACES = ("bar", "heatmap", "scatter", "scattergl")

SPELLINGS = {
    **{"tnet": "T-Net", "eda": "EDA", "ecg": "ECG", "emg": "EMG", "f1": "F1", "icc": "ICC"},
    **{name.lower(): name for name in ("CCC", "CKA", "MAE", "MSE", "Procrustes", "RMSE")},
}
"""Parts of names that people write otherwise."""


def in_words(name: object) -> str:
    """The name of a metric, policy, stage or modality in words, cleaned."""
    parts = str(name).replace("_", " ").split()
    return clean(" ".join(SPELLINGS.get(part, part) for part in parts))


def class_name(label: int, names: Sequence[str], none: str = UNLABELLED) -> str:
    """The name of a class, cleaned; its number where it has none, ``none`` below 0."""
    if label < 0:
        return none
    return clean(names[label] if label < len(names) else label)


def class_marker(label: int, colours: Theme) -> tuple[str, str]:
    """Colour and marker of a class; both repeat after ten, in different steps."""
    if label < 0:
        return colours.neutral, "circle-open"
    turn = label // len(colours.classes)
    return (
        colours.classes[label % len(colours.classes)],
        CLASS_SYMBOLS[(label + turn) % len(CLASS_SYMBOLS)],
    )


def line_marker(number: int, colours: Theme) -> tuple[str, str]:
    """Colour and marker of a line or an interval, which thin as they are need the dark colours."""
    turn, place = divmod(number, len(DARK_FIRST))
    return class_marker(DARK_FIRST[place] + turn * len(DARK_FIRST), colours)


def level_marker(level: int, colours: Theme, *, count: int) -> tuple[str, str]:
    """Colour and marker of one of ``count`` groups in rising order; colours run along with them."""
    colour, symbol = class_marker(level, colours)
    if level < 0:
        return colour, symbol
    return between(colours.values, level / max(1, count - 1)), symbol


def between(colours: Sequence[str], share: float) -> str:
    """The colour at a share from 0 to 1 of the way along evenly spaced ones."""
    place = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    low, high = ([int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours[first:][:2])
    mixed = (round(a + (place - first) * (b - a)) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def letters_on(colour: str, theme: Theme) -> str:
    """The colour of letters on a field: the theme's ink or its paper, whichever stands out more."""
    return max((theme.ink, theme.paper), key=lambda letters: contrast(letters, colour))


def contrast(one: str, other: str) -> float:
    """That of two colours ``#rrggbb``, 1 to 21, as WCAG 2.2 defines it."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def answer_marker(correct: int, colours: Theme) -> tuple[str, str]:
    """Colour and marker of an answer: 1 right, 0 wrong, -1 not known."""
    if correct < 0:
        return colours.neutral, "circle-open"
    return (colours.neutral, "circle") if correct else (colours.other_class, "x")


def bold_title(title: str, simulated: bool) -> str:
    """A title in bold, which says where data are simulated."""
    return f"<b>{title}</b>" + (" · simulated data" if simulated else "")


@cache
def _template(theme: str, large: bool) -> Any:
    """What all figures of a theme and size share, over what we draw of plotly's own template.

    Plotly copies and checks the whole of it for each figure, and each takes it to the browser.
    """
    import plotly.io
    from plotly.graph_objects import layout

    colours, style = THEMES[theme], FigureStyle(theme, large=large)
    axis = {
        "gridcolor": colours.faint,
        "zerolinecolor": colours.faint,
        "linecolor": colours.faint,
        "title": {"standoff": 8},
        "automargin": True,
    }
    theirs = plotly.io.templates["plotly"].to_plotly_json()
    unused = ("coloraxis", "geo", "mapbox", "polar", "scene", "ternary")
    data = {kind: theirs["data"][kind] for kind in _TRACES}
    for bar in data["bar"]:
        bar["marker"]["line"]["color"] = colours.paper
        bar["error_x"]["color"] = bar["error_y"]["color"] = colours.ink
    template = layout.Template(
        data=data,
        layout={key: value for key, value in theirs["layout"].items() if key not in unused},
    )
    template.layout.update(
        title={
            "font": {"size": style.font(17), "color": colours.ink},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 14, "l": 12},
        },
        paper_bgcolor=colours.paper,
        plot_bgcolor=colours.paper,
        font={"family": FONTS, "color": colours.ink, "size": style.font()},
        hoverlabel={"font": {"size": style.font(13)}},
        legend={
            # On a line under the panels, so that every figure has its whole width.
            **{"orientation": "h", "x": 0, "xanchor": "left", "yanchor": "top"},
            "title": {"font": {"size": style.font(13)}},
            "itemsizing": "constant",
        },
        modebar={"orientation": "h", "bgcolor": "rgba(0, 0, 0, 0)", "color": colours.neutral},
        xaxis=axis,
        yaxis=axis,
    )
    return template


def finish(
    figure: Any,
    title: str,
    style: FigureStyle = DEFAULT_STYLE,
    *,
    subtitle: str = "",
    height: int = 420,
) -> Any:
    """Give a plotly figure its title, fonts, colours and size.

    Args:
        figure: what was drawn.
        title: what the figure shows, without markup.
        style: theme, width, and whether the data are simulated.
        subtitle: one line on how to read it.
        height: pixels.

    Returns:
        The same figure.
    """
    colours, layout = style.colours, figure.layout
    # One by one, as update_layout() takes thirty times as long, and a page has many figures.
    layout.template = _template(style.theme, style.large)
    layout.title = {
        "text": bold_title(title, style.simulated),
        "subtitle": {
            "text": subtitle,
            "font": {"size": style.font(13), "color": colours.neutral},
        },
    }
    if style.width is None:
        layout.autosize = True
    else:
        layout.width = style.width
    top = round(style.font(TOP))
    layout.height = height
    layout.margin = {"l": 60, "r": 20, "t": top, "b": BOTTOM}
    layout.legend.y = -style.font(UNDER) / max(120, height - top - BOTTOM)
    for annotation in layout.annotations:  # titles of subplots come with a font of their own
        annotation.font = {"size": style.font(14), "color": colours.ink}
    return figure
