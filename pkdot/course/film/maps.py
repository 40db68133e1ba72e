"""The student's map comes nearer to the teacher's while it trains."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ...analysis.projection import project
from ...figures.style import class_marker
from ...record.trajectories import agreement_over_epochs
from .canvas import BRIEF, LONG, SMALL, Canvas, Shot, glide, source_of

if TYPE_CHECKING:
    from ...record import RunRecord

STEPS = 10
"""Pictures from one logged epoch to the next."""
REST = 350
"""Milliseconds at a logged epoch."""
_SHAPES = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "cross": "P"}
_SHAPES |= {"pentagon": "p", "star": "*", "hexagon": "h", "triangle-down": "v", "x": "X"}


def maps_turn(record: "RunRecord", theme: str) -> Iterator[Shot]:
    """The teacher's map, the student's beside it, and how much of the structure they share.

    Args:
        record: of classes, with the embeddings of two epochs or more.
        theme: ``light`` or ``dark``.
    """
    epochs = list(record.epochs)
    maps = [project(*record.embeddings(epoch)) for epoch in epochs]
    agreement = agreement_over_epochs(record)["correlation"].to_numpy()
    labels = record.probe["label"].to_numpy()
    canvas = Canvas(theme, "The student's map, turned onto the teacher's", source_of(record))
    span = 1.08 * max(
        float(np.abs(points).max()) for one in maps for points in (one.teacher, one.student)
    )
    for place, (epoch, one) in enumerate(zip(epochs, maps, strict=True)):
        last = place == len(epochs) - 1
        caption = f"Epoch {epoch}: the two cosine matrices correlate at r = {agreement[place]:.2f}"
        still = (LONG if last or not place else REST, caption)
        moving = () if last else glide(STEPS)[:-1]
        for share, (stands, said) in [(0.0, still), *((s, (BRIEF, caption)) for s in moving)]:
            points = (
                one.student if last else (1 - share) * one.student + share * maps[place + 1].student
            )
            canvas.begin()
            _draw_map(canvas, one.teacher, labels, span, "Teacher", 0.035)
            _draw_map(canvas, points, labels, span, "Student", 0.36)
            _draw_agreement(canvas, epochs, agreement, place)
            yield canvas.end(said, stands)


def _draw_map(
    canvas: Canvas, points: np.ndarray, labels: np.ndarray, span: float, name: str, left: float
) -> None:
    axes, colours = canvas.axes(left, 0.16, 0.31, 0.62), canvas.colours
    for label in np.unique(labels):
        colour, shape = class_marker(int(label), colours)
        own = points[labels == label]
        axes.scatter(own[:, 0], own[:, 1], s=34, color=colour, marker=_SHAPES[shape], linewidths=0)
    axes.set(xlim=(-span, span), ylim=(-span, span), xticks=[], yticks=[])
    side = colours.teacher if name == "Teacher" else colours.student
    axes.text(0, 1.04, name, color=side, fontsize=SMALL + 3, transform=axes.transAxes)


def _draw_agreement(canvas: Canvas, epochs: list[int], values: np.ndarray, place: int) -> None:
    axes, colours = canvas.axes(0.755, 0.24, 0.21, 0.54), canvas.colours
    axes.plot(epochs[: place + 1], values[: place + 1], color=colours.student, linewidth=2.4)
    axes.plot(epochs[place], values[place], "o", color=colours.student, markersize=7)
    axes.set_xscale("symlog", linthresh=1)
    axes.set(xlim=(-0.2, 1.3 * epochs[-1]), ylim=(0, 1))
    axes.set_xticks([0, 1, 4, 16, 64], ["0", "1", "4", "16", "64"])
    axes.minorticks_off()
    axes.text(
        0, 1.04, "agreement (r)", color=colours.ink, fontsize=SMALL + 1, transform=axes.transAxes
    )
    canvas.label(axes, "epoch", "")
