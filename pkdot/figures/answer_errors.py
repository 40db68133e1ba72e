"""Where answers are wrong: residuals of values, and probabilities of one label by its truth."""

from functools import cache
from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from ..analysis.predictions import Outputs
from ..errors import InputError
from .style import DEFAULT_STYLE, Array, FigureStyle, clean, finish
from .value_panels import NETWORKS, ValuePanels

BINS = 20
"""Bars of a histogram from 0 to 1."""


def answer_residuals(outputs: Outputs, *, style: FigureStyle = DEFAULT_STYLE) -> Any:
    """Answer − truth over the true value, a panel a target; 0 is right.

    Args:
        outputs: of both networks for N samples, of a task whose outputs are values.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where outputs are no values, or no target is known.
    """

    @cache
    def residuals() -> dict[str, Array]:
        truth = outputs.task.truth(outputs.targets)
        return {who: outputs.of(who) - truth for who in NETWORKS}

    def note(j: int) -> str:
        means = [f"{who} {_mean(of[:, j])}" for who, of in residuals().items()]
        return f"mean: {', '.join(means)}"

    panels = ValuePanels(outputs, note, style)
    for j, place in panels.known():
        panels.add_points(j, place, residuals(), "%{y:+.3g} at true %{x:.3g}")
        line = {"color": style.colours.ink, "width": 1.2, "dash": "dot"}
        panels.figure.add_hline(0, line=line, **place)
    return panels.finished(
        "Residuals",
        "on the dotted line the answer is right; a slope is an answer that stays near the middle",
        "answer − true",
    )


def label_answers(outputs: Outputs, label: int, *, style: FigureStyle = DEFAULT_STYLE) -> Any:
    """How probable both networks find one label, where it holds and where it does not.

    Args:
        outputs: of both networks for N samples, of a task with labels.
        label: position of the label.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where there is no such label, or its truth is nowhere known.
    """
    task, colours = outputs.task, style.colours
    if not 0 <= label < len(task.label_names):
        raise InputError(f"There is no label {label} among {len(task.label_names)}.")
    truth = task.truth(outputs.targets)[:, label]
    if not np.isfinite(truth).any():
        raise InputError("It is nowhere known whether this label holds; choose another.")
    name = task.label_names[label]
    scores = {who: task.output_scores(outputs.of(who), outputs.targets) for who in NETWORKS}
    measure = task.output_measures[0]
    texts = {who: measure.text(scores[who][name][measure.name]) for who in NETWORKS}
    titles = [f"<b>{who.capitalize()}</b> · {measure.label} {texts[who]}" for who in NETWORKS]
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04)
    edges = np.linspace(0, 1, BINS + 1)
    holds = {1: "it holds", 0: "it does not"}
    for column, (who, colour) in enumerate(
        zip(NETWORKS, (colours.teacher, colours.student), strict=True), start=1
    ):
        for value, words in holds.items():
            found = outputs.of(who)[truth == value, label]
            found = np.clip(found[np.isfinite(found)], 0, 1)
            counts, _ = np.histogram(found, edges)
            figure.add_bar(
                x=(edges[1:] + edges[:-1]) / 2,
                y=100 * counts / max(1, len(found)),
                name=f"{who}, where {words}",
                marker={
                    "color": colour if value else colours.neutral,
                    "pattern": {"shape": "" if value else "/"},
                },
                opacity=0.75,
                hovertemplate=f"{words}: %{{y:.0f}} % of them near %{{x:.2f}}<extra>{who}</extra>",
                row=1,
                col=column,
            )
        figure.add_vline(
            0.5, line={"color": colours.ink, "width": 1, "dash": "dot"}, row=1, col=column
        )
    figure.update_xaxes(title=f"answered probability of {clean(name)}", range=[0, 1])
    figure.update_yaxes(title="share of samples (%)", col=1)
    figure.update_layout(barmode="overlay", bargap=0.05)
    counted = ", ".join(f"{int((truth == value).sum())} where {w}" for value, w in holds.items())
    return finish(
        figure,
        f"One label: {clean(name)}",
        style,
        subtitle=f"samples: {counted}; right of the dotted line the network says that it holds",
        height=430,
    )


def _mean(values: Any) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():+.3g}" if len(known) else "–"
