"""Step 1: how alike are two samples, to the teacher and to the student?"""

import controls
import numpy as np
import pandas as pd
import records
import shell
import steps
import streamlit as st
import view as looking
from drawn import figures

from pkdot.measures import matrix_correlation
from pkdot.ordering import codes

st.title("Similarity", anchor=False)
record = records.chosen_record()
view = looking.choose_view(record)
teacher, student = steps.similarities(view)
labels, ids = view.batch.labels, view.ids

orders = {"class": "class", "subject": "subject", "clustering": "the teacher's clustering"}
if not (labels >= 0).any():
    orders.pop("class")
if view.subjects is None:
    orders.pop("subject")
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    order = controls.choose("Sort the samples by", list(orders), key="order", names=orders)
with right:
    sample = looking.choose_sample(view, "Row")
groups, names = labels, record.class_names
if order == "subject":
    groups, names = codes(view.subjects)
style = {**view.style, "class_names": names}


def pairs() -> pd.DataFrame:
    """All pairs i < j, as a table."""
    i, j = np.triu_indices(len(ids), k=1)
    columns = {"teacher": teacher[i, j], "student": student[i, j]}
    return pd.DataFrame({"sample": np.take(ids, i), "other": np.take(ids, j), **columns})


shell.panel(
    "Each small square is a pair of samples: green pairs point the same way, purple ones opposite "
    "ways. In the third panel, orange pairs are more alike to the student, blue ones to the "
    "teacher. Click the "
    "diagonal to see that sample below.",
    "cosine compares directions, so a student may scale and turn its embedding as it likes; what "
    "is left is which samples belong together.",
)
shell.draw(
    lambda: figures.similarity_matrices(
        teacher,
        student,
        labels=groups,
        order=steps.clustered(view) if order == "clustering" else None,
        sorted_by=orders[order],
        ids=ids,
        marked=sample,
        **style,
    ),
    "similarity",
    data=pairs,
    on_pick=looking.pick_sample(view),
)
st.caption(
    f"At epoch {view.epoch} the student's similarities follow the teacher's with a correlation of "
    f"{shell.number(matrix_correlation(teacher, student))}; 1 would be the same structure."
)

shell.panel(
    "Each point is another sample: to the right it is like the chosen one to the teacher, upwards "
    "to the student.",
    "the loss compares such rows, sample by sample; points far from the line are what the student "
    "has yet to learn.",
)
others = np.arange(len(ids)) != sample
shell.draw(
    lambda: figures.similarity_row(
        teacher[sample][others],
        student[sample][others],
        labels=labels[others],
        ids=np.asarray(ids)[others],
        sample=ids[sample],
        **view.style,
    ),
    "similarity-row",
    data=lambda: pd.DataFrame(
        {"other": ids, "teacher": teacher[sample], "student": student[sample]}
    ),
)

if len(record.epochs) > 1:
    shell.panel(
        "Four ways to say how much of the teacher's structure the student has, on the probe "
        "samples; higher is closer.",
        "each sees something else: the correlation all pairs, ranks only their order, CKA the "
        "embeddings themselves, shared neighbours what lies nearest.",
    )
    table = steps.agreement(record)
    shell.draw(
        lambda: figures.agreement_curves(
            table,
            best_epoch=record.best_epoch,
            epoch=view.epoch if view.is_probe else None,
            **looking.look(record),
        ),
        "agreement",
        data=lambda: table,
    )
