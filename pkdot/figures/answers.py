"""All answers of both networks at once: values against the truth, labels one by one, confusions."""

from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..analysis.predictions import Outputs
from ..errors import InputError
from .matrices import heat
from .style import (
    BELOW_TITLE,
    DEFAULT_STYLE,
    Array,
    FigureStyle,
    between,
    class_name,
    clean,
    finish,
    letters_on,
)
from .value_panels import NETWORKS, ValuePanels

MOST_WRITTEN = 12
"""Classes up to which the cells of a confusion matrix hold their numbers."""


def answered_values(outputs: Outputs, *, style: FigureStyle = DEFAULT_STYLE) -> Any:
    """Answers over true values, a panel a target; on the dotted line an answer is right.

    Args:
        outputs: of both networks for N samples, of a task whose outputs are values.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where outputs are no values, or no target is known.
    """
    task, colours = outputs.task, style.colours

    @cache
    def scores() -> dict[str, dict[str, dict[str, float]]]:
        return {who: task.output_scores(outputs.of(who), outputs.targets) for who in NETWORKS}

    def note(j: int) -> str:
        name, first = task.value_names[j], task.output_measures[0]
        both = [f"{who} {first.text(of[name][first.name])}" for who, of in scores().items()]
        return f"{first.label}: {', '.join(both)}"

    panels = ValuePanels(outputs, note, style)
    values = {who: outputs.of(who) for who in NETWORKS}
    for number, (j, place) in enumerate(panels.known()):
        true = panels.truth[:, j]
        low, high = float(np.nanmin(true)), float(np.nanmax(true))
        room = 0.06 * (high - low) or 1.0
        ends = [low - room, high + room]
        panels.figure.add_scatter(
            x=ends,
            y=ends,
            mode="lines",
            line={"color": colours.ink, "width": 1.2, "dash": "dot"},
            name="answer = truth",
            legendgroup="line",
            showlegend=number == 0,
            hoverinfo="skip",
            **place,
        )
        panels.add_points(j, place, values, "%{y:.3g}, true %{x:.3g}")
        panels.figure.update_xaxes(range=ends, **place)
    drawn, n = len(panels.shown), len(panels.truth)
    left_out = f"; {drawn} of {n} are drawn" if drawn < n else ""
    return panels.finished(
        "Answers against the truth",
        f"{n} samples, each target in its own unit{left_out}",
        "answered",
    )


def answered_outputs(outputs: Outputs, *, style: FigureStyle = DEFAULT_STYLE) -> Any:
    """Scores of each target or label by itself, as bars; a panel a score on a common axis.

    Args:
        outputs: of both networks for N samples.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where the task has no scores of single outputs.
    """
    task, colours = outputs.task, style.colours
    scores = {who: task.output_scores(outputs.of(who), outputs.targets) for who in NETWORKS}
    names = list(scores["teacher"])
    if not names:
        raise InputError("This task has no scores of single outputs.")
    measures = [measure for measure in task.output_measures if not measure.own_unit]
    figure = make_subplots(1, len(measures), shared_yaxes=True, horizontal_spacing=0.04)
    for column, measure in enumerate(measures, start=1):
        for who, colour in zip(NETWORKS, (colours.teacher, colours.student), strict=True):
            values = [measure.factor * scores[who][name][measure.name] for name in names]
            figure.add_bar(
                x=values,
                y=[clean(name) for name in names],
                orientation="h",
                name=who,
                legendgroup=who,
                showlegend=column == 1,
                marker={"color": colour},
                text=[measure.text(value / measure.factor) for value in values],
                textposition="outside",
                cliponaxis=False,
                hovertemplate=f"%{{y}}: %{{x:{measure.form}}}<extra>{who}</extra>",
                row=1,
                col=column,
            )
        top = max(np.nanmax([scores[who][n][measure.name] for n in names]) for who in NETWORKS)
        low = min(np.nanmin([scores[who][n][measure.name] for n in names]) for who in NETWORKS)
        ends = {"range": [1.2 * measure.factor * min(0.0, low), 1.2 * measure.factor * top]}
        better = "" if measure.higher_is_better else ", lower is better"
        figure.update_xaxes(title=f"{measure.axis}{better}", **ends, row=1, col=column)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_yaxes(title=clean(task.outputs_label), col=1)
    figure.update_layout(bargap=0.3)
    count = int(task.has_target(outputs.targets).sum())
    return finish(
        figure,
        f"How well each of the {clean(task.outputs_label)} is answered",
        style,
        subtitle=f"over {count} samples whose target is known",
        height=170 + 46 * len(names),
    )


def _numbers(share: Array, style: FigureStyle) -> Any:
    """Percentages of a matrix as letters on its cells, which Plotly's own are hard to read on."""
    rows, columns = np.indices(share.shape)
    fields = [between(style.colours.sequential, cell / 100) for cell in share.ravel()]
    return go.Scatter(
        x=columns.ravel(),
        y=rows.ravel(),
        text=[f"{cell:.0f}" for cell in share.ravel()],
        mode="text",
        textfont={
            "color": [letters_on(field, style.colours) for field in fields],
            "size": style.font(12),
        },
        hoverinfo="skip",
        showlegend=False,
    )


def confusion_matrices(outputs: Outputs, *, style: FigureStyle = DEFAULT_STYLE) -> Any:
    """What samples of each class were taken for, by teacher and by student.

    Args:
        outputs: of both networks for N samples, of a task with classes.
        style: theme, width, and whether the data are simulated.

    Raises:
        InputError: where the task has no classes, or no class is known.
    """
    task, colours = outputs.task, style.colours
    counts = {who: task.confusion(outputs.of(who), outputs.targets) for who in NETWORKS}
    if any(found is None or not found.sum() for found in counts.values()):
        raise InputError("A confusion matrix needs classes, and samples whose class is known.")
    size = outputs.teacher.shape[1]
    names = [class_name(number, task.class_names) for number in range(size)]
    figure = make_subplots(
        1,
        2,
        subplot_titles=[who.capitalize() for who in NETWORKS],
        shared_yaxes=True,
        horizontal_spacing=0.04,
    )
    for column, who in enumerate(NETWORKS, start=1):
        found = np.asarray(counts[who])
        of_class = found.sum(axis=1, keepdims=True)
        share = 100 * found / np.maximum(of_class, 1)
        trace = heat(
            share,
            share.shape,
            colours.sequential,
            0,
            100,
            customdata=np.stack([found, np.broadcast_to(of_class, found.shape)], axis=-1),
            showscale=column == 2,
            colorbar={
                "title": {"text": "share of the true class (%)", "side": "right"},
                "thickness": 12,
                "outlinewidth": 0,
            },
            hovertemplate="%{customdata[0]} of %{customdata[1]}: %{z:.1f} %<extra></extra>",
        )
        figure.add_trace(trace, 1, column)
        if size <= MOST_WRITTEN:
            figure.add_trace(_numbers(share, style), 1, column)
        figure.update_yaxes(
            scaleanchor=f"x{column if column > 1 else ''}", **BELOW_TITLE, col=column
        )
    ticks = {
        "tickmode": "array",
        "tickvals": list(range(size)),
        "ticktext": names,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
    }
    if size > 2 * MOST_WRITTEN:
        ticks = {**ticks, "showticklabels": False}
    edges = [-0.5, size - 0.5]
    figure.update_xaxes(
        title=f"answered {clean(task.target_label)}", constrain="domain", range=edges, **ticks
    )
    figure.update_yaxes(range=edges[::-1], **ticks)
    figure.update_yaxes(title=f"true {clean(task.target_label)}", col=1)
    return finish(
        figure,
        f"What each {clean(task.target_label)} is taken for",
        style,
        subtitle=_least_learned(counts, names),
        height=460,
    )


def _least_learned(counts: dict[str, Any], names: list[str]) -> str:
    """How many samples; the class on which the student is right least often, and its teacher."""
    of_class = np.asarray(counts["student"]).sum(axis=1)
    right = {
        who: 100 * np.diag(np.asarray(found)) / np.maximum(of_class, 1)
        for who, found in counts.items()
    }
    least = int(np.where(of_class > 0, right["student"], np.inf).argmin())
    student, teacher = (f"{right[who][least]:.0f} %" for who in ("student", "teacher"))
    if right["student"][least] == 100:
        return f"{of_class.sum():.0f} samples; the student is always right"
    return (
        f"{of_class.sum():.0f} samples; least learned: {names[least]}, student {student} right, "
        f"teacher {teacher}"
    )
