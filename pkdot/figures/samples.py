"""One sample: what both networks answered, and its hallucinated feature against the real one."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..errors import InputError
from .bundles import SampleTable, table_for
from .style import DEFAULT_STYLE, FigureStyle, class_name, clean, finish


def sample_answers(
    teacher: Any,
    student: Any,
    position: int,
    samples: SampleTable | None = None,
    *,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """What both networks answered for one sample: a bar a class and network.

    Args:
        teacher: (N, C) probabilities; student: (N, C).
        position: of the sample among the N.
        samples: the N samples; the true class is written in bold.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if the two do not have one shape (N, C), or it has no such row.
    """
    t, s = (np.asarray(p, dtype=float) for p in (teacher, student))
    if t.shape != s.shape or t.ndim != 2:
        raise InputError(f"Answers must have one shape (N, C), not {t.shape} and {s.shape}.")
    colours, samples = style.colours, table_for(samples, len(t))
    name, label = clean(samples.name_of(position)), int(samples.labels[position])
    t, s = t[position], s[position]
    names = [class_name(c, samples.class_names) for c in range(len(t))]
    ticks = [f"<b>{word}</b>" if c == label else word for c, word in enumerate(names)]
    figure = go.Figure()
    for who, values, colour in (("teacher", t, colours.teacher), ("student", s, colours.student)):
        figure.add_bar(
            x=list(range(len(t))),
            y=100 * values,
            name=who,
            marker={"color": colour},
            hovertemplate=f"{who}: %{{y:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(
        title="class (the true one in bold)" if label >= 0 else "class",
        tickmode="array",
        tickvals=list(range(len(t))),
        ticktext=ticks,
        showgrid=False,
    )
    figure.update_yaxes(title="probability (%)", range=[0, 104])
    distance = 0.5 * float(np.abs(t - s).sum())
    return finish(
        figure,
        f"What both answered: {name}",
        style,
        subtitle=f"disagreement {distance:.2f}: half the sum of the differences, from 0 to 1",
        height=360,
    )


def sample_features(
    real: Any,
    hallucinated: Any,
    position: int,
    samples: SampleTable | None = None,
    *,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """One sample's privileged feature, as measured and as the T-Net hallucinates it.

    Both are drawn as deviations from the mean of the real features over the N samples, sorted by
    that of the real one.

    Args:
        real: (N, F) as measured.
        hallucinated: (N, F), from the prevalent modality.
        position: of the sample among the N.
        samples: the N samples.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if they do not have one shape (N, F), or it has no such row.
    """
    r, h = (np.asarray(f, dtype=float) for f in (real, hallucinated))
    if r.shape != h.shape or r.ndim != 2:
        raise InputError(f"Features must have one shape (N, F), not {r.shape} and {h.shape}.")
    colours, samples = style.colours, table_for(samples, len(r))
    name, mean = clean(samples.name_of(position)), np.asarray(real).mean(axis=0)
    r, h = r[position] - mean, h[position] - mean
    order = np.argsort(-r, kind="stable")
    figure = go.Figure()
    for network, values, colour, symbol in (
        ("real", r, colours.privileged, "circle"),
        ("hallucinated", h, colours.student, "diamond-open"),
    ):
        figure.add_scatter(
            x=np.arange(1, len(r) + 1),
            y=values[order],
            mode="markers",
            name=network,
            marker={"color": colour, "symbol": symbol, "size": 6},
            customdata=order + 1,
            hovertemplate=f"{network}: %{{y:.2f}}<br>feature %{{customdata}}<extra></extra>",
        )
    figure.update_xaxes(title="feature, by the real value (rank)")
    figure.update_yaxes(title="value − mean (no unit)")
    error, trivial = float(np.square(r - h).sum()), float(np.square(r).sum())
    subtitle = "the nearer the two curves, the better the guess"
    if trivial > 0:
        subtitle += f"; error {error / trivial:.2f} times that of always saying the mean"
    return finish(
        figure,
        f"Its privileged feature, real and hallucinated: {name}",
        style,
        subtitle=subtitle,
        height=360,
    )
