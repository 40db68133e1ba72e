"""The plan as flows: from the teacher's map to the student's, and the mass of one sample."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..analysis.projection import Maps
from ..errors import InputError
from .bundles import SampleTable, table_for
from .maps import checked_maps, class_points
from .style import DEFAULT_STYLE, Array, FigureStyle, Theme, clean, finish

STRENGTHS = ((0, 0.15, 0.6, 0.3), (0.15, 0.5, 1.1, 0.45), (0.5, 1.01, 2.0, 0.6))
"""Of the strongest flow: from, to; width and opacity of a line."""
LEAST = 0.1
"""Shares below this many percent are no bars."""


def _kinds(pairs: Array, labels: Array) -> Array:
    """For pairs (M, 2) of samples the index into :func:`_kind_words`, (M,)."""
    source, target = labels[pairs[:, 0]], labels[pairs[:, 1]]
    kinds = np.where(source == target, 1, 2)
    kinds[(source < 0) | (target < 0)] = 3
    kinds[pairs[:, 0] == pairs[:, 1]] = 0
    return kinds


def _kind_words(samples: SampleTable) -> tuple[str, ...]:
    one, without = clean(samples.words.one), clean(samples.words.without)
    unknown = f"to a sample {without}" if (samples.labels >= 0).any() else "to another sample"
    return "to itself", f"within its {one}", f"to another {one}", unknown


def _kind_colours(colours: Theme) -> tuple[str, ...]:
    return colours.ink, colours.prevalent, colours.classes[3], colours.neutral


def strongest(plan: Array, most: int, source: int | None = None) -> Array:
    """The pairs (M, 2) that carry the most mass, strongest first; of one source where given."""
    masses = plan if source is None else np.where(np.arange(len(plan))[:, None] == source, plan, 0)
    order = np.argsort(-masses, axis=None, kind="stable")[:most]
    pairs = np.column_stack(np.unravel_index(order, masses.shape))
    return pairs[masses[pairs[:, 0], pairs[:, 1]] > 0]


def transport_flows(
    maps: Maps,
    plan: Any,
    samples: SampleTable | None = None,
    *,
    source: int | None = None,
    most: int = 150,
    projection: str = "PCA",
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Teacher's and student's map side by side, and lines where the plan carries most mass.

    Args:
        maps: coordinates (B, 2) in either network, e.g. of
            :func:`pkdot.analysis.projection.project`.
        plan: (B, B) masses.
        samples: the B samples.
        source: position of a teacher sample; only its mass is drawn then.
        most: lines at most, the strongest.
        projection: for the subtitle.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if shapes do not fit, or the plan has no mass.
    """
    (t, s), p = checked_maps(maps), np.asarray(plan, dtype=float)
    if p.shape != (len(t), len(t)):
        raise InputError(f"Maps of {len(t)} samples need a plan (B, B), not {p.shape}.")
    if not (np.isfinite(p).all() and p.sum() > 0):
        raise InputError("This plan has no mass, or holds NaN; raise epsilon.")
    colours, samples = style.colours, table_for(samples, len(t))
    whose = "all" if source is None else clean(samples.name_of(source))
    span = 1.1 * float(np.abs(np.concatenate([t, s])).max(initial=1e-9))
    aside = np.array([1.22 * span, 0.0])
    left, right = t - aside, s + aside
    pairs = strongest(p, most, source)
    mass = p[pairs[:, 0], pairs[:, 1]]
    share = float(mass.sum() / (p.sum() if source is None else p[source].sum()))
    figure = go.Figure()
    _add_lines(figure, (left, right), pairs, mass, samples, colours)
    for points, legend in ((left, True), (right, False)):
        kept = None
        if source is not None:
            shown = [source] if legend else pairs[:, 1]
            kept = np.isin(np.arange(len(t)), shown)
        class_points(figure, points, samples, style, kept=kept, legend=legend)
    for x, name in ((-1.22 * span, "Teacher"), (1.22 * span, "Student")):
        figure.add_annotation(x=x, y=1.08 * span, text=f"<b>{name}</b>", showarrow=False)
    hidden = {"visible": False, "constrain": "domain"}
    figure.update_xaxes(range=[-2.3 * span, 2.3 * span], **hidden)
    figure.update_yaxes(range=[-1.06 * span, 1.18 * span], scaleanchor="x", **hidden)
    figure.update_layout(dragmode=False)
    figure = finish(
        figure,
        "The plan as flows",
        style,
        subtitle=f"the {len(pairs)} strongest of {whose}: {100 * share:.0f} % of its mass; "
        f"{clean(projection)} maps, thicker lines carry more",
        height=500,
    )
    figure.update_layout(margin={"l": 10, "r": 10, "b": 14})
    return figure


def _add_lines(
    figure: Any,
    sides: tuple[Array, Array],
    pairs: Array,
    mass: Array,
    samples: SampleTable,
    colours: Theme,
) -> None:
    """Add the lines of M pairs: one trace a kind and strength, as plotly gives a trace one width.

    Args:
        figure: what they are added to.
        sides: coordinates (B, 2) of the teacher's and of the student's samples.
        pairs: (M, 2) positions.
        mass: (M,).
        samples: the B samples.
        colours: of the theme.
    """
    left, right = sides
    kinds, words = _kinds(pairs, samples.labels), _kind_words(samples)
    top = mass.max(initial=1e-300)
    for number in range(len(words) - 1, -1, -1):
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
                line={"color": _kind_colours(colours)[number], "width": width},
                opacity=opacity,
                name=words[number],
                legendgroup=words[number],
                showlegend=first,
                hoverinfo="skip",
            )
            first = False


def sample_mass(
    plan: Any,
    source: int,
    samples: SampleTable | None = None,
    *,
    most: int = 12,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """Where one teacher sample sends its mass: its largest shares, as bars.

    Args:
        plan: (B, B) masses.
        source: position of the teacher sample.
        samples: the B samples.
        most: bars at most.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the plan is not square, or the sample has no mass in it.
    """
    p = np.asarray(plan, dtype=float)
    if p.ndim != 2 or p.shape[0] != p.shape[1] or not 0 <= source < len(p):
        raise InputError(f"A plan {p.shape} has no square row {source}; choose another sample.")
    if not p[source].sum() > 0:
        raise InputError("This sample has no mass in the plan; choose another.")
    colours, samples = style.colours, table_for(samples, len(p))
    names, kind_words = samples.names, _kind_words(samples)
    pairs = strongest(p, most, source)
    shares = 100 * p[source, pairs[:, 1]] / p[source].sum()
    pairs, shares = pairs[shares >= LEAST], shares[shares >= LEAST]
    kinds = _kinds(pairs, samples.labels)
    words = [clean(names[j], 24) for j in pairs[:, 1]]
    if (samples.labels >= 0).any():
        words = [f"{clean(names[j], 24)} · {samples.group_of(j)}" for j in pairs[:, 1]]
    figure = go.Figure()
    for number in np.unique(kinds):
        own = np.flatnonzero(kinds == number)
        figure.add_bar(
            x=shares[own],
            y=own,
            orientation="h",
            name=kind_words[number],
            marker={"color": _kind_colours(colours)[number]},
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
        f"The mass of one teacher sample: {clean(names[source])}",
        style,
        subtitle=f"{shares.sum():.0f} % of its mass goes to "
        + ("this student sample" if len(pairs) == 1 else f"these {len(pairs)} student samples"),
        height=150 + 26 * max(4, len(words)),
    )
