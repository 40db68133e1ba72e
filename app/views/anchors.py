"""Step 2: a few samples that describe all the others."""

import shell
import steps
import streamlit as st

from pkdot import figures
from pkdot.anchors import POLICIES

st.title("Anchors", anchor=False)
record = shell.chosen_record()
view = shell.choose_view(record)
left, right = st.columns([1, 2])
with left:
    k = steps.choose_k(view)
with right:
    policy = steps.choose_policy(view)
teacher, student = steps.similarities(view)
anchors = steps.anchors(view, k, policy)
labels, ids = view.batch.labels, view.batch.sample_ids

shell.panel(
    "Each point is a sample on the teacher's map, ringed ones are the anchors. Anchors that spread "
    "over the map tell samples apart everywhere; anchors in one corner tell few apart.",
)
everywhere = st.toggle("All policies side by side", key="compare", bind="query-params")
names = [name for name in POLICIES if name != "all"] if everywhere else [policy]
shell.draw(
    lambda: figures.anchor_maps(
        steps.maps(view).teacher,
        {name: steps.anchors(view, k, name) for name in names},
        labels=labels,
        ids=ids,
        **view.style,
    ),
    "anchor-maps",
)

media = record.media() if view.is_probe else {}
if media:
    shell.panel(
        "In the order in which the policy picks them; with *per sample*, the most used first."
    )
    shown = {name: pictures[: len(labels)] for name, pictures in media.items()}
    shell.draw(
        lambda: figures.anchor_images(
            shown, anchors, labels=labels, ids=ids, policy=policy, **view.style
        ),
        "anchor-images",
    )

shell.panel(
    "A row is a sample, a column an anchor. The loss compares these rows: the student should give "
    "its samples the same rows as the teacher.",
)
rows = [steps.rows(matrix, anchors) for matrix in (teacher, student)]
shell.draw(
    lambda: figures.anchor_rows(*rows, labels=labels, policy=policy, **view.style), "anchor-rows"
)

shell.panel("Pick one sample: each stick joins what teacher and student think of one anchor.")
names_of = [str(name) for name in ids]
shell.keep_valid("sample", names_of)
sample = st.selectbox("Sample", names_of, key="sample", bind="query-params")
position = names_of.index(sample)
own = anchors[position] if anchors.ndim == 2 else anchors
shell.draw(
    lambda: figures.sample_row(
        rows[0][position],
        rows[1][position],
        anchor_labels=labels[own],
        sample=sample,
        **view.style,
    ),
    "sample-row",
)
