"""One sample: what both networks answered, and its hallucinated feature against the real one."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..errors import InputError
from .style import class_name, clean, finish, theme_of


def sample_answers(
    teacher: Any,
    student: Any,
    *,
    label: int = -1,
    class_names: Any = (),
    sample: str = "",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """What both networks answered for one sample: a bar a class and network.

    Args:
        teacher: (C,) probabilities; student: (C,).
        label: the true class, -1 for none.
        class_names: one name a class.
        sample: its name, for the title.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if the two do not have one shape (C,).
    """
    t, s = (np.asarray(p, dtype=float) for p in (teacher, student))
    if t.shape != s.shape or t.ndim != 1:
        raise InputError(f"Answers must have one shape (C,), not {t.shape} and {s.shape}.")
    look = theme_of(theme)
    names = [class_name(c, class_names) for c in range(len(t))]
    words = [f"<b>{name}</b>" if c == label else name for c, name in enumerate(names)]
    figure = go.Figure()
    for who, values, colour in (("teacher", t, look.teacher), ("student", s, look.student)):
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
        ticktext=words,
        showgrid=False,
    )
    figure.update_yaxes(title="probability (%)", range=[0, 104])
    distance = 0.5 * float(np.abs(t - s).sum())
    return finish(
        figure,
        f"What both answered{': ' + clean(sample) if sample else ''}",
        subtitle=f"disagreement {distance:.2f}: half the sum of the differences, from 0 to 1",
        simulated=simulated,
        theme=theme,
        height=360,
    )


def sample_features(
    real: Any,
    hallucinated: Any,
    *,
    mean: Any = None,
    sample: str = "",
    simulated: bool = False,
    theme: str = "light",
) -> Any:
    """One sample's privileged feature, as measured and as the T-Net hallucinates it.

    Args:
        real: (F,) as measured.
        hallucinated: (F,), made from the prevalent modality.
        mean: (F,) mean of the real features over the samples at hand; features are then sorted by
            the deviation of the real one from it, and both are drawn as deviations.
        sample: its name, for the title.
        simulated: whether the data came from a simulator.
        theme: ``light`` or ``dark``.

    Raises:
        InputError: if they do not have one shape (F,).
    """
    r, h = (np.asarray(f, dtype=float) for f in (real, hallucinated))
    middle = np.zeros_like(r) if mean is None else np.asarray(mean, dtype=float)
    if not r.shape == h.shape == middle.shape or r.ndim != 1:
        raise InputError(f"Features must have one shape (F,), not {r.shape} and {h.shape}.")
    look = theme_of(theme)
    r, h = r - middle, h - middle
    order = np.argsort(-r, kind="stable")
    figure = go.Figure()
    for name, values, colour, symbol in (
        ("real", r, look.privileged, "circle"),
        ("hallucinated", h, look.student, "diamond-open"),
    ):
        figure.add_scatter(
            x=np.arange(1, len(r) + 1),
            y=values[order],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 6},
            customdata=order + 1,
            hovertemplate=f"{name}: %{{y:.2f}}<br>feature %{{customdata}}<extra></extra>",
        )
    figure.update_xaxes(title="feature, by the real value (rank)")
    figure.update_yaxes(title="value (no unit)" if mean is None else "value − mean (no unit)")
    error, trivial = float(np.square(r - h).sum()), float(np.square(r).sum())
    told = "the nearer the two curves, the better the guess"
    if mean is not None and trivial > 0:
        told += f"; error {error / trivial:.2f} times that of always saying the mean"
    return finish(
        figure,
        f"Its privileged feature, real and hallucinated{': ' + clean(sample) if sample else ''}",
        subtitle=told,
        simulated=simulated,
        theme=theme,
        height=360,
    )
