"""Step 3: the plan that carries the teacher's rows to the student's."""

import shell
import steps
import streamlit as st

from pkdot import figures
from pkdot.measures import diagonal_mass, within_class_mass

st.title("Transport", anchor=False)
record = shell.chosen_record()
view = shell.choose_view(record)
policy = steps.choose_policy(view)
left, right = st.columns(2)
with left:
    k = steps.choose_k(view)
with right:
    blur = steps.choose_blur(view)
solution = steps.transport(view, k, blur, policy)
plan = solution["plan"]

same = within_class_mass(plan, view.batch.labels)
tiles = (
    ("divergence (the loss)", f"{solution['divergence']:.4f}"),
    ("mass on the diagonal", f"{100 * diagonal_mass(plan):.1f} %"),
    ("mass within the class", f"{100 * same:.0f} %" if same == same else "no labels"),
    ("iterations", f"{solution['iterations']}"),
)
for column, (name, value) in zip(st.columns(4), tiles, strict=True):
    column.metric(name, value)
if not solution["converged"]:
    st.warning(
        f"At this ε the plan was not found within {steps.MOST_ITERATIONS} iterations (marginal "
        f"error {solution['marginal_error']:.1e}); it is shown as it was. A larger blur helps.",
        icon=":material/warning:",
    )
shell.panel(
    "Row i tells where the teacher's sample i sends its mass among the student's samples. The "
    "dotted line is where a sample is matched to itself: the loss compares two unordered clouds "
    "and does not ask for it. A larger ε blurs the plan.",
)
shell.draw(
    lambda: figures.transport_plan(plan, labels=view.batch.labels, epsilon=blur**2, **view.style),
    "plan",
)
