"""Step 2: a few samples that describe all the others."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, loss_settings, method_steps, record_picker, selection, widgets
from dashboard.components import Reading
from dashboard.figure_cache import figures
from pkdot.analysis.anchor_weight import anchor_weight
from pkdot.errors import printable
from pkdot.figures.images import png
from pkdot.method.anchors import POLICIES

record = record_picker.chosen_record()
view = selection.choose_view(record, title="Anchors")
loss = loss_settings.run_loss(record)
with components.bar():
    policy = loss_settings.choose_policy(loss.settings)
    k = loss_settings.choose_k(loss.settings, len(view.batch.targets), policy)
    position = selection.choose_sample(view)
if policy == "all":
    st.caption("Under policy *all*, every sample of a batch is an anchor.")
if not loss.has_anchors:
    st.caption(loss_settings.NO_ANCHORS)
settings = replace(loss.settings, k=k, policy=policy)
anchors = method_steps.anchors(view, settings)
samples, ids = view.samples, view.ids
has_groups = bool((samples.labels >= 0).any())
media = components.kept(record.media, {}) if view.is_probe else {}
MOST_RINGS = 10  # where every sample is an anchor; a ring around each would show nothing


@cache
def weights() -> pd.DataFrame:
    """The anchors in the order in which they tell samples apart."""
    return anchor_weight(anchors, *method_steps.anchor_rows(view, settings))


def show_map(names: list[str]) -> None:
    """The teacher's map with the anchors of one or more policies."""
    by_policy = {name: method_steps.anchors(view, replace(settings, policy=name)) for name in names}
    ringed = {}
    if "all" in names:
        ringed["all"] = np.asarray(weights()["anchor"][:MOST_RINGS])
    components.draw(
        lambda: figures.anchor_maps(
            method_steps.maps(view).teacher, by_policy, samples, ringed=ringed, style=view.style
        ),
        "anchor-maps",
        Reading(
            "Click a sample to follow it."
            if ringed
            else "Ringed samples are the anchors; click a sample to follow it.",
            "Each point is a sample on the teacher's map. Anchors that spread over the map tell "
            "samples apart everywhere; anchors in one corner tell few apart.",
            "describing each sample by a few others is cheaper than by all, and says where it "
            "stands rather than what it is.",
        ),
        data=lambda: pd.DataFrame(
            [(name, ids[i]) for name, chosen in by_policy.items() for i in np.unique(chosen)],
            columns=["policy", "anchor"],
        ),
        on_pick=selection.pick_sample(view),
    )


def show_row() -> None:
    """One sample as its anchors see it."""
    rows = method_steps.anchor_rows(view, settings)
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
        Reading(
            "One row is all that the loss knows of a sample.",
            "Each stick joins what teacher and student think of one anchor; the hollow mark is "
            "the student before training.",
        ),
        data=lambda: pd.DataFrame(
            {
                "anchor": [ids[i] for i in own],
                "teacher": rows[0][position],
                "student": rows[1][position],
            }
        ),
    )


def show_pictures() -> None:
    """The anchors as frames and signals."""
    shown = {name: pictures[: len(samples)] for name, pictures in media.items()}
    components.draw(
        lambda: figures.anchor_images(shown, anchors, samples, policy=policy, style=view.style),
        "anchor-images",
        Reading(
            "In the order in which the policy picks them.",
            "With *per sample*, the most used first.",
            "an anchor that is a blurred frame or a broken signal describes nothing well.",
        ),
    )


def show_rows() -> None:
    """The rows of all samples."""
    rows = method_steps.anchor_rows(view, settings)
    components.draw(
        lambda: figures.anchor_rows(*rows, samples, policy=policy, style=view.style),
        "anchor-rows",
        Reading(
            "A row is a sample, a column an anchor.",
            why="the loss compares these rows: the student should give its samples the same rows "
            "as the teacher.",
        ),
    )


def show_weight() -> None:
    """The same as a table, with pictures."""
    table = weights()
    shown = next((stack for stack in reversed(list(media.values())) if len(stack) == len(ids)), ())
    columns: dict[str, Any] = {}
    if len(shown):
        columns["picture"] = [png(shown[i]) for i in table["anchor"]]
    columns |= {"anchor": [printable(ids[i])[:80] for i in table["anchor"]]}
    if has_groups:
        by = printable(samples.by)[:40]
        names = [record.task.describe(view.batch.targets[i]) for i in table["anchor"]]
        columns[f"its {by}"] = names
    if anchors.ndim == 2:  # else every sample has them all
        columns["rows"] = table["rows"]
    columns |= {"tells apart": 100 * table["share"], "student differs by": table["gap"]}
    st.dataframe(
        pd.DataFrame(columns),
        key=f"weight of {len(table)} {policy}",
        hide_index=True,
        height=500,
        placeholder="–",
        column_config={
            "picture": st.column_config.ImageColumn("", width=44),
            "rows": st.column_config.NumberColumn(help="Samples that it describes."),
            "tells apart": st.column_config.ProgressColumn(
                min_value=0,
                max_value=float(np.nanmax(columns["tells apart"], initial=1e-9)),
                format="%.1f %%",
                help="Its share of the squared distances between the teacher's rows.",
            ),
            "student differs by": st.column_config.ProgressColumn(
                min_value=0,
                max_value=float(table["gap"].max()) or 1.0,
                format="%.2f",
                help="Mean difference of teacher's and student's similarity to it.",
            ),
        },
    )
    Reading(
        f"The most telling first (an even share: {100 / len(table):.1f} %); right, where the "
        "student still differs.",
        "Every sample is about equally similar to an anchor with a small share: without it, the "
        "rows would say nearly the same. A large share with a large difference is what the "
        "student has yet to learn.",
        "the cost between two rows is a sum over anchors, so each has a share in it.",
    ).write()


def show_coverage() -> None:
    """What more anchors add."""
    many = components.plain(samples.words.many)
    components.draw(
        lambda: figures.coverage_curves(
            method_steps.coverage(view), k=k, classes=samples.words.many, style=view.style
        ),
        "coverage",
        Reading(
            "How like its nearest anchor a sample is, on average.",
            f"On the right: how many {many} have an anchor." if has_groups else "",
            "few anchors are cheap, but what no anchor resembles, no row describes; dissimilar "
            "anchors trade nearness for contrast.",
        ),
        data=lambda: method_steps.coverage(view),
    )


panels = {"map": "On the map", "weight": "Which matter", "pictures": "As pictures"}
panels |= {"policies": "All policies", "rows": "All rows", "count": "How many"}
if not media:
    panels.pop("pictures")
panel, place = widgets.tabs(panels, start="weight" if policy == "all" else "map")
with place:
    if panel == "map":
        left, right = components.halves([1, 1])
        with left:
            show_map([policy])
        with right:
            show_row()
            if not view.is_probe:
                st.caption("Pictures are kept of the probe samples only.")
    elif panel == "weight":
        left, right = components.halves([1, 1])
        with left:
            show_weight()
        with right:
            show_map([policy])
    elif panel == "policies":
        show_map([name for name in POLICIES if name != "all"])
    else:
        {
            "pictures": show_pictures,
            "rows": show_rows,
            "count": show_coverage,
        }[panel]()
