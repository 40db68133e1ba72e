"""Step 2: a few samples that describe all the others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, loss_settings, method_steps, record_picker, selection, widgets
from dashboard.figure_cache import figures
from pkdot.method.anchors import POLICIES

st.title("Anchors", anchor=False)
record = record_picker.chosen_record()
view = selection.choose_view(record)
loss = loss_settings.run_loss(record)
left, right = st.columns([1, 2])
with left:
    k = loss_settings.choose_k(loss.settings, len(view.batch.targets))
with right:
    policy = loss_settings.choose_policy(loss.settings)
if not loss.has_anchors:
    st.caption(loss_settings.NO_ANCHORS)
settings = replace(loss.settings, k=k, policy=policy)
anchors = method_steps.anchors(view, settings)
samples, ids = view.samples, view.ids

components.panel(
    "Each point is a sample on the teacher's map, ringed ones are the anchors. Anchors that spread "
    "over the map tell samples apart everywhere; anchors in one corner tell few apart.",
    "describing each sample by a few others is cheaper than by all, and says where it stands "
    "rather than what it is.",
)
everywhere = widgets.switch("All policies side by side", key="compare")
names = [name for name in POLICIES if name != "all"] if everywhere else [policy]
by_policy = {name: method_steps.anchors(view, replace(settings, policy=name)) for name in names}
components.draw(
    lambda: figures.anchor_maps(
        method_steps.maps(view).teacher, by_policy, samples, style=view.style
    ),
    "anchor-maps",
    data=lambda: pd.DataFrame(
        [(name, ids[i]) for name, chosen in by_policy.items() for i in np.unique(chosen)],
        columns=["policy", "anchor"],
    ),
    on_pick=selection.pick_sample(view),
)

media = record.media() if view.is_probe else {}
if media:
    components.panel(
        "The anchors as frames and signals, in the order in which the policy picks them; with "
        "*per sample*, the most used first.",
        "an anchor that is a blurred frame or a broken signal describes nothing well.",
    )
    shown = {name: pictures[: len(samples)] for name, pictures in media.items()}
    components.draw(
        lambda: figures.anchor_images(shown, anchors, samples, policy=policy, style=view.style),
        "anchor-images",
    )
elif not view.is_probe:
    st.caption("Pictures are kept of the probe samples only; look at those to see the anchors.")

components.panel(
    "Left: how like its nearest anchor a sample is, on average; right: how many "
    f"{components.plain(samples.words.many)} have an anchor."
    if (samples.labels >= 0).any()
    else "How like its nearest anchor a sample is, on average.",
    "few anchors are cheap, but what no anchor resembles, no row describes; dissimilar anchors "
    "trade nearness for contrast.",
)
components.draw(
    lambda: figures.coverage_curves(
        method_steps.coverage(view), k=k, classes=samples.words.many, style=view.style
    ),
    "coverage",
    data=lambda: method_steps.coverage(view),
)

components.panel(
    "A row is a sample, a column an anchor.",
    "the loss compares these rows: the student should give its samples the same rows as the "
    "teacher.",
)
rows = method_steps.anchor_rows(view, settings)
components.draw(
    lambda: figures.anchor_rows(*rows, samples, policy=policy, style=view.style), "anchor-rows"
)

components.panel(
    "Pick one sample, here or by a click on the map: each stick joins what teacher and student "
    "think of one anchor; the hollow mark is the student before training.",
    "one row is all that the loss knows of a sample.",
)
position = selection.choose_sample(view)
own = anchors[position] if anchors.ndim == 2 else anchors
components.draw(
    lambda: figures.sample_row(
        *rows,
        position,
        samples,
        anchors=anchors,
        before=method_steps.untrained_rows(view, anchors),
        style=view.style,
    ),
    "sample-row",
    data=lambda: pd.DataFrame(
        {
            "anchor": [ids[i] for i in own],
            "teacher": rows[0][position],
            "student": rows[1][position],
        }
    ),
)
