"""Step 1: how alike are two samples, to the teacher and to the student?"""

import shell
import steps
import streamlit as st

from pkdot import figures
from pkdot.measures import matrix_correlation

st.title("Similarity", anchor=False)
record = shell.chosen_record()
view = shell.choose_view(record)
teacher, student = steps.similarities(view)

shell.panel(
    "Each small square is a pair of samples: green pairs point the same way, purple ones opposite "
    "ways; blocks on the diagonal are classes. In the third panel, orange pairs are more alike to "
    "the student, blue ones to the teacher.",
)
shell.draw(
    lambda: figures.similarity_matrices(teacher, student, labels=view.batch.labels, **view.style),
    "similarity",
)
st.caption(
    f"At epoch {view.epoch} the student's similarities follow the teacher's with a correlation of "
    f"{matrix_correlation(teacher, student):.2f}; 1 would be the same structure. Why cosine: it "
    f"compares directions, so a student may scale its embedding as it likes."
)
