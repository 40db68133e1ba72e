"""Step 1: how alike are two samples, to the teacher and to the student?"""

import numpy as np
import pandas as pd

from dashboard import components, method_steps, record_picker, second_teacher, selection, widgets
from dashboard.components import Reading
from dashboard.figure_cache import figures
from pkdot.analysis.matrix_correlation import matrix_correlation
from pkdot.figures import Grouping

record = record_picker.chosen_record()
view = selection.choose_view(record, title="Similarity")
teacher, student = method_steps.similarities(view)
samples, ids = view.samples, view.ids
scale = second_teacher.scale_of(view)

orders = {
    "class": components.plain(samples.by),
    "subject": components.plain(record.unit),
    "clustering": "the teacher's clustering",
}
if not (samples.labels >= 0).any():
    orders.pop("class")
if samples.subjects is None:
    orders.pop("subject")
with components.bar():
    order = widgets.choose("Sort the samples by", list(orders), key="order", names=orders)
    sample = selection.choose_sample(view, "Row")
grouping = samples.by_subject() if order == "subject" else samples.by_class()
if order == "clustering":
    leaves = method_steps.clustered(view)
    grouping = Grouping(samples.labels, by=orders[order], order=leaves)


def pairs() -> pd.DataFrame:
    """All pairs i < j, as a table."""
    i, j = np.triu_indices(len(ids), k=1)
    columns = {"teacher": teacher[i, j], "student": student[i, j]}
    return pd.DataFrame({"sample": np.take(ids, i), "other": np.take(ids, j), **columns})


def open_sample(points: list[list[object]]) -> None:
    """Follow the sample that was clicked, and show its row."""
    selection.pick_sample(view)(points)
    if points:
        widgets.set_aside("panel", "one")


def show_pairs() -> None:
    """Both matrices, and their difference."""
    when = "Here" if view.shown_epoch is None else f"At epoch {view.epoch}"
    correlation = components.number(matrix_correlation(teacher, student))
    components.draw(
        lambda: figures.similarity_matrices(
            teacher, student, samples, grouping=grouping, marked=sample, style=view.style
        ),
        "similarity",
        Reading(
            f"{when} the two correlate at r = {correlation}. "
            f"{second_teacher.in_words(view, scale)}",
            "Click the diagonal to open a sample. Each small square is a pair of samples: green "
            "pairs point the same way, purple ones opposite ways. In the third panel, orange pairs "
            "are more alike to the student, blue ones to the teacher.",
            "cosine compares directions, so a student may scale and turn its embedding as it "
            "likes; what is left is which samples belong together.",
        ),
        data=pairs,
        on_pick=open_sample,
    )
    second_teacher.offer(view, scale)


def show_row() -> None:
    """One sample against all others."""
    components.draw(
        lambda: figures.similarity_row(teacher, student, sample, samples, style=view.style),
        "similarity-row",
        Reading(
            "Each point is another sample; off the line the two disagree.",
            "To the right it is like the chosen one to the teacher, upwards to the student.",
            "the loss compares such rows, sample by sample; points far from the line are what the "
            "student has yet to learn.",
        ),
        data=lambda: pd.DataFrame(
            {"other": ids, "teacher": teacher[sample], "student": student[sample]}
        ),
    )


def show_epochs() -> None:
    """How alike the two became while the student trained."""
    table = method_steps.agreement(record)
    whole = method_steps.whole_epochs(record)
    if lost := [str(epoch) for epoch in record.epochs if epoch not in whole]:
        components.panel(f"Left out, as their files are damaged: epochs {', '.join(lost)}.")
    components.draw(
        lambda: figures.agreement_curves(
            table,
            best_epoch=record.best_epoch,
            epoch=view.epoch if view.is_probe else None,
            ceiling=scale.means,
            style=view.style,
        ),
        "agreement",
        Reading(
            "Four measures of shared structure on the probe samples; higher is closer.",
            "Each sees something else: the correlation all pairs, ranks only their order, CKA the "
            "embeddings themselves, shared neighbours what lies nearest.",
        ),
        data=lambda: table,
    )


panels = {"pairs": "All pairs", "one": "One sample"}
if len(record.epochs) > 1:
    panels["epochs"] = "Over the epochs"
panel, place = widgets.tabs(panels)
with place:
    {"pairs": show_pairs, "one": show_row, "epochs": show_epochs}[panel]()
