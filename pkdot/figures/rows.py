"""Step 2 as pictures: each sample described by its similarities to the anchors, (B, k)."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..analysis.matrix_order import by_group
from ..errors import InputError
from .maps import class_points
from .matrices import class_grid, class_lines, class_ticks, heat, in_blocks, shrunk_note
from .style import class_name, clean, finish, named, theme_of


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
    order = by_group(labels)
    t, s, labels = t[order], s[order], labels[order]
    figure = make_subplots(
        1, 2, subplot_titles=["Teacher", "Student"], horizontal_spacing=0.05, shared_yaxes=True
    )
    for column, (name, rows) in enumerate((("Teacher", t), ("Student", s)), start=1):
        drawn = in_blocks(rows)
        trace = heat(
            drawn,
            rows.shape,
            look.diverging,
            -1,
            1,
            showscale=column == 2,
            colorbar={
                "title": {"text": "cosine similarity (no unit)", "side": "right"},
                "thickness": 12,
            },
            hovertemplate=f"{name}: %{{z:.2f}}<br>row %{{y:.0f}}, anchor %{{x:.0f}}<extra></extra>",
        )
        figure.add_trace(trace, 1, column)
        class_grid(figure, labels, look.ink, columns=rows.shape[1], row=1, col=column)
    figure.update_xaxes(title="anchor (position in the row)", showgrid=False)
    figure.update_yaxes(
        **class_ticks(labels, class_names, room=360, upright=True),
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
    before: Any = None,
    anchor_labels: Any = None,
    class_names: Any = (),
    sample: str = "",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """One sample's row: its similarity to each anchor, by teacher and by student.

    Args:
        teacher: (k,); student: (k,).
        before: (k,) the student's row before training, drawn hollow.
        anchor_labels: (k,) classes of the anchors, -1 for none; anchors are sorted by them.
        class_names: one name a class.
        sample: the sample's name, for the title.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if they do not have one shape (k,).
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    b = None if before is None else np.asarray(before, dtype=float)
    if t.shape != s.shape or t.ndim != 1 or (b is not None and b.shape != t.shape):
        raise InputError(f"A sample's rows must have one shape (k,), not {t.shape} and {s.shape}.")
    look, positions = theme_of(theme), np.arange(len(t))
    kinds = np.full(len(t), -1) if anchor_labels is None else np.asarray(anchor_labels)
    order = by_group(kinds)
    t, s, kinds = t[order], s[order], kinds[order]
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
    drawn = [("teacher", t, look.teacher, "circle"), ("student", s, look.student, "diamond")]
    if b is not None:
        drawn.insert(0, ("student before training", b[order], look.student, "diamond-open"))
    for name, values, colour, symbol in drawn:
        figure.add_scatter(
            x=positions,
            y=values,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9, "symbol": symbol, "line": {"width": 1.2}},
            customdata=names,
            hovertemplate=f"{name}: %{{y:.2f}}<br>anchor %{{x}}, %{{customdata}}<extra></extra>",
        )
    known = (kinds >= 0).any()
    for border in class_lines(kinds):
        figure.add_vline(border, line={"color": look.faint, "width": 1})
    figure.update_xaxes(
        title="anchor, by its class" if known else "anchor",
        range=[-0.8, len(t) - 0.2],
        showgrid=False,
        zeroline=False,
        **(class_ticks(kinds, class_names, room=640) if known else {}),
    )
    figure.update_yaxes(title="cosine similarity", range=[-1.05, 1.05])
    told = f"the longer the line, the more the two disagree; mean |difference| {_gap(t, s):.2f}"
    if b is not None:
        told += f", before training {_gap(t, b[order]):.2f}"
    return finish(
        figure,
        f"One sample seen from the anchors{': ' + clean(sample) if sample else ''}",
        subtitle=told,
        simulated=simulated,
        theme=theme,
        height=380,
    )


def _gap(one: Any, two: Any) -> float:
    return float(np.abs(one - two).mean())


def similarity_row(
    teacher: Any,
    student: Any,
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    sample: str = "",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """One row of both similarity matrices: the student's similarities over the teacher's.

    Args:
        teacher: (N,) similarities of the sample to the others.
        student: (N,).
        labels: (N,) class numbers of the others, -1 for none.
        class_names: one name a class.
        ids: (N,) names of the others.
        sample: the sample's name, for the title.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if the two do not have one shape (N,).
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    if t.shape != s.shape or t.ndim != 1:
        raise InputError(f"Rows must have one shape (N,), not {t.shape} and {s.shape}.")
    look = theme_of(theme)
    labels = np.full(len(t), -1) if labels is None else np.asarray(labels)
    ids = np.arange(len(t)) if ids is None else np.asarray(ids)
    figure = make_subplots(1, 1)
    line = {"color": look.ink, "width": 1.2, "dash": "dot"}
    figure.add_scatter(
        x=[-1, 1], y=[-1, 1], mode="lines", line=line, name="both agree", hoverinfo="skip"
    )
    class_points(figure, np.column_stack([t, s]), labels, class_names, ids, look)
    low = min(float(np.nanmin([t, s], initial=0)), 0) - 0.08
    figure.update_xaxes(title="similarity to the teacher", range=[low, 1.05], constrain="domain")
    figure.update_yaxes(
        title="similarity to the student",
        range=[low, 1.05],
        scaleanchor="x",
        constrain="domain",
    )
    figure.update_layout(legend={"title": {"text": "class of the other"}})
    return finish(
        figure,
        f"One sample against all others{': ' + clean(sample) if sample else ''}",
        subtitle=f"on the dotted line both agree; mean |difference| {_gap(t, s):.2f}",
        simulated=simulated,
        theme=theme,
        height=540,
    )
