"""One sample: what both networks answered, and its hallucinated feature against the real one."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..analysis.predictions import Outputs
from ..errors import InputError
from .bundles import SampleTable, table_for
from .style import DEFAULT_STYLE, FigureStyle, class_name, clean, finish


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
            values are marked.
        position: of the sample among the N.
        samples: the N samples.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: if there is no such sample.
    """
    task, colours = outputs.task, style.colours
    samples = table_for(samples, len(outputs.teacher))
    name = clean(samples.name_of(position))
    width = outputs.teacher.shape[1]
    truth = task.truth(outputs.targets[position : position + 1])[0]
    truth = truth if len(truth) == width else np.full(width, np.nan)
    names = [class_name(j, task.names) for j in range(width)]
    percent = task.recorded_percent
    known = bool(np.isfinite(truth).any())
    if percent and known:
        names = [f"<b>{word}</b>" if t == 1 else word for word, t in zip(names, truth, strict=True)]
    figure = go.Figure()
    factor, form, unit = (100, ".1f", " %") if percent else (1, ".3g", "")
    for who, colour in (("teacher", colours.teacher), ("student", colours.student)):
        figure.add_bar(
            x=list(range(width)),
            y=factor * outputs.of(who)[position],
            name=who,
            marker={"color": colour},
            hovertemplate=f"{who}: %{{y:{form}}}{unit}<extra></extra>",
        )
    if known and not percent:
        figure.add_scatter(
            x=list(range(width)),
            y=truth,
            mode="markers",
            name="true value",
            marker={"color": colours.ink, "symbol": "diamond", "size": 11},
            hovertemplate=f"true value: %{{y:{form}}}<extra></extra>",
        )
    word = samples.by if percent else "target"
    figure.update_xaxes(
        title=f"{word} (the true one in bold)" if percent and known else word,
        tickmode="array",
        tickvals=list(range(width)),
        ticktext=names,
        showgrid=False,
    )
    if percent:
        figure.update_yaxes(title=f"{task.recorded_label} (%)", range=[0, 104])
    else:
        figure.update_yaxes(title=f"{task.recorded_label}, in the target's unit")
    return finish(
        figure,
        f"What both answered: {name}",
        style,
        subtitle=f"disagreement {outputs.disagreement[position]:.2f}: {task.disagreement_label}",
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
