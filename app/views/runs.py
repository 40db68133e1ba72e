"""Which runs there are, how the chosen one went, and how several compare."""

import math

import pandas as pd
import streamlit as st

from dashboard import address, components, gain, new_run, record_picker, selection, widgets
from dashboard.answers import show_answers
from dashboard.comparison import show_comparison
from dashboard.components import Reading
from dashboard.figure_cache import figures
from dashboard.method_steps import tested
from pkdot.errors import RecordError, printable
from pkdot.record import RecordSummary, RunRecord, runs_directory, schema

MOST_COMPARED = 10
MOST_CURVES = 6
FEW = 10
LIST_HEIGHT = 460  # pixels of the list of many runs

found = record_picker.records()
titles = record_picker.titles(found)
with components.bar():
    components.title("What did the student learn?", width="content")
    new_run.offer(fresh=all(record_picker.is_example(key) for key in found))
answer = st.container(key="answer")  # as high for each record: the list below must not jump
if ended := st.session_state.pop("ended run", None):
    st.toast(f"Done: {components.literal(titles.get(ended, ended))}", icon=":material/check:")


def ticked_keys() -> list[str]:
    """The keys that are ticked, as the address has them."""
    return [key for key in address.get_all("with") if key in found][:MOST_COMPARED]


def tick(keys: list[str], widget: str) -> None:
    """Take the ticked rows for the comparison; a single one is the record of all pages, too."""
    rows = st.session_state[widget]["selection"]["rows"]
    ticked = [keys[row] for row in rows if row < len(keys)]
    address.put("with", ticked)
    if len(ticked) == 1:
        widgets.set_aside("run", ticked[0])
    elif ticked:
        widgets.set_aside("panel", "several")


def note(summary: RecordSummary) -> str:
    """A few words on a run for the list, beyond its scores; often none."""
    status = "" if summary.status in ("finished", "running") else summary.sentence
    return "simulated data" if not status and summary.simulated else printable(status)


def short_score(summary: RecordSummary, network: str) -> str | None:
    """A primary score for the table; None where it is no number."""
    value = summary.primary(network)
    known = value is not None and math.isfinite(value)
    return summary.task.primary.text(value) if known else None


def show_list() -> None:
    """A table of all runs, one line each."""
    table = pd.DataFrame(
        {
            "corpus": printable(s.corpus or s.name),
            "method": printable(s.method),
            "seed": s.seed,
            "student": short_score(s, "student"),
            "teacher": short_score(s, "teacher"),
            "status": s.status,
            "best epoch": s.best_epoch,
            "note": note(s),
            "began": record_picker.began(s),
            "record": key.rstrip("/"),
        }
        for key, s in found.items()
    )
    score = st.column_config.TextColumn(
        help="Primary score on the test samples: accuracy, or what the task has.", width="small"
    )
    keys = list(found)
    silent = [] if table["note"].any() else ["note"]
    silent += ["status"] if (table["status"] == "finished").all() else []
    # Ticks are kept by row number: a new run moves the rows, and needs a table of its own.
    widget = f"table {hash(tuple(keys))}"
    st.dataframe(
        table.astype({"seed": "Int64", "best epoch": "Int64"}),
        key=widget,
        hide_index=True,
        height=LIST_HEIGHT if len(table) > 12 else "auto",
        on_select=lambda: tick(keys, widget),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [keys.index(key) for key in ticked_keys()]}},
        placeholder="–",
        column_config={
            "student": score,
            "teacher": score,
            "note": st.column_config.TextColumn(width="medium"),
        },
        column_order=[name for name in table if name not in silent],
    )
    Reading(
        "Tick one to look at it on all pages, or several to compare.",
        f"One line a run, the newest first. Runs live in {components.literal(runs_directory())}.",
    ).write()


def show_curves(record: RunRecord) -> None:
    """How the networks of the chosen record trained."""
    metrics = metrics_of(record)
    stages = [str(stage) for stage in metrics["stage"].unique()]
    if not stages:
        st.info("No metric was logged yet.", icon=":material/hourglass_empty:")
        return
    order = ["student", "teacher", "tnet"]
    stages.sort(key=lambda stage: order.index(stage) if stage in order else len(order))
    words = {
        stage: f"encoder of {components.plain(stage)}" for stage in stages if stage not in order
    }
    stage = widgets.choose(
        "Network",
        stages,
        key="stage",
        names={"tnet": "T-Net", **words},
        label_visibility="collapsed",
    )
    best = record.facts.get("best_epochs", {})
    best = best.get(stage) if isinstance(best, dict) else None
    if best is None and stage == "student":
        best = record.best_epoch
    known = list(dict.fromkeys(metrics.loc[metrics["stage"] == stage, "name"]))
    if len(known) > MOST_CURVES:  # what fits the screen; the sum of all losses says least
        known = [name for name in known if name != "loss"][:MOST_CURVES]
    components.draw(
        lambda: figures.training_curves(
            metrics[metrics["split"] != "test"],
            stage=stage,
            names=known,
            best_epoch=best,
            style=components.figure_style(record.simulated),
        ),
        "curves",
        Reading(
            "Solid: validation samples; dotted: training samples; dashed: the epoch that was kept.",
            why="where training still improves and validation does not, the network learns by "
            "heart.",
        ),
        data=lambda: metrics,
    )


def metrics_of(record: RunRecord) -> pd.DataFrame:
    """All that was logged; nothing, and a sentence, where it is damaged."""
    empty = pd.DataFrame(columns=list(schema.METRICS_COLUMNS))
    return components.kept(lambda: record.metrics, empty)


def show_settings(record: RunRecord) -> None:
    """Every score on test samples, and how they came about."""
    seconds = record.facts.get("seconds", {})
    total = seconds.get("total") if isinstance(seconds, dict) else None
    best = "not yet" if record.best_epoch is None else record.best_epoch
    took = f"; it took {total:.0f} s" if isinstance(total, int | float) else ""
    st.caption(f"Best epoch: {best}{took}.")
    metrics = metrics_of(record)
    final = metrics[metrics["split"] == "test"]
    if len(final):
        scores = final.pivot_table(index="name", columns="stage", values="value", sort=False)
        st.dataframe(scores.round(4).reset_index(), hide_index=True, placeholder="–")
    left, right = st.columns(2)
    left.json(record.config, expanded=1)
    right.json(record.facts, expanded=1)


def has_answers(record: RunRecord) -> bool:
    """Whether there are answers of both networks on test samples, whole or damaged."""
    try:
        return tested(record) is not None
    except RecordError:  # said where they are shown
        return True


def score_text(record: RunRecord, network: str) -> str:
    """A primary score on a tile; a run that diverged has NaN or infinity."""
    primary = record.task.primary
    value = record.scores.get(f"{network} {primary.name}")
    if value is None:
        return "not yet"
    return primary.text(value) if math.isfinite(value) else "not a number"


def show_several(keys: list[str]) -> None:
    """Final scores with intervals, curves, and the settings that differ."""
    from pkdot.record.compare import (  # statistics load slowly
        compare_runs,
        named_runs,
        settings_that_differ,
    )

    chosen = [found[key] for key in keys if found[key].status != "damaged"]
    opened = [record_picker.opened(summary.path) for summary in chosen]
    runs = named_runs(opened)
    simulated = any(record.simulated for record in opened)
    style = components.figure_style(simulated)
    st.caption(f"{len(runs)} runs compared.")
    compared = compare_runs(runs)
    if compared.left_out:
        names = ", ".join(components.literal(name) for name in compared.left_out)
        st.caption(f"Left out, as they have another task or no answers on test samples: {names}.")
    components.draw(
        lambda: figures.result_dots(
            compared.table,
            score=compared.score,
            over=compared.over,
            reference=compared.reference,
            each="run",
            style=style,
        ),
        "comparison",
        Reading(
            "Students' scores on test samples with 95 % intervals; right, the differences.",
            "Differences are to the first run. An interval that leaves 0 out is a difference "
            "that these data resolve.",
            "a single number hides how much of it is luck.",
        ),
        data=lambda: compared.table,
    )
    if not compared.reference:
        st.caption(
            "These runs were not tested on the same samples or seeds, so there are no paired "
            "differences; compare with care."
        )
    if compared.over != "seeds":
        st.caption(
            "Intervals over test samples or their groups say nothing about another seed; run two "
            "seeds or more of each to see that."
        )
    if int(compared.table["n"].min()) < FEW:
        st.caption(f"Intervals over fewer than {FEW} {compared.over} are rough.")
    components.draw(
        lambda: figures.run_curves(
            {run.title: run.record.metrics for run in runs}, name=compared.score.name, style=style
        ),
        "run-curves",
        Reading(
            "One line a run, on validation samples.",
            why="two runs that end alike may have got there differently.",
        ),
    )
    differing = settings_that_differ(runs)
    with st.expander(f"{len(differing)} settings differ"):
        st.dataframe(differing.rename_axis("setting").reset_index(), hide_index=True)


several = ticked_keys()
left, right = components.halves([2, 3])
if found:
    with left:
        show_list()
with answer:
    record = record_picker.chosen_record(metrics=True)
    compares = selection.is_comparison(record)
    if not compares:
        gain.show_gain(record, found, lambda network: score_text(record, network))
panels = {"measured": "What was measured"}
if not compares:
    panels = {"answers": "Answers", "curves": "Curves", "settings": "Scores and settings"}
    if record.status == "running" or not has_answers(record):
        panels = {"curves": panels.pop("curves"), **panels}
if len(several) > 1:
    panels = {"several": f"{len(several)} compared", **panels}
with right:
    panel, place = widgets.tabs(panels)
with place:
    if panel == "several":
        show_several(several)
    elif panel == "measured":
        show_comparison(record)
    else:
        {"curves": show_curves, "answers": show_answers, "settings": show_settings}[panel](record)
