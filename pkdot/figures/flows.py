"""The plan as flows: from the teacher's map to the student's, and the mass of one sample."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..errors import InputError
from .maps import class_points
from .style import Array, Theme, class_name, clean, finish, theme_of

STRENGTHS = ((0, 0.15, 0.6, 0.3), (0.15, 0.5, 1.1, 0.45), (0.5, 1.01, 2.0, 0.6))
"""Of the strongest flow: from, to; width and opacity of a line."""
LEAST = 0.1
"""Shares below this many percent are no bars."""
KINDS = ("to itself", "within its class", "to another class", "to a sample without label")


def _kinds(pairs: Array, labels: Array) -> Array:
    """For pairs (M, 2) of samples the index into :data:`KINDS`, (M,)."""
    source, target = labels[pairs[:, 0]], labels[pairs[:, 1]]
    kinds = np.where(source == target, 1, 2)
    kinds[(source < 0) | (target < 0)] = 3
    kinds[pairs[:, 0] == pairs[:, 1]] = 0
    return kinds


def _colours(look: Theme) -> tuple[str, ...]:
    return look.ink, look.prevalent, look.classes[3], look.neutral


def strongest(plan: Array, most: int, source: int | None = None) -> Array:
    """The pairs (M, 2) that carry the most mass, strongest first; of one source where given."""
    masses = plan if source is None else np.where(np.arange(len(plan))[:, None] == source, plan, 0)
    order = np.argsort(-masses, axis=None, kind="stable")[:most]
    pairs = np.column_stack(np.unravel_index(order, masses.shape))
    return pairs[masses[pairs[:, 0], pairs[:, 1]] > 0]


def transport_flows(
    teacher: Any,
    student: Any,
    plan: Any,
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    source: int | None = None,
    most: int = 150,
    projection: str = "PCA",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """Teacher's and student's map side by side, and lines where the plan carries most mass.

    Args:
        teacher: (B, 2) coordinates.
        student: (B, 2), aligned to the teacher's.
        plan: (B, B) masses.
        labels: (B,) class numbers, -1 for none.
        class_names: one name a class.
        ids: (B,) names of the samples.
        source: a teacher sample; only its mass is drawn then.
        most: lines at most, the strongest.
        projection: for the subtitle.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if shapes do not fit, or the plan has no mass.
    """
    t, s, p = (np.asarray(m, dtype=float) for m in (teacher, student, plan))
    if t.shape != s.shape or t.ndim != 2 or t.shape[1] != 2 or p.shape != (len(t), len(t)):
        raise InputError(
            f"Flows need two maps (B, 2) and a plan (B, B), not {t.shape}, {s.shape} and {p.shape}."
        )
    if not (np.isfinite(p).all() and p.sum() > 0):
        raise InputError("This plan has no mass, or holds NaN; raise epsilon.")
    look, size = theme_of(theme), len(t)
    labels = np.full(size, -1) if labels is None else np.asarray(labels)
    ids = np.arange(size) if ids is None else np.asarray(ids)
    span = 1.1 * float(np.abs(np.concatenate([t, s])).max(initial=1e-9))
    aside = np.array([1.22 * span, 0.0])
    left, right = t - aside, s + aside
    pairs = strongest(p, most, source)
    mass = p[pairs[:, 0], pairs[:, 1]]
    told = float(mass.sum() / (p.sum() if source is None else p[source].sum()))
    figure = go.Figure()
    _lines(figure, left, right, pairs, mass, _kinds(pairs, labels), look)
    for points, legend in ((left, True), (right, False)):
        kept = None
        if source is not None:
            shown = [source] if legend else pairs[:, 1]
            kept = np.isin(np.arange(size), shown)
        class_points(
            figure, points, labels, class_names, ids, look, row=None, column=None,
            legend=legend, kept=kept,
        )  # fmt: skip
    for x, name in ((-1.22 * span, "Teacher"), (1.22 * span, "Student")):
        figure.add_annotation(x=x, y=1.08 * span, text=f"<b>{name}</b>", showarrow=False)
    hidden = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[-2.3 * span, 2.3 * span], **hidden)
    figure.update_yaxes(range=[-1.06 * span, 1.18 * span], scaleanchor="x", **hidden)
    figure.update_layout(dragmode=False)
    whose = "all" if source is None else clean(ids[source])
    figure = finish(
        figure,
        "The plan as flows",
        subtitle=f"the {len(pairs)} strongest of {whose}: {100 * told:.0f} % of its mass; "
        f"{clean(projection)} maps, thicker lines carry more",
        simulated=simulated,
        theme=theme,
        height=500,
    )
    figure.update_layout(margin={"l": 10, "r": 10, "b": 14})
    return figure


def _lines(
    figure: Any, left: Array, right: Array, pairs: Array, mass: Array, kinds: Array, look: Theme
) -> None:
    """One trace a kind and strength: plotly gives a trace one width."""
    top = mass.max(initial=1e-300)
    for number in range(len(KINDS) - 1, -1, -1):
        first = True
        for low, high, width, opacity in STRENGTHS:
            strength = mass / top
            own = pairs[(kinds == number) & (strength >= low) & (strength < high)]
            if not len(own):
                continue
            gap = np.full(len(own), np.nan)
            figure.add_scatter(
                x=np.column_stack([left[own[:, 0], 0], right[own[:, 1], 0], gap]).ravel(),
                y=np.column_stack([left[own[:, 0], 1], right[own[:, 1], 1], gap]).ravel(),
                mode="lines",
                line={"color": _colours(look)[number], "width": width},
                opacity=opacity,
                name=KINDS[number],
                legendgroup=KINDS[number],
                showlegend=first,
                hoverinfo="skip",
            )
            first = False


def sample_mass(
    plan: Any,
    source: int,
    *,
    labels: Any = None,
    class_names: Any = (),
    ids: Any = None,
    most: int = 12,
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """Where one teacher sample sends its mass: its largest shares, as bars.

    Args:
        plan: (B, B) masses.
        source: the teacher sample.
        labels: (B,) class numbers, -1 for none.
        class_names: one name a class.
        ids: (B,) names of the samples.
        most: bars at most.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if the plan is not square, or the sample has no mass in it.
    """
    p = np.asarray(plan, dtype=float)
    if p.ndim != 2 or p.shape[0] != p.shape[1] or not 0 <= source < len(p):
        raise InputError(f"A plan {p.shape} has no square row {source}; choose another sample.")
    if not p[source].sum() > 0:
        raise InputError("This sample has no mass in the plan; choose another.")
    look, size = theme_of(theme), len(p)
    labels = np.full(size, -1) if labels is None else np.asarray(labels)
    ids = np.arange(size) if ids is None else np.asarray(ids)
    pairs = strongest(p, most, source)
    shares = 100 * p[source, pairs[:, 1]] / p[source].sum()
    pairs, shares = pairs[shares >= LEAST], shares[shares >= LEAST]
    kinds = _kinds(pairs, labels)
    words = [
        f"{clean(ids[j], 24)} · {class_name(int(labels[j]), class_names)}" for j in pairs[:, 1]
    ]
    figure = go.Figure()
    for number in np.unique(kinds):
        own = np.flatnonzero(kinds == number)
        figure.add_bar(
            x=shares[own],
            y=own,
            orientation="h",
            name=KINDS[number],
            marker={"color": _colours(look)[number]},
            text=[f"{shares[i]:.1f} %" for i in own],
            textposition="outside",
            cliponaxis=False,
            customdata=[words[i] for i in own],
            hovertemplate="%{customdata}: %{x:.1f} %<extra></extra>",
        )
    figure.update_xaxes(
        title="share of the mass (%)", range=[0, 1.16 * float(shares.max())], zeroline=False
    )
    figure.update_yaxes(
        title="student sample",
        tickmode="array",
        tickvals=list(range(len(words))),
        ticktext=words,
        autorange="reversed",
        showgrid=False,
    )
    figure.update_layout(showlegend=True, bargap=0.3)
    return finish(
        figure,
        f"The mass of one teacher sample: {clean(ids[source])}",
        subtitle=f"{shares.sum():.0f} % of its mass goes to "
        + ("this student sample" if len(pairs) == 1 else f"these {len(pairs)} student samples"),
        simulated=simulated,
        theme=theme,
        height=150 + 26 * max(4, len(words)),
    )
