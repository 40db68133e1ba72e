"""What the page to print is made of: text, boxes and small matrices at places in inches."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ..figures import FigureStyle
from .worked_example import Array

WIDTH, HEIGHT = 8.27, 11.69
"""A4, in inches."""
LEFT, TEXT, SMALL = 0.55, 9.0, 7.5
"""Left margin in inches; sizes of letters in points."""
COLOURS = FigureStyle("light").colours


def plain_number(value: float, digits: int = 2) -> str:
    """With so many digits and a real minus; ``0`` where it rounds to nothing."""
    shown = f"{value:.{digits}f}"
    return "0" if float(shown) == 0 else shown.replace("-", "−")


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches, from the lower left corner."""
    return figure.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))


def add_text(
    figure: Figure, left: float, bottom: float, words: str, *, size: float = TEXT,
    weight: str = "normal", colour: str = COLOURS.ink,
) -> None:  # fmt: skip
    """Words at a place in inches."""
    figure.text(left / WIDTH, bottom / HEIGHT, words, size=size, weight=weight, color=colour)


def add_rule(figure: Figure, height: float) -> None:
    """A pale line over the width of the page, so many inches up."""
    axes = add_axes(figure, LEFT, height, WIDTH - 2 * LEFT, 0.01)
    axes.set_axis_off()
    axes.axhline(0, color=COLOURS.faint, linewidth=1.5)


def add_step(figure: Figure, top: float, title: str, *lines: str) -> None:
    """A rule, a title and lines of text below it."""
    add_rule(figure, top + 0.12)
    add_text(figure, LEFT, top - 0.12, title, size=12, weight="bold")
    for number, line in enumerate(lines):
        add_text(figure, LEFT, top - 0.4 - 0.235 * number, line)


def add_matrix(
    figure: Figure, left: float, bottom: float, height: float, values: Array, title: str,
    colour: str, *, columns: Sequence[str] = (), width: float | None = None, digits: int = 2,
) -> None:  # fmt: skip
    """A small matrix with its numbers; rows and columns are samples, counted from 1."""
    axes = add_axes(figure, left, bottom, height if width is None else width, height)
    scale = LinearSegmentedColormap.from_list("signed", COLOURS.diverging)
    limit = max(1e-12, float(np.abs(values).max()))
    axes.imshow(values, cmap=scale, vmin=-limit, vmax=limit, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        shown = plain_number(value, digits)
        dark = abs(value) > 0.7 * limit
        axes.text(
            j, i, shown, ha="center", va="center", size=6.5,
            color="white" if dark else COLOURS.ink,
        )  # fmt: skip
    numbers = [str(sample) for sample in range(1, max(values.shape) + 1)]
    axes.set_xticks(range(values.shape[1]), columns or numbers[: values.shape[1]])
    axes.set_yticks(range(len(values)), numbers[: len(values)])
    axes.tick_params(length=0, labelsize=6.5, colors=COLOURS.neutral, pad=1.5)
    for spine in axes.spines.values():
        spine.set_color(COLOURS.faint)
    axes.set_title(title, size=9, color=colour, pad=3)


def add_points(
    axes: Axes,
    points: Array,
    colour: str,
    *,
    lift: tuple[float, float] = (0.0, 0.14),
    size: float = 26,
) -> None:
    """Samples in the plane, numbered from 1; those at one place share their label.

    Args:
        axes: where, in their own units.
        points: (N, 2).
        colour: of the marks.
        lift: from a mark to its label.
        size: of a mark, in square points.
    """
    axes.scatter(points[:, 0], points[:, 1], s=size, color=colour, zorder=3, clip_on=False)
    for place in np.unique(np.round(points, 6), axis=0):
        numbers = np.flatnonzero(np.isclose(points, place).all(1)) + 1
        axes.text(
            place[0] + lift[0], place[1] + lift[1], ", ".join(map(str, numbers)),
            size=SMALL, ha="center", va="center", color=COLOURS.ink,
        )  # fmt: skip


def add_box(
    axes: Axes, left: float, bottom: float, width: float, height: float, words: str, colour: str
) -> None:
    """A box with words in the middle, in the units of the axes."""
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor="white",
            edgecolor=colour,
            linewidth=1.3,
            clip_on=False,
        )
    )
    axes.text(
        left + width / 2, bottom + height / 2, words, ha="center", va="center", size=SMALL,
        color=colour, linespacing=1.35,
    )  # fmt: skip


def add_arrow(
    axes: Axes, begin: tuple[float, float], end: tuple[float, float], words: str = ""
) -> None:
    """An arrow, in the units of the axes, with words to the right of its middle."""
    axes.add_patch(
        FancyArrowPatch(
            begin,
            end,
            arrowstyle="-|>",
            mutation_scale=8,
            color=COLOURS.neutral,
            linewidth=1,
            shrinkA=1,
            shrinkB=1,
            clip_on=False,
        )
    )
    if words:
        middle = (begin[0] + end[0]) / 2 + 0.08, (begin[1] + end[1]) / 2
        axes.text(*middle, words, size=6.5, va="center", color=COLOURS.neutral)
