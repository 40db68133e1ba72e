"""Which runs there are, and how the chosen one went."""

import math

import pandas as pd
import shell
import streamlit as st

from pkdot import figures
from pkdot.record import runs_directory

st.title("What did the student learn?", anchor=False)
st.markdown(
    "A **teacher** sees every modality; its **student** has to do without some of them. PKDOT "
    "copies what the teacher knows about the *structure between samples*. These pages show that "
    "structure, step by step, in runs that were recorded while they trained."
)
found = shell.records()


def choose_row() -> None:
    """Take the clicked row as the record of all pages."""
    rows = st.session_state["table"]["selection"]["rows"]
    if rows:
        st.session_state["run"] = list(found)[rows[0]]


def worded(score: float | None) -> str:
    """A score on a tile; a run that diverged has NaN or infinity."""
    if score is None:
        return "not yet"
    return f"{100 * score:.1f} %" if math.isfinite(score) else "not a number"


if found:
    shell.panel("One line a run, the newest first; tick one to look at it on all pages.", "Runs")
    table = pd.DataFrame(
        {
            "status": s.status,
            "corpus": s.corpus,
            "method": s.method,
            "seed": s.seed,
            "student accuracy": s.scores.get("student accuracy"),
            "teacher accuracy": s.scores.get("teacher accuracy"),
            "best epoch": s.best_epoch,
            "record": key,
        }
        for key, s in found.items()
    )
    percent = st.column_config.NumberColumn(format="percent", help="on the test samples")
    st.dataframe(
        table,
        key="table",
        hide_index=True,
        on_select=choose_row,
        selection_mode="single-row",
        column_config={
            "student accuracy": percent,
            "teacher accuracy": percent,
            "record": st.column_config.TextColumn(width="medium"),
        },
    )
    st.caption(f"Runs live in {shell.literal(runs_directory())}.")

record = shell.chosen_record()
st.divider()
shell.panel(
    "Scores on test samples, at the epoch that was selected on validation samples.",
    f"This run: {shell.literal(record.name)}",
)
scores = record.scores
tiles = {
    "student, test accuracy": scores.get("student accuracy"),
    "teacher, test accuracy": scores.get("teacher accuracy"),
}
columns = st.columns(4)
for column, (name, value) in zip(columns, tiles.items(), strict=False):
    column.metric(name, worded(value))
columns[2].metric("best epoch", "not yet" if record.best_epoch is None else record.best_epoch)
total = record.facts.get("seconds", {})
seconds = total.get("total") if isinstance(total, dict) else None
columns[3].metric("took", f"{seconds:.0f} s" if isinstance(seconds, int | float) else "not yet")

metrics = record.metrics
stages = [str(stage) for stage in metrics["stage"].unique()]
if not stages:
    st.info("No metric was logged yet.", icon=":material/hourglass_empty:")
else:
    order = ["student", "teacher", "tnet"]
    stages.sort(key=lambda stage: order.index(stage) if stage in order else len(order))
    stage = shell.choose("Network", stages, key="stage", names={"tnet": "T-Net"})
    best = record.facts.get("best_epochs", {})
    best = best.get(stage) if isinstance(best, dict) else None
    if best is None and stage == "student":
        best = record.best_epoch
    shell.draw(
        lambda: figures.training_curves(
            metrics[metrics["split"] != "test"],
            stage=stage,
            best_epoch=best,
            simulated=record.simulated,
            theme=shell.theme(),
        ),
        "curves",
    )
with st.expander("Settings and surroundings of this run"):
    left, right = st.columns(2)
    left.json(record.config, expanded=2)
    right.json(record.facts, expanded=2)
