"""Relatives of a plan beside each other, and how Sinkhorn's iteration found it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .bundles import SampleTable, table_for
from .matrices import class_grid, class_ticks, heat, in_blocks, shrunk_note
from .style import BELOW_TITLE, DEFAULT_STYLE, TOP, WIDTH, FigureStyle, clean, finish

TICKS = (0, 1, 5, 20, 50, 100)
"""Shares in percent at the colour bar; colours follow their square roots."""


def plan_panels(
    plans: Mapping[str, Any],
    samples: SampleTable | None = None,
    *,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Plans of the same samples on one scale: how much of its mass each teacher sample sends where.

    Args:
        plans: name -> masses (B, B); all of one size.
        samples: the B samples; rows and columns are sorted by their class.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there is no plan, or one is not square, finite and of the common size.
    """
    arrays = {name: np.asarray(plan, dtype=float) for name, plan in plans.items()}
    shapes = {plan.shape for plan in arrays.values()}
    shape = shapes.pop() if len(shapes) == 1 else ()
    if len(shape) != 2 or shape[0] != shape[1]:
        raise InputError("Plans can be compared where all are square and of one size (B, B).")
    if not all(np.isfinite(plan).all() for plan in arrays.values()):
        raise InputError("A plan holds NaN or infinity; raise epsilon.")
    colours, size = style.colours, shape[0]
    samples = table_for(samples, size)
    order = samples.by_class().drawing_order()
    labels = samples.labels[order]
    titles = [_panel_title(name, WIDTH / len(arrays)) for name in arrays]
    figure = make_subplots(
        1,
        len(arrays),
        subplot_titles=titles,
        horizontal_spacing=0.025,
    )
    room: dict[str, Any] = {"room": 200, "none": samples.words.none}
    drawn = 0
    for column, plan in enumerate(arrays.values(), start=1):
        plan = plan[np.ix_(order, order)]
        sent = plan.sum(axis=1, keepdims=True).clip(min=np.finfo(float).tiny)
        share = in_blocks(100 * plan / sent, total=True)
        drawn = len(share)
        share = share * (drawn / size)
        figure.add_trace(
            heat(
                np.sqrt(share),
                plan.shape,
                colours.sequential,
                0,
                10,
                customdata=share.astype(np.float32),
                showscale=column == len(arrays),
                colorbar={
                    "title": {"text": "share of its mass (%)", "side": "right"},
                    "thickness": 12,
                    "outlinewidth": 0,
                    "tickvals": np.sqrt(TICKS),
                    "ticktext": [str(tick) for tick in TICKS],
                },
                hovertemplate="%{customdata:.1f} %<extra></extra>",
            ),
            1,
            column,
        )
        figure.update_yaxes(
            scaleanchor=f"x{column if column > 1 else ''}",
            range=[size - 0.5, -0.5],
            **BELOW_TITLE,
            showgrid=False,
            **(
                class_ticks(labels, samples.class_names, upright=True, **room)
                if column == 1
                else {"showticklabels": False, "ticks": ""}
            ),
            row=1,
            col=column,
        )
        class_grid(figure, labels, colours.neutral, row=1, col=column)
    figure.update_xaxes(
        title="student sample",
        range=[-0.5, size - 0.5],
        constrain="domain",
        showgrid=False,
        **class_ticks(labels, samples.class_names, **room),
    )
    figure.update_yaxes(title="teacher sample", row=1, col=1)
    second_line = 18 if any("<br>" in title for title in titles) else 0
    figure = finish(
        figure,
        "Four ways to carry the same mass" if len(arrays) == 4 else "Plans side by side",
        style,
        subtitle="the same two clouds of rows, one scale; colours follow the square root of the "
        "share" + shrunk_note((size, size), (drawn, drawn)),
        height=400 + second_line,
    )
    return figure.update_layout(margin={"t": style.font(TOP + second_line)})


def _panel_title(name: str, room: float) -> str:
    """A plan's name, on two lines where it has a part in brackets and ``room`` pixels are few."""
    title = clean(name, 60)
    return title.replace(" (", "<br>(") if 7.5 * len(title) > room else title


def convergence(
    marginal_error: Any,
    *,
    tolerance: float | None = None,
    epsilon: float | None = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """The error of the plan's marginals, iteration by iteration, on a logarithmic axis.

    Args:
        marginal_error: (t,) of :func:`pkdot.method.transport.sinkhorn_trace`.
        tolerance: where a solver would stop; drawn where given.
        epsilon: for the subtitle.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there is no iteration.
    """
    errors = np.asarray(marginal_error, dtype=float).ravel()
    if not len(errors):
        raise InputError("There is no iteration to draw; trace at least one.")
    colours = style.colours
    figure = go.Figure()
    figure.add_scatter(
        x=np.arange(1, len(errors) + 1),
        y=np.maximum(errors, 1e-12),
        mode="lines",
        line={"color": colours.ink, "width": 2.2},
        name="error",
        showlegend=False,
        hovertemplate="iteration %{x}: %{y:.1e}<extra></extra>",
    )
    if tolerance is not None:
        figure.add_hline(
            tolerance,
            line={"color": colours.neutral, "width": 1, "dash": "dash"},
            annotation={"text": "tolerance", "xanchor": "right"},
        )
    figure.update_xaxes(title="iteration")
    figure.update_yaxes(title="marginal error", type="log", exponentformat="power")
    subtitle = "share of the mass that is in the wrong columns"
    if tolerance is not None:
        reached = np.flatnonzero(errors <= tolerance)
        subtitle += (
            f"; the tolerance is reached after iteration {reached[0] + 1}"
            if len(reached)
            else f"; {len(errors)} iterations do not reach the tolerance"
        )
    subtitle += "" if epsilon is None else f" · ε = {epsilon:.3g}"
    return finish(
        figure,
        "The textbook's iteration",
        style,
        subtitle=subtitle,
        height=340,
    )
