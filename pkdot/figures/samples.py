"""One sample: what both networks answered, and its hallucinated feature against the real one."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..analysis.predictions import Outputs
from ..errors import InputError
from .bundles import SampleTable, table_for
from .style import DEFAULT_STYLE, FigureStyle, class_name, clean, finish

MOST_VALUES = 6
"""Targets of one sample that are drawn at most."""


def sample_answers(
    outputs: Outputs,
    position: int,
    samples: SampleTable | None = None,
    *,
    style: FigureStyle = DEFAULT_STYLE,
) -> Any:
    """What both networks answered for one sample: a bar an output and network.

    Args:
        outputs: of both networks for N samples; the true class or labels are written in bold, true
            values are marked; of many values the first :data:`MOST_VALUES` are drawn.
        position: of the sample among the N.
        samples: the N samples.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there is no such sample.
    """
    samples = table_for(samples, len(outputs.teacher))
    name = clean(samples.name_of(position))
    draw = _value_bars if outputs.task.value_names else _share_bars
    return finish(
        draw(outputs, position, samples, style),
        f"Both answers: {name}",
        style,
        subtitle=f"disagreement {outputs.disagreement[position]:.2f}: "
        f"{outputs.task.disagreement_label}",
        height=360,
    )


def _share_bars(outputs: Outputs, position: int, samples: SampleTable, style: FigureStyle) -> Any:
    """A bar an output and network, in percent; what is true is written in bold."""
    task, colours = outputs.task, style.colours
    width = outputs.teacher.shape[1]
    truth = task.truth(outputs.targets[position : position + 1])[0]
    truth = truth if len(truth) == width else np.full(width, np.nan)
    names = [class_name(j, task.names) for j in range(width)]
    names = [f"<b>{word}</b>" if t == 1 else word for word, t in zip(names, truth, strict=True)]
    figure = go.Figure()
    for who, colour in (("teacher", colours.teacher), ("student", colours.student)):
        figure.add_bar(
            x=list(range(width)),
            y=100 * outputs.of(who)[position],
            name=who,
            marker={"color": colour},
            hovertemplate=f"{who}: %{{y:.1f}} %<extra></extra>",
        )
    word = clean(samples.by)
    figure.update_xaxes(
        title=f"{word} (what is true in bold)" if np.isfinite(truth).any() else word,
        tickmode="array",
        tickvals=list(range(width)),
        ticktext=names,
        showgrid=False,
    )
    return figure.update_yaxes(title=f"{task.recorded_label} (%)", range=[0, 104])


def _value_bars(outputs: Outputs, position: int, samples: SampleTable, style: FigureStyle) -> Any:
    """A panel a target, since each has its own unit; the true value is marked."""
    task, colours = outputs.task, style.colours
    truth = task.truth(outputs.targets[position : position + 1])[0]
    names = task.value_names[:MOST_VALUES]
    figure = make_subplots(1, len(names), horizontal_spacing=0.3 / len(names))
    for j, name in enumerate(names):
        place = {"row": 1, "col": j + 1}
        for who, colour in (("teacher", colours.teacher), ("student", colours.student)):
            figure.add_bar(
                x=[who],
                y=[outputs.of(who)[position, j]],
                name=who,
                showlegend=False,
                marker={"color": colour},
                hovertemplate=f"{who}: %{{y:.3g}}<extra>{clean(name)}</extra>",
                **place,
            )
        if np.isfinite(truth[j]):
            line = {"color": colours.ink, "width": 1.6, "dash": "dot"}
            note = {"text": f"true: {truth[j]:.3g}", "xanchor": "right", "yanchor": "bottom"}
            figure.add_hline(truth[j], line=line, annotation=note, **place)
        figure.update_yaxes(title=clean(name), **place)
    return figure.update_xaxes(title="network", showgrid=False)


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
