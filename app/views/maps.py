"""Where samples lie, to the teacher and to the student."""

import shell
import steps
import streamlit as st

from pkdot import figures

st.title("Embeddings", anchor=False)
record = shell.chosen_record()
view = shell.choose_view(record)
stored = record.maps() if view.is_probe else record.maps().head(0)
stored = stored[(stored["epoch"] == view.epoch) & (stored["projection"] == "umap")]
kinds = ["PCA", "UMAP"] if len(stored) else ["PCA"]
kind = shell.choose("Projection", kinds, key="projection") if len(kinds) > 1 else "PCA"
shell.panel(
    "Each point is a sample, the same in both maps. Near points are alike; click a class in the "
    "legend to hide it in both.",
)


def draw_maps() -> object:
    """The stored UMAP map, or a PCA map of what the page looks at."""
    if kind == "UMAP":
        sides = [stored[stored["network"] == who] for who in ("teacher", "student")]
        teacher, student = (side[["x", "y"]].to_numpy()[: len(view.batch.labels)] for side in sides)
    else:
        both = steps.maps(view)
        teacher, student = both.teacher, both.student
    return figures.embedding_maps(
        teacher,
        student,
        labels=view.batch.labels,
        ids=view.batch.sample_ids,
        projection=kind,
        epoch=view.epoch,
        **view.style,
    )


shell.draw(draw_maps, "maps")
if len(kinds) == 1 and view.is_probe:
    projections = set(record.maps()["projection"])
    known = "only some epochs have" if "umap" in projections else "this record holds no"
    st.caption(f"A PCA map keeps large distances; {known} UMAP map, which shows near neighbours.")
