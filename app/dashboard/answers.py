"""What both networks answered on test samples, in the forms that a run's task has."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pkdot.analysis.frame_names import frames_of
from pkdot.analysis.predictions import Outputs
from pkdot.errors import RecordError
from pkdot.figures import FigureStyle
from pkdot.record import RunRecord

from . import components, method_steps, selection, widgets
from .components import Reading
from .figure_cache import figures

WHY = "one score hides where a network is wrong."
NETWORKS = ("teacher", "student")
MOST_FRAMES = 3000
"""Of one sequence, drawn over time."""
Form = tuple[str, Callable[[], None]]
"""What a form of answers is called, and what draws it."""


def show_answers(record: RunRecord) -> None:
    """Confusions where there are classes, answers over truth where there are values, and so on."""
    try:
        found = method_steps.tested(record)
    except RecordError as error:
        st.error(components.literal(error), icon=":material/error:")
        return
    if found is None:
        st.caption("This record keeps no answers of both networks on labelled test samples.")
        return
    line = components.bar()
    forms = _forms(*found, line, components.figure_style(record.simulated))
    names = {name: label for name, (label, _) in forms.items()}
    name = next(iter(names))
    if len(names) > 1:
        with line:
            name = widgets.choose("On test samples", list(names), key="answers", names=names)
    forms[name][1]()


def _forms(outputs: Outputs, ids: Any, line: Any, style: FigureStyle) -> dict[str, Form]:
    """The forms that a task's answers have, by their name in the address.

    Args:
        outputs: of both networks for M test samples.
        ids: their names, (M,).
        line: where controls of a form stand.
        style: of the figures.
    """
    task, frames = outputs.task, frames_of(ids)
    forms: dict[str, Form] = {}

    def form(name: str, label: str, draw: Any, line: str, more: str = "") -> None:
        def show() -> None:
            reading = Reading(line, more, WHY)
            components.draw(draw, name, reading, data=lambda: _table(outputs, ids))

        forms[name] = (label, show)

    if task.class_names:
        form(
            "confusion",
            "Confusions",
            lambda: figures.confusion_matrices(outputs, style=style),
            "A row is a true class and adds up to 100 %; on the diagonal the answer is right.",
            "Its cells say what its samples were taken for. The least learned is the row with the "
            "student's smallest share on the diagonal.",
        )
    if task.value_names:
        form(
            "values",
            "Against the truth",
            lambda: figures.answered_values(outputs, style=style),
            "Each point is a test sample; on the dotted line the answer is right.",
            "To the right its true value, upwards the answer.",
        )
        form(
            "residuals",
            "Residuals",
            lambda: figures.answer_residuals(outputs, style=style),
            "How far each answer is from the truth, in the target's own unit.",
        )
    if len(task.value_names) == 2:
        form(
            "plane",
            "As a plane",
            lambda: figures.value_plane(outputs, span=_spans(outputs), style=style),
            "Where samples lie in the plane of both values.",
            "In truth, to the teacher, and to the student; a student that hardly dares to answer "
            "stays in the middle.",
        )
    if task.value_names and frames is not None:
        forms["times"] = ("Over time", lambda: _show_times(outputs, frames, line, style))
    if task.label_names:
        forms["labels"] = ("One label", lambda: _show_label(outputs, line, style))
    if len(task.names) > 1 and task.output_measures:
        form(
            "outputs",
            f"All {components.plain(task.outputs_label)}",
            lambda: figures.answered_outputs(outputs, style=style),
            f"Each of the {components.plain(task.outputs_label)} by itself.",
            "A mean hides the one that no network can answer.",
        )
    return forms


def _table(outputs: Outputs, ids: Any) -> pd.DataFrame:
    """What is true of each test sample, and what both networks answered, in words."""
    said = {"true": outputs.targets} | {who: outputs.answers(who) for who in NETWORKS}
    words = {name: [outputs.task.describe(one) for one in each] for name, each in said.items()}
    return pd.DataFrame({"sample": ids, **words})


def _spans(outputs: Outputs) -> tuple[tuple[float, float], ...]:
    """The ranges of the plane's axes: −1 to 1 where all values lie within, else those of truth."""
    truth = outputs.task.truth(outputs.targets)
    known = [column[np.isfinite(column)] for column in truth.T]
    if all(len(column) and np.abs(column).max() <= 1 for column in known):
        return ((-1.0, 1.0),) * 2
    ends = [(float(c.min()), float(c.max())) if len(c) else (0.0, 0.0) for c in known]
    return tuple((low, high) if high > low else (low - 1, high + 1) for low, high in ends)


def _show_label(outputs: Outputs, line: Any, style: FigureStyle) -> None:
    """Probabilities of the label that the reader picks."""
    names = {str(i): label for i, label in enumerate(outputs.task.label_names)}
    with line:
        label = widgets.pick("Label", list(names), key="label", names=names, width=selection.SELECT)
    components.draw(
        lambda: figures.label_answers(outputs, int(label), style=style),
        "label",
        Reading("Where both heaps overlap, the network cannot tell.", "", WHY),
    )


def _show_times(outputs: Outputs, frames: Any, line: Any, style: FigureStyle) -> None:
    """Answers frame by frame, of the sequence that the reader picks."""
    sequences, numbers = frames
    names, counts = np.unique(sequences, return_counts=True)
    longest = [str(name) for name in names[np.argsort(-counts, kind="stable")]]
    with line:
        name = widgets.pick("Sequence", longest, key="sequence", width=selection.SELECT)
    own = np.flatnonzero(sequences == name)
    own = own[np.argsort(numbers[own], kind="stable")][:MOST_FRAMES]
    part = outputs.take(own)
    components.draw(
        lambda: figures.value_trajectories(part, numbers[own], name=name, style=style),
        "times",
        Reading("True values over time, and what both networks answered.", "", WHY),
    )
