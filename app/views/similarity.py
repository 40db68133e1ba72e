"""Step 1: how alike are two samples, to the teacher and to the student?"""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, method_steps, record_picker, second_teacher, selection, widgets
from dashboard.figure_cache import figures
from pkdot.analysis.matrix_correlation import matrix_correlation
from pkdot.figures import Grouping

st.title("Similarity", anchor=False)
record = record_picker.chosen_record()
view = selection.choose_view(record)
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
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    order = widgets.choose("Sort the samples by", list(orders), key="order", names=orders)
with right:
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


components.panel(
    "Each small square is a pair of samples: green pairs point the same way, purple ones opposite "
    "ways. In the third panel, orange pairs are more alike to the student, blue ones to the "
    "teacher. Click the "
    "diagonal to see that sample below.",
    "cosine compares directions, so a student may scale and turn its embedding as it likes; what "
    "is left is which samples belong together.",
)
components.draw(
    lambda: figures.similarity_matrices(
        teacher,
        student,
        samples,
        grouping=grouping,
        marked=sample,
        style=view.style,
    ),
    "similarity",
    data=pairs,
    on_pick=selection.pick_sample(view),
)
st.caption(
    f"{'Here' if view.shown_epoch is None else f'At epoch {view.epoch}'} the student's "
    "similarities follow the teacher's with a correlation of "
    f"{components.number(matrix_correlation(teacher, student))}; 1 would be the same structure. "
    f"{second_teacher.in_words(view, scale)}"
)
second_teacher.offer(view, scale)

components.panel(
    "Each point is another sample: to the right it is like the chosen one to the teacher, upwards "
    "to the student.",
    "the loss compares such rows, sample by sample; points far from the line are what the student "
    "has yet to learn.",
)
components.draw(
    lambda: figures.similarity_row(teacher, student, sample, samples, style=view.style),
    "similarity-row",
    data=lambda: pd.DataFrame(
        {"other": ids, "teacher": teacher[sample], "student": student[sample]}
    ),
)

if len(record.epochs) > 1:
    components.panel(
        "Four ways to say how much of the teacher's structure the student has, on the probe "
        "samples; higher is closer.",
        "each sees something else: the correlation all pairs, ranks only their order, CKA the "
        "embeddings themselves, shared neighbours what lies nearest.",
    )
    table = method_steps.agreement(record)
    whole = method_steps.whole_epochs(record)
    if lost := [str(epoch) for epoch in record.epochs if epoch not in whole]:
        st.caption(f"Left out, as their files are damaged: epochs {', '.join(lost)}.")
    components.draw(
        lambda: figures.agreement_curves(
            table,
            best_epoch=record.best_epoch,
            epoch=view.epoch if view.is_probe else None,
            ceiling=scale.means,
            style=view.style,
        ),
        "agreement",
        data=lambda: table,
    )
