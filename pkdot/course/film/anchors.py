"""The row of one sample as its anchors move from one rule's choice to the next."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ...analysis.projection import project
from ...figures.anchors import EXPLANATIONS
from ...figures.style import in_words
from ...method.anchors import gather_anchor_rows, select_anchors
from ...method.similarity import cosine_similarity_matrix
from .canvas import BRIEF, LONG, SMALL, Canvas, Shot, best_embeddings, glide, source_of

if TYPE_CHECKING:
    from ...record import RunRecord

RULES = ("shared", "farthest", "random", "most_similar")
ANCHORS = 6
STEPS = 14
"""Pictures of each way from one rule's anchors to the next."""


def anchors_move(record: "RunRecord", theme: str) -> Iterator[Shot]:
    """Anchors on the teacher's map, and beside it what one sample's row is then.

    Args:
        record: its best epoch is shown.
        theme: ``light`` or ``dark``.
    """
    pair = best_embeddings(record)
    points = project(pair.teacher, pair.student).teacher
    similarity = [cosine_similarity_matrix(torch.as_tensor(np.array(z, dtype=float))) for z in pair]
    chosen = _in_short_ways([_anchors(similarity[0], rule) for rule in RULES], points)
    sample = _between(points)
    rows = [
        np.stack([gather_anchor_rows(s, torch.as_tensor(own))[sample].numpy() for s in similarity])
        for own in chosen
    ]
    canvas = Canvas(theme, "A sample is described by its anchors", source_of(record))
    for place, rule in enumerate(RULES):
        following = (place + 1) % len(RULES)
        gap = np.abs(rows[place][0] - rows[place][1]).mean()
        words = f"Rule “{in_words(rule)}”: {EXPLANATIONS[rule]}"
        yield _shot(
            canvas, points, sample, points[chosen[place]], rows[place], LONG,
            f"{words}. The two rows differ by {gap:.2f} on average.",
        )  # fmt: skip
        for share in glide(STEPS)[:-1]:
            between = (1 - share) * points[chosen[place]] + share * points[chosen[following]]
            row = (1 - share) * rows[place] + share * rows[following]
            yield _shot(canvas, points, sample, between, row, BRIEF, "Other anchors, another row …")


def _anchors(similarity: torch.Tensor, rule: str) -> np.ndarray:
    draw = torch.Generator().manual_seed(0)
    return select_anchors(similarity, ANCHORS, rule, generator=draw).numpy()


def _in_short_ways(chosen: list[np.ndarray], points: np.ndarray) -> list[np.ndarray]:
    """The same anchors, in an order in which each goes to a near one of the next rule."""
    ordered = [chosen[0]]
    for own in chosen[1:]:
        _, columns = linear_sum_assignment(cdist(points[ordered[-1]], points[own]))
        ordered.append(own[columns])
    return ordered


def _between(points: np.ndarray) -> int:
    """A sample on the way out from the middle, which lines to anchors do not hide."""
    radius = np.linalg.norm(points, axis=1)
    return int(np.argmin(np.abs(radius - np.median(radius))))


def _shot(
    canvas: Canvas,
    points: np.ndarray,
    sample: int,
    anchors: np.ndarray,
    row: np.ndarray,
    milliseconds: int,
    caption: str,
) -> Shot:
    canvas.begin()
    _draw_map(canvas, points, sample, anchors)
    _draw_row(canvas, row)
    return canvas.end(caption, milliseconds)


def _draw_map(canvas: Canvas, points: np.ndarray, sample: int, anchors: np.ndarray) -> None:
    axes, colours = canvas.axes(0.035, 0.15, 0.45, 0.71), canvas.colours
    axes.scatter(points[:, 0], points[:, 1], s=22, color=colours.neutral, alpha=0.55, linewidths=0)
    for number, (x, y) in enumerate(anchors, start=1):
        axes.plot([points[sample, 0], x], [points[sample, 1], y], color=colours.faint, zorder=0)
        axes.plot(x, y, "o", markersize=19, color=colours.paper, markeredgecolor=colours.privileged)
        axes.text(
            x, y, str(number), color=colours.privileged, fontsize=SMALL + 1, weight="bold",
            ha="center", va="center_baseline",
        )  # fmt: skip
    axes.plot(*points[sample], "*", markersize=19, color=colours.ink)
    span = 1.12 * float(np.abs(points).max())
    axes.set(xlim=(-span, span), ylim=(-span, span), xticks=[], yticks=[])
    canvas.label(axes, "teacher's map (PCA); the star is the sample", "")


def _draw_row(canvas: Canvas, row: np.ndarray) -> None:
    axes, colours = canvas.axes(0.58, 0.21, 0.385, 0.6), canvas.colours
    places = np.arange(1, ANCHORS + 1)
    for values, side, colour in zip(
        row, (-0.2, 0.2), (colours.teacher, colours.student), strict=True
    ):
        axes.bar(places + side, values, width=0.36, color=colour)
    axes.axhline(0, color=colours.neutral, linewidth=1)
    axes.set(xlim=(0.4, ANCHORS + 0.6), ylim=(-1, 1), xticks=places, yticks=(-1, 0, 1))
    canvas.label(axes, "anchor", "cosine to the anchor")
    for name, left, colour in (
        ("teacher's row", 0.0, colours.teacher),
        ("student's row", 0.36, colours.student),
    ):
        axes.text(left, 1.06, name, color=colour, fontsize=SMALL + 2, transform=axes.transAxes)
