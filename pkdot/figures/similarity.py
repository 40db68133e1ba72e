"""Step 1 as a picture: similarity matrices (B, B), and one of their rows."""

from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from ..analysis.matrix_correlation import matrix_correlation
from ..errors import InputError
from .bundles import Grouping, SampleTable, table_for
from .maps import class_points
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


def similarity_matrices(
    teacher: Any,
    student: Any,
    samples: SampleTable | None = None,
    *,
    grouping: Grouping | None = None,
    marked: int | None = None,
    difference: bool = True,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Similarity matrices of teacher and student on one scale, and their difference.

    Args:
        teacher: (B, B) cosine similarities.
        student: (B, B).
        samples: the B samples; those with names can be clicked on the diagonal.
        grouping: what rows and columns are sorted by; their class by default.
        marked: position of a sample whose row is framed.
        difference: add a panel of student − teacher, from blue (teacher higher) to orange.
        style: theme, width, and whether the data are simulated.

    Returns:
        A plotly figure.

    Raises:
        InputError: if the matrices are not square, of one shape, and finite.
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    correlation = matrix_correlation(t, s)
    if not (np.isfinite(t).all() and np.isfinite(s).all()):
        raise InputError("A similarity matrix holds NaN or infinity; look at an earlier epoch.")
    colours, size = style.colours, len(t)
    samples = table_for(samples, size)
    grouping = samples.by_class() if grouping is None else grouping
    order = grouping.drawing_order()
    t, s = t[np.ix_(order, order)], s[np.ix_(order, order)]
    in_groups = grouping.order is None
    groups = np.asarray(grouping.numbers)[order] if in_groups else np.full(size, -1)
    panels = [("Teacher", t), ("Student", s)] + ([("Student − teacher", s - t)] * difference)
    figure = make_subplots(
        1, len(panels), subplot_titles=[name for name, _ in panels], horizontal_spacing=0.04
    )
    bar = {"orientation": "h", "thickness": 10, "y": -0.2, "yanchor": "top", "outlinewidth": 0}
    for column, (name, matrix) in enumerate(panels, start=1):
        drawn = in_blocks(matrix)
        is_difference = column == 3
        # One scale for both networks; a colour bar of its own for the difference.
        trace = heat(
            drawn,
            matrix.shape,
            colours.difference if is_difference else colours.diverging,
            -1,
            1,
            coloraxis=None,
            showscale=column != 2,
            colorbar={
                **bar,
                "len": 0.3 if is_difference else 0.64,
                "x": 0.85 if is_difference else 0.33,
                "xanchor": "center",
                "title": {
                    "text": "difference" if is_difference else "cosine similarity (no unit)",
                    "side": "bottom",
                },
            },
            hovertemplate=f"{name}: %{{z:.2f}}<br>row %{{y:.0f}}, column %{{x:.0f}}<extra></extra>",
        )
        figure.add_trace(trace, 1, column)
        room: dict[str, Any] = {"room": 240, "none": grouping.none}
        ticks = class_ticks(groups, grouping.names, upright=True, **room)
        below = class_ticks(groups, grouping.names, **room)
        square = {"scaleanchor": f"x{column if column > 1 else ''}", **BELOW_TITLE}
        edge = size - 0.5
        figure.update_xaxes(
            **below, range=[-0.5, edge], constrain="domain", showgrid=False, row=1, col=column
        )
        figure.update_yaxes(
            **(ticks if column == 1 else {"showticklabels": False, "ticks": ""}),
            **square,
            range=[edge, -0.5],
            showgrid=False,
            row=1,
            col=column,
        )
        class_grid(figure, groups, colours.ink, row=1, col=column)
        clickable_diagonal(figure, order, samples, row=1, col=column)
        mark_row(figure, order, marked, colours.ink, row=1, col=column)
    known = not in_groups or (groups >= 0).any()
    sorted_by = grouping.by if known else "order of the batch"
    figure.update_xaxes(title=f"sample, by {sorted_by}")
    figure.update_yaxes(title=f"sample, by {sorted_by}", row=1, col=1)
    subtitle = f"pairs of {size} samples; the two matrices correlate at r = {correlation:.2f}"
    return finish(
        figure,
        "How alike are two samples?",
        style,
        subtitle=subtitle + shrunk_note(t.shape, in_blocks(t).shape),
        height=560 if difference else 590,
    )


def similarity_row(
    teacher: Any,
    student: Any,
    position: int,
    samples: SampleTable | None = None,
    *,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """One row of both similarity matrices: the student's similarities over the teacher's.

    Args:
        teacher: (B, B) cosine similarities.
        student: (B, B).
        position: of the sample in the batch; the other B − 1 are the points.
        samples: the B samples.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the two do not have one shape (B, B), or it has no such row.
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    if t.shape != s.shape or t.ndim != 2 or t.shape[0] != t.shape[1]:
        raise InputError(f"Matrices must have one shape (B, B), not {t.shape} and {s.shape}.")
    colours, samples = style.colours, table_for(samples, len(t))
    name = clean(samples.name_of(position))
    others = np.flatnonzero(np.arange(len(t)) != position)
    t, s = t[position][others], s[position][others]
    figure = make_subplots(1, 1)
    line = {"color": colours.ink, "width": 1.2, "dash": "dot"}
    figure.add_scatter(
        x=[-1, 1], y=[-1, 1], mode="lines", line=line, name="both agree", hoverinfo="skip"
    )
    points = np.column_stack([t, s])
    class_points(figure, points, samples.take(others), style, row=1, col=1)
    low = min(float(np.nanmin([t, s], initial=0)), 0) - 0.08
    figure.update_xaxes(title="similarity to the teacher", range=[low, 1.05], constrain="domain")
    figure.update_yaxes(
        title="similarity to the student",
        range=[low, 1.05],
        scaleanchor="x",
        **BELOW_TITLE,
    )
    if samples.values is None and (samples.labels >= 0).any():
        title = f"{clean(samples.by)} of the other"
        figure.update_layout(legend={"title": {"text": title}})
    return finish(
        figure,
        f"One sample against all others: {name}",
        style,
        subtitle="on the dotted line both agree; mean |difference| "
        f"{float(np.abs(t - s).mean()):.2f}",
        height=540,
    )
