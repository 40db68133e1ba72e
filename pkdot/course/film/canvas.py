"""A picture of a film: 960 × 540 pixels, a title above, a caption below."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...figures.themes import THEMES, Theme
from ..worked_example import Array

if TYPE_CHECKING:
    from ...record import RunRecord
    from ...record.storage import Embeddings

WIDTH, HEIGHT, DPI = 960, 540, 100
BRIEF, LONG = 80, 1800
"""Milliseconds that a picture stands in a movement, and at its rests."""
TITLE, BODY, SMALL = 17, 13, 10
"""Sizes of letters, in points."""


@dataclass(frozen=True)
class Shot:
    """One picture of a film.

    Attributes:
        picture: (540, 960, 3), bytes of red, green and blue.
        milliseconds: how long it stands.
    """

    picture: np.ndarray[Any, np.dtype[np.uint8]]
    milliseconds: int


class Canvas:
    """Draws one picture after the other in one theme.

    Args:
        theme: ``light`` or ``dark``.
        title: what the film shows.
        source: which data these are, on every picture.
    """

    def __init__(self, theme: str, title: str, source: str) -> None:
        self.colours: Theme = THEMES[theme]
        self.title, self.source = title, source
        self.figure = Figure()

    def begin(self) -> None:
        """An empty picture."""
        self.figure = Figure((WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=self.colours.paper)

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes at shares of the picture's width and height."""
        axes = self.figure.add_axes((left, bottom, width, height), facecolor=self.colours.paper)
        axes.tick_params(colors=self.colours.neutral, labelsize=SMALL, length=0)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(self.colours.faint)
        return axes

    def label(self, axes: Axes, x: str, y: str) -> None:
        """Words for both axes."""
        axes.set_xlabel(x, fontsize=SMALL + 1, color=self.colours.neutral)
        axes.set_ylabel(y, fontsize=SMALL + 1, color=self.colours.neutral)

    def end(self, caption: str, milliseconds: int) -> Shot:
        """The picture with its title, caption and source."""
        text = self.figure.text
        ink, neutral = self.colours.ink, self.colours.neutral
        text(0.035, 0.925, self.title, fontsize=TITLE, color=ink, weight="bold", va="center")
        text(0.035, 0.055, caption, fontsize=BODY, color=ink, va="center")
        text(0.965, 0.925, self.source, fontsize=SMALL, color=neutral, va="center", ha="right")
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        return Shot(np.asarray(canvas.buffer_rgba())[..., :3].copy(), milliseconds)


def glide(count: int) -> Array:
    """Shares of a way from above 0 to 1, slow at both ends, (count,)."""
    steps = np.arange(1, count + 1) / count
    return np.asarray(steps * steps * (3 - 2 * steps))


def best_embeddings(record: "RunRecord") -> "Embeddings":
    """Of the record's best epoch, or of its last one where none is best."""
    return record.embeddings(record.epochs[-1] if record.best_epoch is None else record.best_epoch)


def source_of(record: "RunRecord") -> str:
    """Which data a record's are, in words: real, or simulated."""
    named = {"digits": "handwritten digits"}.get(record.corpus, record.corpus)
    return f"simulated data: {named}" if record.simulated else f"real {named}"
