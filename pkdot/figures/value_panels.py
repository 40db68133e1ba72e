"""Panels over true values, one a target, three in a row: what both networks make of each sample."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from ..analysis.predictions import Outputs
from ..errors import InputError
from .style import Array, FigureStyle, clean, finish

MOST_POINTS = 2000
"""Samples beyond these are left out of a cloud of points, evenly."""
NETWORKS = ("teacher", "student")
_COLUMNS = 3


class ValuePanels:
    """A figure with a panel a target, in which points of both networks stand over the truth.

    Args:
        outputs: of both networks for N samples, of a task whose outputs are values.
        note: what stands below a target's name, by its number.
        style: theme, width, and whether the data are simulated.

    Attributes:
        figure: which is drawn on.
        truth: (N, W) true values, NaN where not known.
        names: of the targets, as figures may show them.
        shown: numbers of the samples that are drawn.

    Raises:
        InputError: where outputs are no values, or no target is known.
    """

    def __init__(self, outputs: Outputs, note: Callable[[int], str], style: FigureStyle) -> None:
        self._style, task = style, outputs.task
        self.truth: Array = task.truth(outputs.targets)
        if not task.value_names or not np.isfinite(self.truth).any():
            raise InputError("There is no answer to draw over a true value; is any target known?")
        self.names: Sequence[str] = [clean(name) for name in task.value_names]
        self.shown = np.unique(np.linspace(0, len(self.truth) - 1, MOST_POINTS).astype(int))
        self._rows = -(-len(self.names) // _COLUMNS)
        self._legend = True
        self.figure = make_subplots(
            self._rows,
            min(_COLUMNS, len(self.names)),
            subplot_titles=[f"<b>{name}</b><br>{note(j)}" for j, name in enumerate(self.names)],
            horizontal_spacing=0.09,
            vertical_spacing=0.3 / self._rows,
        )

    def known(self) -> Iterator[tuple[int, dict[str, int]]]:
        """Number and place of each target of which some truth is known."""
        for j in np.flatnonzero(np.isfinite(self.truth).any(axis=0)).tolist():
            yield j, _place(j)

    def add_points(
        self, j: int, place: dict[str, int], values: Mapping[str, Array], hover: str
    ) -> None:
        """Draw both networks' points of a target.

        Args:
            j: number of the target.
            place: its panel.
            values: network -> (N, W), what stands over the truth.
            hover: what a point says.
        """
        colours = self._style.colours
        for who, colour, symbol in zip(
            NETWORKS, (colours.teacher, colours.student), ("circle", "diamond"), strict=True
        ):
            self.figure.add_scatter(
                x=self.truth[self.shown, j],
                y=values[who][self.shown, j],
                mode="markers",
                name=who,
                legendgroup=who,
                showlegend=self._legend,
                marker={"color": colour, "symbol": symbol, "size": 6, "opacity": 0.65},
                hovertemplate=f"{who}: {hover}<extra>{self.names[j]}</extra>",
                **place,
            )
        self._legend = False

    def finished(self, title: str, subtitle: str, drawn: str) -> Any:
        """The figure with its title and axes.

        Args:
            title: of the figure.
            subtitle: below it.
            drawn: what stands over the truth, e.g. answered.
        """
        for j, name in enumerate(self.names):
            self.figure.update_xaxes(title=f"true {name}", **_place(j))
            self.figure.update_yaxes(title=f"{drawn} {name}", **_place(j))
        height = 150 + 330 * self._rows
        figure = finish(self.figure, title, self._style, subtitle=subtitle, height=height)
        figure.update_layout(margin={"t": self._style.font(126)})
        return figure.update_annotations(font={"size": self._style.font(12.5)})


def _place(j: int) -> dict[str, int]:
    return {"row": j // _COLUMNS + 1, "col": j % _COLUMNS + 1}
