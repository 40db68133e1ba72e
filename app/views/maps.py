"""Where samples lie, to the teacher and to the student."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, method_steps, record_picker, selection, widgets
from dashboard.components import Reading
from dashboard.figure_cache import figures
from pkdot.analysis.neighbours import closeness, purity, purity_by_chance, trustworthiness
from pkdot.analysis.projection import Maps
from pkdot.figures import Grouping, SampleTable
from pkdot.figures.style import answer_marker
from pkdot.record import schema
from pkdot.tasks.ranges import ranges

record = record_picker.chosen_record()
stored = components.kept(record.maps, pd.DataFrame(columns=list(schema.MAPS_COLUMNS)))
drawn = sorted(int(epoch) for epoch in stored.loc[stored["projection"] == "umap", "epoch"].unique())
kinds = {"pca": "PCA", "umap": "UMAP"} if drawn else {"pca": "PCA"}
head, controls = st.container(), components.bar()
kind = "pca"
if len(kinds) > 1:
    with controls:
        kind = widgets.choose("Projection", list(kinds), key="projection", names=kinds)
with head:
    view = selection.choose_view(
        record,
        sources=kind == "pca",
        epochs=drawn if kind == "umap" else None,
        title="Embeddings",
    )
samples, labels, ids = view.samples, view.labels, view.ids

many = components.plain(samples.words.many)
colours = {"class": components.plain(view.groups.by), "subject": components.plain(record.unit)}
outputs, task = method_steps.outputs(view), record.task
has_groups = bool((labels >= 0).any())
if not has_groups:
    colours.pop("class")
if samples.subjects is None:
    colours.pop("subject")
if outputs is not None:
    colours |= {
        "error": components.plain(f"student's {task.error_label}")
        if task.value_names
        else "how right the student is",
        "prediction": "student's answer",
        "teacher": "teacher's answer",
    }
colours = colours or {"none": "nothing"}
with controls:
    colour = widgets.choose("Colour by", list(colours), key="colour", names=colours)
grouping = samples.by_class()
if colour == "none":
    grouping = Grouping(labels)
if colour == "subject":
    grouping = samples.by_subject()
elif colour == "error" and outputs is not None:
    if task.value_names:
        errors = ranges(outputs.errors("student"), (), f"student's {task.error_label}")
        grouping = SampleTable.of_groups(errors, ids).by_class()
    else:
        judged = task.judgement(outputs.student, outputs.targets)
        grouping = Grouping(judged.numbers, judged.names, colours[colour], answer_marker)
elif colour in ("prediction", "teacher") and outputs is not None:
    answers = outputs.answers("student" if colour == "prediction" else "teacher")
    groups = task.groupings(answers)[view.target]
    answered = SampleTable.of_groups(groups, ids).by_class()
    grouping = replace(answered, by=colours[colour])

options = {"grouping": grouping, "projection": kinds[kind], "style": view.style}
chosen = set(selection.chosen_ids(record)) & set(ids)
here = np.isin(ids, list(chosen)) if chosen else None


def maps() -> Maps:
    """The stored UMAP maps, or PCA maps of the view's samples; (B, 2) each."""
    if kind == "pca":
        return method_steps.maps(view)
    own = stored[(stored["epoch"] == view.epoch) & (stored["projection"] == "umap")]
    sides = [own[own["network"] == who][["x", "y"]] for who in ("teacher", "student")]
    return Maps(*(side.to_numpy(dtype=float)[: len(ids)] for side in sides))


def sides() -> dict[str, np.ndarray]:
    """Both maps, (B, 2) each, by network."""
    both = maps()
    return {"teacher": both.teacher, "student": both.student}


def coordinates() -> pd.DataFrame:
    """Both maps as a table."""
    columns = {"sample_id": ids, "label": labels}
    places = {f"{who}_{x}": own[:, i] for who, own in sides().items() for i, x in enumerate("xy")}
    return pd.DataFrame(columns | places)


def take(picked: list[list[object]]) -> None:
    """Keep the samples that were lassoed or clicked, for all pages."""
    selection.choose_ids(record, sorted({ids[int(str(point[0]))] for point in picked}))


def show_maps() -> None:
    """Both maps, and the set that was chosen on them."""
    components.draw(
        lambda: figures.embedding_maps(
            maps(), samples, epoch=view.shown_epoch, chosen=here, **options
        ),
        "maps",
        Reading(
            "Near points are alike. Draw a line around some: both maps show where they lie.",
            "Each point is a sample, the same in both maps; click a name in the legend to hide "
            f"it. {about_maps()}",
            "what is together on the left and torn apart on the right is structure that the "
            "student lacks.",
        ),
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


def about_maps() -> str:
    """What this kind of map keeps and what it does not."""
    if not view.is_probe:
        return "Of a training batch no map is stored; this one is drawn from it."
    if kind == "umap":
        return (
            "UMAP maps are computed when training ends, of the first, the selected and the last "
            "epoch; distances between far groups mean little in them."
        )
    lacks = "" if drawn else "; this record holds no UMAP map, which shows near neighbours"
    return f"A PCA map keeps large distances{lacks}."


def stored_film() -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The stored UMAP maps: the teacher's, and the student's at the epochs that have one."""
    own = stored[stored["projection"] == "umap"]
    cut = {
        which: rows[["x", "y"]].to_numpy(dtype=float)[: len(ids)]
        for which, rows in own.groupby(["epoch", "network"])
    }
    return cut[drawn[0], "teacher"], {epoch: cut[epoch, "student"] for epoch in drawn}


def show_film() -> None:
    """The student's map from epoch to epoch."""
    components.draw(
        lambda: figures.map_film(
            *(stored_film() if kind == "umap" else method_steps.film(view)), samples, **options
        ),
        "film",
        Reading(
            "Press Play: each point glides from one logged epoch to the next.",
            why=f"an eye that follows the points sees which {many} part early, and which never do.",
        ),
    )


def measured() -> pd.DataFrame:
    """Health of both maps, a row a network."""
    rows = []
    both = zip(sides().items(), method_steps.similarities(view), strict=True)
    for (who, own), similarity in both:
        z = view.batch.teacher if who == "teacher" else view.batch.student
        shares = {
            "purity on the map": purity(closeness(own), labels),
            "purity in the embedding": purity(similarity, labels),
            "purity by chance": purity_by_chance(labels),
        }
        health = {"network": who}
        health["trustworthiness of the map"] = components.number(trustworthiness(z, own))
        if has_groups:
            health |= {n: components.number(100 * x, ".0f", " %") for n, x in shares.items()}
        rows.append(health)
    return pd.DataFrame(rows)


def show_health() -> None:
    """How far the maps can be trusted."""
    st.dataframe(measured(), hide_index=True)
    one = components.plain(samples.words.one)
    Reading(
        "How far neighbours on the map are neighbours in the embedding; 1 is all.",
        f"Purity: how many of a sample's ten nearest are of its {one}. In the embedding it does "
        "not depend on the map at all."
        if has_groups
        else "",
        "a map can lie; these numbers say how much.",
    ).write()


panels = {"maps": "Maps", "film": "Film", "trust": "How far to trust them"}
if not view.is_probe or len(drawn if kind == "umap" else method_steps.whole_epochs(record)) < 2:
    panels.pop("film")
panel, place = widgets.tabs(panels)
with place:
    {"maps": show_maps, "film": show_film, "trust": show_health}[panel]()
