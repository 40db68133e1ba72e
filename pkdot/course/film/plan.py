"""The plan forms as ε falls: from everybody to everybody, to one partner each."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap, PowerNorm

from ...method.loss import PKDOTLoss
from ...method.plan_measures import diagonal_mass, within_class_mass
from ...method.transport import sinkhorn
from .canvas import BRIEF, LONG, SMALL, Canvas, Shot, best_embeddings, source_of

if TYPE_CHECKING:
    from ...record import RunRecord

EPSILONS = tuple(float(value) for value in np.geomspace(1.0, 0.001, 46))
"""In squared cosines, from even to sharp."""


def plan_forms(record: "RunRecord", theme: str) -> Iterator[Shot]:
    """The plan between the teacher's and the student's rows of the probe samples.

    Args:
        record: of classes; its best epoch is shown.
        theme: ``light`` or ``dark``.
    """
    labels = record.probe["label"].to_numpy()
    order = np.argsort(labels, kind="stable")
    labels = labels[order]
    pair = best_embeddings(record)
    teacher, student = (torch.as_tensor(np.array(z[order], dtype=float)) for z in pair)
    cost = PKDOTLoss(k=20).structure(teacher, student).cost
    plans = [sinkhorn(cost, epsilon=epsilon).plan.numpy() for epsilon in EPSILONS]
    within = [100 * float(within_class_mass(plan, labels)) for plan in plans]
    own = [100 * float(diagonal_mass(plan)) for plan in plans]
    canvas = Canvas(theme, "The plan forms as ε falls", source_of(record))
    edges = np.flatnonzero(np.diff(labels)) + 0.5
    for place, (epsilon, plan) in enumerate(zip(EPSILONS, plans, strict=True)):
        canvas.begin()
        _draw_plan(canvas, plan, edges)
        _draw_shares(canvas, place, {"same digit": within, "same image": own})
        at_rest = place in (0, len(EPSILONS) - 1)
        caption = f"ε = {epsilon:.3f}: {within[place]:.0f} % of the mass stays with the same digit"
        yield canvas.end(caption, LONG if at_rest else BRIEF)


def _draw_plan(canvas: Canvas, plan: np.ndarray, edges: np.ndarray) -> None:
    axes, colours = canvas.axes(0.055, 0.17, 0.395, 0.7), canvas.colours
    tint = LinearSegmentedColormap.from_list("mass", colours.sequential)
    axes.imshow(len(plan) * plan, cmap=tint, norm=PowerNorm(0.5, 0, 1), interpolation="nearest")
    for edge in edges:
        axes.axhline(edge, color=colours.faint, linewidth=0.6)
        axes.axvline(edge, color=colours.faint, linewidth=0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    canvas.label(axes, "student's samples, by digit", "teacher's samples, by digit")


def _draw_shares(canvas: Canvas, place: int, shares: dict[str, list[float]]) -> None:
    axes, colours = canvas.axes(0.55, 0.21, 0.36, 0.63), canvas.colours
    for (name, values), colour in zip(
        shares.items(), (colours.prevalent, colours.privileged), strict=True
    ):
        axes.plot(EPSILONS[: place + 1], values[: place + 1], color=colour, linewidth=2.4)
        axes.plot(EPSILONS[place], values[place], "o", color=colour, markersize=7)
        axes.annotate(
            name, (EPSILONS[place], values[place]), (0, 9), textcoords="offset points",
            ha="center", fontsize=SMALL + 1, color=colour,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(3.5, 0.0004)
    axes.minorticks_off()
    axes.set_ylim(0, 1.15 * max(map(max, shares.values())))
    canvas.label(axes, "ε (squared cosines)", "share of the mass (%)")
