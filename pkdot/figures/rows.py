"""Step 2 as pictures: each sample described by its similarities to the anchors, (B, k)."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..errors import InputError
from .bundles import SampleTable, table_for
from .matrices import class_grid, class_lines, class_ticks, heat, in_blocks, shrunk_note
from .style import DEFAULT_STYLE, FigureStyle, clean, finish, in_words


def anchor_rows(
    teacher: Any,
    student: Any,
    samples: SampleTable | None = None,
    *,
    policy: str = "",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """The rows (B, k) that describe each sample by its similarity to the anchors.

    Args:
        teacher: (B, k); student: (B, k), read at the same anchors.
        samples: the B samples; rows are sorted by their class.
        policy: how the anchors were chosen; stands in the title.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the two do not have one shape (B, k).
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    if t.shape != s.shape or t.ndim != 2:
        raise InputError(f"Rows must have one shape (B, k), not {t.shape} and {s.shape}.")
    colours, samples = style.colours, table_for(samples, len(t))
    order = samples.by_class().drawing_order()
    t, s, labels = t[order], s[order], samples.labels[order]
    figure = make_subplots(
        1, 2, subplot_titles=["Teacher", "Student"], horizontal_spacing=0.05, shared_yaxes=True
    )
    for column, (name, rows) in enumerate((("Teacher", t), ("Student", s)), start=1):
        drawn = in_blocks(rows)
        trace = heat(
            drawn,
            rows.shape,
            colours.diverging,
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
        class_grid(figure, labels, colours.ink, columns=rows.shape[1], row=1, col=column)
    figure.update_xaxes(title="anchor (position in the row)", showgrid=False)
    figure.update_yaxes(
        **class_ticks(labels, samples.class_names, room=360, upright=True, none=samples.words.none),
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
        f"Each sample, described by {t.shape[1]} anchors" + f" ({in_words(policy)})" * bool(policy),
        style,
        subtitle=columns + shrunk_note(t.shape, in_blocks(t).shape),
        height=460,
    )


def sample_row(
    teacher: Any,
    student: Any,
    position: int,
    samples: SampleTable | None = None,
    *,
    anchors: Any,
    before: Any = None,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """One sample's row: its similarity to each anchor, by teacher and by student.

    Args:
        teacher: (B, k) rows; student: (B, k).
        position: of the sample in the batch.
        samples: the B samples; anchors are sorted by their class.
        anchors: (k,) indices, or (B, k), one set a row.
        before: (B, k) the student's rows before training, drawn hollow.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if they do not have one shape (B, k), or it has no such row.
    """
    t, s = (np.asarray(m, dtype=float) for m in (teacher, student))
    b = None if before is None else np.asarray(before, dtype=float)
    if t.shape != s.shape or t.ndim != 2 or (b is not None and b.shape != t.shape):
        raise InputError(f"Rows must have one shape (B, k), not {t.shape} and {s.shape}.")
    samples = table_for(samples, len(t))
    sample = clean(samples.name_of(position))
    own = np.asarray(anchors)[position] if np.ndim(anchors) == 2 else np.asarray(anchors)
    if own.shape != t.shape[1:]:
        raise InputError(f"Rows {t.shape} need as many anchors as columns, not {own.shape}.")
    kinds, class_names = samples.labels[own], samples.class_names
    order = samples.take(own).by_class().drawing_order()
    t, s, kinds = t[position][order], s[position][order], kinds[order]
    b = None if b is None else b[position][order]
    colours, positions = style.colours, np.arange(len(t))
    names = [samples.group_of(i) for i in own[order]]
    figure = go.Figure()
    gaps_x = np.column_stack([positions, positions, np.full(len(t), np.nan)]).ravel()
    gaps_y = np.column_stack([t, s, np.full(len(t), np.nan)]).ravel()
    figure.add_scatter(
        x=gaps_x,
        y=gaps_y,
        mode="lines",
        line={"color": colours.neutral, "width": 1.5},
        showlegend=False,
        hoverinfo="skip",
    )
    drawn = [("teacher", t, colours.teacher, "circle"), ("student", s, colours.student, "diamond")]
    if b is not None:
        drawn.insert(0, ("student before training", b, colours.student, "diamond-open"))
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
    ticks = class_ticks(kinds, class_names, room=640, none=samples.words.none)
    for border in class_lines(kinds):
        figure.add_vline(border, line={"color": colours.faint, "width": 1})
    figure.update_xaxes(
        title=f"anchor, by its {clean(samples.words.one)}" if known else "anchor",
        range=[-0.8, len(t) - 0.2],
        showgrid=False,
        zeroline=False,
        **(ticks if known else {}),
    )
    figure.update_yaxes(title="cosine similarity", range=[-1.05, 1.05])
    subtitle = f"longer lines disagree more; mean |difference| {np.abs(t - s).mean():.2f}"
    if b is not None:
        subtitle += f", before training {np.abs(t - b).mean():.2f}"
    return finish(
        figure,
        f"One sample seen from the anchors: {sample}",
        style,
        subtitle=subtitle,
        height=380,
    )
