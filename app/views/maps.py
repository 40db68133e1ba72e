"""Where samples lie, to the teacher and to the student."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, method_steps, record_picker, selection, widgets
from dashboard.figure_cache import figures
from pkdot.analysis.neighbours import closeness, purity, purity_by_chance, trustworthiness
from pkdot.analysis.projection import Maps
from pkdot.figures import Grouping, SampleTable
from pkdot.figures.style import answer_marker
from pkdot.record import schema

st.title("Embeddings", anchor=False)
record = record_picker.chosen_record()
stored = components.kept(record.maps, pd.DataFrame(columns=list(schema.MAPS_COLUMNS)))
drawn = sorted(int(epoch) for epoch in stored.loc[stored["projection"] == "umap", "epoch"].unique())
kinds = {"pca": "PCA", "umap": "UMAP"} if drawn else {"pca": "PCA"}
left, right = st.columns([1, 5]) if len(kinds) > 1 else (None, st.container())
kind = "pca"
if left is not None:
    with left:
        kind = widgets.choose("Projection", list(kinds), key="projection", names=kinds)
view = selection.choose_view(
    record, sources=kind == "pca", epochs=drawn if kind == "umap" else None
)
samples, labels, ids = view.samples, view.labels, view.ids

many = components.plain(samples.words.many)
colours = {"class": components.plain(view.groups.by), "subject": components.plain(record.unit)}
outputs = method_steps.outputs(view)
has_groups = bool((labels >= 0).any())
if not has_groups:
    colours.pop("class")
if samples.subjects is None:
    colours.pop("subject")
if outputs is not None:
    colours |= {
        "error": "how right the student is",
        "prediction": "student's answer",
        "teacher": "teacher's answer",
    }
colours = colours or {"none": "nothing"}
with right:
    colour = widgets.choose("Colour by", list(colours), key="colour", names=colours)
grouping = samples.by_class()
if colour == "none":
    grouping = Grouping(labels)
if colour == "subject":
    grouping = samples.by_subject()
elif colour == "error" and outputs is not None:
    judged = record.task.judgement(outputs.student, outputs.targets)
    grouping = Grouping(judged.numbers, judged.names, colours[colour], answer_marker)
elif colour in ("prediction", "teacher") and outputs is not None:
    answers = outputs.answers("student" if colour == "prediction" else "teacher")
    groups = record.task.groupings(answers)[view.target]
    answered = SampleTable.of_groups(groups, ids).by_class()
    grouping = replace(answered, by=colours[colour])

options = {"grouping": grouping, "projection": kinds[kind], "style": view.style}
chosen = set(selection.chosen_ids(record)) & set(ids)
here = np.isin(ids, list(chosen)) if chosen else None


def drawn_maps() -> Maps:
    """The stored UMAP maps, or PCA maps of the view's samples; (B, 2) each."""
    if kind == "pca":
        return method_steps.maps(view)
    own = stored[(stored["epoch"] == view.epoch) & (stored["projection"] == "umap")]
    sides = [own[own["network"] == who][["x", "y"]] for who in ("teacher", "student")]
    return Maps(*(side.to_numpy(dtype=float)[: len(ids)] for side in sides))


maps = drawn_maps()
both = {"teacher": maps.teacher, "student": maps.student}


def coordinates() -> pd.DataFrame:
    """Both maps as a table."""
    columns = {"sample_id": ids, "label": labels}
    places = {f"{who}_{x}": own[:, i] for who, own in both.items() for i, x in enumerate("xy")}
    return pd.DataFrame(columns | places)


def take(picked: list[list[object]]) -> None:
    """Keep the samples that were lassoed or clicked, for all pages."""
    selection.choose_ids(record, sorted({ids[int(str(point[0]))] for point in picked}))


components.panel(
    "Each point is a sample, the same in both maps; near points are alike. Draw a line around some "
    "in one map to see where they lie in the other; click a name in the legend to hide it.",
    "what is together on the left and torn apart on the right is structure that the student lacks.",
)
components.draw(
    lambda: figures.embedding_maps(maps, samples, epoch=view.shown_epoch, chosen=here, **options),
    "maps",
    data=coordinates,
    on_pick=take,
    pick=("points", "box", "lasso"),
)
if chosen:
    left, right = st.columns([4, 1], vertical_alignment="center")
    listed = ", ".join(components.plain(name, 24) for name in sorted(chosen)[:8])
    more = f" and {len(chosen) - 8} more" if len(chosen) > 8 else ""
    left.caption(f"{len(chosen)} of {len(ids)} samples are chosen: {listed}{more}.")
    if right.button("Choose none", icon=":material/close:", width="stretch"):
        selection.choose_none(record)
        st.rerun()
if left_out := record.facts.get("maps left out"):
    st.caption(f"Left out when training ended: {components.plain(left_out, 400)}")
if not view.is_probe:
    st.caption("Of a training batch, the record keeps no stored maps; this one is drawn from it.")
elif kind == "umap":
    st.caption(
        "UMAP maps are computed when training ends, of the first, the selected and the last "
        "epoch; distances between far groups mean little in them."
    )
elif not drawn:
    st.caption(
        "A PCA map keeps large distances; this record holds no UMAP map, which shows near "
        "neighbours."
    )


def stored_film() -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The stored UMAP maps: the teacher's, and the student's at the epochs that have one."""
    own = stored[stored["projection"] == "umap"]
    cut = {
        which: rows[["x", "y"]].to_numpy(dtype=float)[: len(ids)]
        for which, rows in own.groupby(["epoch", "network"])
    }
    return cut[drawn[0], "teacher"], {epoch: cut[epoch, "student"] for epoch in drawn}


epochs_of_film = drawn if kind == "umap" else method_steps.whole_epochs(record)
if view.is_probe and len(epochs_of_film) > 1:
    components.panel(
        "The same maps as a film: press Play under it, and each point glides from one logged epoch "
        "to the next.",
        f"an eye that follows the points sees which {many} part early, and which never do.",
    )
    if widgets.switch("Show the film", start=len(ids) <= 256, key="film"):
        components.draw(
            lambda: figures.map_film(
                *(stored_film() if kind == "umap" else method_steps.film(view)),
                samples,
                **options,
            ),
            "film",
        )

components.panel(
    "Trustworthiness: how far neighbours on the map are neighbours in the embedding."
    + (
        f" Purity: how many of a sample's ten nearest are of its "
        f"{components.plain(samples.words.one)}."
    )
    * has_groups,
    "a map can lie; these numbers say how much"
    + (
        ", and the purity in the embedding does not depend on the map at all."
        if has_groups
        else "."
    ),
)


def measured() -> pd.DataFrame:
    """Health of both maps, a row a network."""
    rows = []
    for (who, own), similarity in zip(both.items(), method_steps.similarities(view), strict=True):
        z = view.batch.teacher if who == "teacher" else view.batch.student
        rows.append(
            {
                "network": who,
                "trustworthiness of the map": components.number(trustworthiness(z, own)),
                "purity on the map": components.number(
                    100 * purity(closeness(own), labels), ".0f", " %"
                ),
                "purity in the embedding": components.number(
                    100 * purity(similarity, labels), ".0f", " %"
                ),
                "purity by chance": components.number(100 * purity_by_chance(labels), ".0f", " %"),
            }
        )
    return pd.DataFrame(rows)


health = measured()
st.dataframe(
    health if has_groups else health[["network", "trustworthiness of the map"]], hide_index=True
)
