"""Steps 1 and 2 as pictures: similarity matrices (B, B) and the rows of anchors (B, k)."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from ..measures import matrix_correlation
from .style import Array, class_name, clean, finish, named, scale, theme_of

LARGEST = 512
"""Matrices above this many rows or columns are drawn in blocks; more pixels show nothing more."""


def by_class(labels: Any) -> Array:
    """Order that puts samples of a class together, (B,) indices; those without label come last."""
    labels = np.asarray(labels)
    return np.argsort(np.where(labels < 0, labels.max(initial=0) + 1, labels), kind="stable")


def in_blocks(matrix: Array, *, total: bool = False, largest: int = LARGEST) -> Array:
    """Shrink a matrix to at most ``largest`` rows and columns.

    Args:
        matrix: (n, m).
        total: sum over each block (for mass) rather than average it (for similarity).
        largest: the most rows and columns to keep.
    """
    for axis in (0, 1):
        size = matrix.shape[axis]
        if size > largest:
            starts = np.linspace(0, size, largest, endpoint=False).astype(int)
            matrix = np.add.reduceat(matrix, starts, axis=axis)
            if not total:
                widths = np.diff([*starts, size])
                matrix = matrix / (widths[:, None] if axis == 0 else widths[None, :])
    return matrix


def shrunk_note(shape: tuple[int, ...], drawn: tuple[int, ...]) -> str:
    """A sentence for the reader where a matrix is not drawn entry by entry."""
    if shape == drawn:
        return ""
    return f" · {shape[0]} × {shape[1]} entries, drawn downsampled to {drawn[0]} × {drawn[1]}"


def class_ticks(
    labels: Array, names: Any, drawn: int, *, room: float, upright: bool = False
) -> dict[str, Any]:
    """Axis ticks at the middle of each class, for labels (B,) in drawing order.

    Args:
        labels: (B,), sorted.
        names: one name a class.
        drawn: rows or columns that are drawn.
        room: length of the axis in pixels. Where the names do not fit beside each other, none is
            shown; under each other (``upright``), one that would touch the name above is left out.
        upright: whether the axis is vertical.
    """
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    drawing = np.argsort(first)  # samples without label (-1) are drawn last
    values, first, counts = values[drawing], first[drawing], counts[drawing]
    shrink = drawn / len(labels)
    words = [class_name(int(value), names) for value in values]
    middles = (first + counts / 2) * shrink - 0.5
    if upright:
        fitting = [0]
        for i in range(1, len(middles)):
            if (middles[i] - middles[fitting[-1]]) / drawn * room >= 13:
                fitting.append(i)
        middles, words = middles[fitting], [words[i] for i in fitting]
    half = np.array([3.5 * len(word) + 3 for word in words])  # pixels, at the size of tick labels
    crowded = not upright and (np.diff(middles) / drawn * room < half[:-1] + half[1:]).any()
    if len(values) > 20 or (values < 0).all() or crowded:
        return {"showticklabels": False, "ticks": ""}
    return {
        "tickmode": "array",
        "tickvals": middles.tolist(),
        "ticktext": words,
        "tickangle": 0,
        "ticks": "",
    }


def class_lines(labels: Array, drawn: int) -> list[float]:
    """Positions of the borders between classes, for labels (B,) in drawing order."""
    borders = np.flatnonzero(np.diff(labels)) + 1
    return [float(b * drawn / len(labels) - 0.5) for b in borders] if len(borders) < 20 else []


def heat(matrix: Array, colours: tuple[str, ...], low: float, high: float, **more: Any) -> Any:
    """A heat map trace whose rows run downwards like those of a printed matrix."""
    return go.Heatmap(
        z=matrix.astype(np.float32), colorscale=scale(colours), zmin=low, zmax=high, **more
    )


def similarity_matrices(
    teacher: Any,
    student: Any,
    *,
    labels: Any = None,
    class_names: Any = (),
    difference: bool = True,
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """Similarity matrices of teacher and student on one scale, and their difference.

    Args:
        teacher: (B, B) cosine similarities.
        student: (B, B).
        labels: (B,) class numbers, -1 for none; rows and columns are sorted by them.
        class_names: one name a class.
        difference: add a panel of student − teacher, from blue (teacher higher) to orange.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Returns:
        A plotly figure.

    Raises:
        InputError: if the matrices are not square, of one shape, and finite.
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    correlation = matrix_correlation(t, s)
    if not (np.isfinite(t).all() and np.isfinite(s).all()):
        raise InputError("A similarity matrix holds NaN or infinity; look at an earlier epoch.")
    look, size = theme_of(theme), len(t)
    labels = np.full(size, -1) if labels is None else np.asarray(labels)
    order = by_class(labels)
    t, s, labels = t[np.ix_(order, order)], s[np.ix_(order, order)], labels[order]
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
            look.difference if is_difference else look.diverging,
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
            hovertemplate=f"{name}: %{{z:.2f}}<br>row %{{y}}, column %{{x}}<extra></extra>",
        )
        figure.add_trace(trace, 1, column)
        ticks = class_ticks(labels, class_names, len(drawn), room=240, upright=True)
        below = class_ticks(labels, class_names, len(drawn), room=240)
        square = {"scaleanchor": f"x{column if column > 1 else ''}", "constrain": "domain"}
        figure.update_xaxes(**below, constrain="domain", showgrid=False, row=1, col=column)
        figure.update_yaxes(
            **(ticks if column == 1 else {"showticklabels": False, "ticks": ""}),
            **square,
            autorange="reversed",
            showgrid=False,
            row=1,
            col=column,
        )
        for border in class_lines(labels, len(drawn)):
            line = {"color": look.ink, "width": 0.4}
            figure.add_hline(border, line=line, row=1, col=column)
            figure.add_vline(border, line=line, row=1, col=column)
    sorted_by = "class" if (labels >= 0).any() else "order of the batch"
    figure.update_xaxes(title=f"sample, by {sorted_by}")
    figure.update_yaxes(title=f"sample, by {sorted_by}", row=1, col=1)
    subtitle = f"pairs of {size} samples; the two matrices correlate at r = {correlation:.2f}"
    return finish(
        figure,
        "How alike are two samples?",
        subtitle=subtitle + shrunk_note(t.shape, in_blocks(t).shape),
        simulated=simulated,
        theme=theme,
        height=500 if difference else 590,
    )


def anchor_rows(
    teacher: Any,
    student: Any,
    *,
    labels: Any = None,
    class_names: Any = (),
    policy: str = "",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """The rows (B, k) that describe each sample by its similarity to the anchors.

    Args:
        teacher: (B, k); student: (B, k), read at the same anchors.
        labels: (B,) class numbers, -1 for none; rows are sorted by them.
        class_names: one name a class.
        policy: how the anchors were chosen; stands in the title.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if the two do not have one shape (B, k).
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    if t.shape != s.shape or t.ndim != 2:
        raise InputError(f"Rows must have one shape (B, k), not {t.shape} and {s.shape}.")
    look = theme_of(theme)
    labels = np.full(len(t), -1) if labels is None else np.asarray(labels)
    order = by_class(labels)
    t, s, labels = t[order], s[order], labels[order]
    figure = make_subplots(
        1, 2, subplot_titles=["Teacher", "Student"], horizontal_spacing=0.05, shared_yaxes=True
    )
    for column, (name, rows) in enumerate((("Teacher", t), ("Student", s)), start=1):
        drawn = in_blocks(rows)
        trace = heat(
            drawn,
            look.diverging,
            -1,
            1,
            showscale=column == 2,
            colorbar={"title": {"text": "cosine<br>similarity"}, "thickness": 12},
            hovertemplate=f"{name}: %{{z:.2f}}<br>row %{{y}}, anchor %{{x}}<extra></extra>",
        )
        figure.add_trace(trace, 1, column)
        for border in class_lines(labels, len(drawn)):
            figure.add_hline(border, line={"color": look.ink, "width": 0.4}, row=1, col=column)
    figure.update_xaxes(title="anchor (position in the row)", showgrid=False)
    figure.update_yaxes(
        **class_ticks(labels, class_names, len(in_blocks(t)), room=360, upright=True),
        autorange="reversed",
        showgrid=False,
    )
    figure.update_yaxes(title="sample", col=1)
    columns = (
        "column c is a different sample in every row"
        if policy == "per_sample"
        else "one column an anchor"
    )
    return finish(
        figure,
        f"Each sample, described by {t.shape[1]} anchors" + f" ({named(policy)})" * bool(policy),
        subtitle=columns + shrunk_note(t.shape, in_blocks(t).shape),
        simulated=simulated,
        theme=theme,
        height=460,
    )


def sample_row(
    teacher: Any,
    student: Any,
    *,
    anchor_labels: Any = None,
    class_names: Any = (),
    sample: str = "",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """One sample's row: its similarity to each anchor, by teacher and by student.

    Args:
        teacher: (k,); student: (k,).
        anchor_labels: (k,) classes of the anchors, -1 for none.
        class_names: one name a class.
        sample: the sample's name, for the title.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if the two do not have one shape (k,).
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    if t.shape != s.shape or t.ndim != 1:
        raise InputError(f"A sample's rows must have one shape (k,), not {t.shape} and {s.shape}.")
    look, positions = theme_of(theme), np.arange(len(t))
    kinds = np.full(len(t), -1) if anchor_labels is None else np.asarray(anchor_labels)
    names = [class_name(int(kind), class_names) for kind in kinds]
    figure = go.Figure()
    gaps_x = np.column_stack([positions, positions, np.full(len(t), np.nan)]).ravel()
    gaps_y = np.column_stack([t, s, np.full(len(t), np.nan)]).ravel()
    figure.add_scatter(
        x=gaps_x,
        y=gaps_y,
        mode="lines",
        line={"color": look.neutral, "width": 1.5},
        showlegend=False,
        hoverinfo="skip",
    )
    for name, values, colour, symbol in (
        ("teacher", t, look.teacher, "circle"),
        ("student", s, look.student, "diamond"),
    ):
        figure.add_scatter(
            x=positions,
            y=values,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9, "symbol": symbol},
            customdata=names,
            hovertemplate=f"{name}: %{{y:.2f}}<br>anchor %{{x}}, %{{customdata}}<extra></extra>",
        )
    figure.update_xaxes(
        title="anchor, with its class" if (kinds >= 0).any() else "anchor",
        tickvals=positions if len(t) <= 40 else None,
        ticktext=names if (kinds >= 0).any() and len(t) <= 40 else None,
        showgrid=False,
        zeroline=False,
    )
    figure.update_yaxes(title="cosine similarity", range=[-1.05, 1.05])
    return finish(
        figure,
        f"One sample seen from the anchors{': ' + clean(sample) if sample else ''}",
        subtitle=f"the longer the line, the more the two disagree; mean |difference| "
        f"{np.abs(t - s).mean():.2f}",
        simulated=simulated,
        theme=theme,
        height=360,
    )
