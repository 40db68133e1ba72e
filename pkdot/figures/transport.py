"""Step 3 as a picture: the plan that carries the teacher's rows to the student's."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..errors import InputError
from ..method.plan_measures import diagonal_mass, within_class_mass
from .bundles import SampleTable, table_for
from .matrices import (
    class_grid,
    class_ticks,
    clickable_diagonal,
    heat,
    in_blocks,
    mark_row,
    shrunk_note,
)
from .style import BELOW_TITLE, DEFAULT_STYLE, FigureStyle, clean, finish


def transport_plan(
    plan: Any,
    samples: SampleTable | None = None,
    *,
    marked: int | None = None,
    epsilon: float | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """A transport plan as a heat map, with its diagonal and the mass on it.

    On the diagonal a sample is matched to itself; the loss does not ask for that.

    Args:
        plan: (B, B) masses from teacher sample i to student sample j.
        samples: the B samples; rows and columns are sorted by their class, and those with names
            can be clicked on the diagonal.
        marked: position of a sample whose row is framed.
        epsilon: the entropy it was solved with; stands in the subtitle.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the plan is not square, finite and of some mass.
    """
    p = np.asarray(plan, dtype=float)
    if not np.isfinite(p).all():
        raise InputError("This plan holds NaN or infinity; raise epsilon, or look at its cost.")
    size, on_diagonal = len(p), diagonal_mass(p)
    colours, samples = style.colours, table_for(samples, size)
    same = within_class_mass(p, samples.labels)
    order = samples.by_class().drawing_order()
    p, labels = p[np.ix_(order, order)], samples.labels[order]
    share = 100 * p / p.sum(axis=1, keepdims=True).clip(min=np.finfo(float).tiny)
    drawn = in_blocks(share, total=True)
    drawn = drawn * (len(drawn) / size)  # mean over the rows of a block, sum over its columns
    figure = go.Figure(
        heat(
            drawn,
            p.shape,
            colours.sequential,
            0,
            float(drawn.max()),
            colorbar={
                "title": {"text": "share of the teacher sample's mass (%)", "side": "right"},
                "thickness": 14,
                "outlinewidth": 0,
            },
            hovertemplate="teacher sample %{y:.0f} → student sample %{x:.0f}"
            "<br>%{z:.2f} %<extra></extra>",
        )
    )
    edge = size - 0.5
    figure.add_scatter(
        x=[-0.5, edge],
        y=[-0.5, edge],
        mode="lines",
        line={"color": colours.student, "width": 1.2, "dash": "dot"},
        opacity=0.6,
        showlegend=True,
        name="matched to itself",
        hoverinfo="skip",
    )
    class_grid(figure, labels, colours.neutral, width=0.5)
    clickable_diagonal(figure, order, samples)
    mark_row(figure, order, marked, colours.teacher)
    room: dict[str, Any] = {"room": 460, "none": samples.words.none}
    ticks = class_ticks(labels, samples.class_names, upright=True, **room)
    sorted_by = f", by {clean(samples.by)}" if (labels >= 0).any() else ""
    figure.update_xaxes(
        title=f"student sample{sorted_by}",
        constrain="domain",
        showgrid=False,
        zeroline=False,
        range=[-0.5, edge],
        **class_ticks(labels, samples.class_names, **room),
    )
    figure.update_yaxes(
        title=f"teacher sample{sorted_by}",
        scaleanchor="x",
        **BELOW_TITLE,
        showgrid=False,
        zeroline=False,
        range=[edge, -0.5],
        **ticks,
    )
    subtitle = (
        f"{100 * on_diagonal:.1f} % of the mass on the diagonal (by chance {100 / size:.1f} %)"
    )
    if np.isfinite(same):
        known = labels[labels >= 0]
        _, counts = np.unique(known, return_counts=True)
        by_chance = np.square(counts / len(known)).sum()
        one = clean(samples.words.one)
        subtitle += f", {100 * same:.0f} % within the {one} (by chance {100 * by_chance:.0f} %)"
    subtitle += "" if epsilon is None else f" · ε = {epsilon:.3g}"
    return finish(
        figure,
        "Where does each sample's mass go?",
        style,
        subtitle=subtitle + shrunk_note(p.shape, drawn.shape),
        height=540,
    )
