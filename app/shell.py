"""What every page needs: the chosen record, its colours, and one way to draw a panel.

Records come from the runs directory and from the example in the repository, never from a path
that a visitor types. Names inside a record are a stranger's words: see :func:`literal`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from pkdot.errors import PkdotError
from pkdot.record import Batch, RunRecord, open_record, runs_directory
from pkdot.summaries import RecordSummary, list_records, summarise

EXAMPLE = Path(__file__).resolve().parents[1] / "reports" / "example"
LARGEST = 512
"""Samples beyond this many are left out of what has to be solved at every move of a slider."""
SOURCES = {"probe": "probe", "batch": "training batch"}


# -- records ------------------------------------------------------------------------------------


def records() -> dict[str, RecordSummary]:
    """Every record that can be chosen, by key: the runs, newest first, and the example."""
    found = {summary.path.name: summary for summary in list_records(runs_directory())}
    if (EXAMPLE / "run.json").is_file():
        found["example"] = summarise(EXAMPLE)
    return found


def titles(found: dict[str, RecordSummary]) -> dict[str, str]:
    """A short title a record, for lists; those that would look alike also tell their key."""
    short = {key: _title(key, summary) for key, summary in found.items()}
    counts = Counter(short.values())
    return {key: f"{t} · {key}" if counts[t] > 1 else t for key, t in short.items()}


def _title(key: str, summary: RecordSummary) -> str:
    if summary.status == "damaged":
        return f"{key} (damaged)"
    words = [summary.corpus or summary.name, summary.method]
    words += [] if summary.seed is None else [f"seed {summary.seed}"]
    words += ["example"] if key == "example" else []
    status = "" if summary.status == "finished" else f" ({summary.status})"
    return " · ".join(word for word in words if word) + status


def began(summary: RecordSummary) -> str:
    """When a run began, as people write it."""
    try:
        return datetime.fromisoformat(summary.created).strftime("%d %b %Y, %H:%M UTC")
    except ValueError:
        return ""


def choose_record() -> None:
    """The record's choice in the side bar; it stands in the address as ``run``."""
    found = records()
    address = str(st.get_option("server.address") or "every address of this machine")
    if address not in ("127.0.0.1", "localhost", "::1"):
        st.sidebar.warning(f"This page can be reached from elsewhere: it listens on {address}.")
    if not found:
        return
    opens = [key for key, summary in found.items() if summary.status != "damaged"]
    first = "example" if "example" in opens else (opens or list(found))[0]
    keep_valid("run", list(found))
    linked = st.query_params.get("run", first)
    if "run" not in st.session_state and linked not in found:
        st.sidebar.warning(
            f"The link names {literal(linked[:60])}, a record that is not here; this is another.",
            icon=":material/link_off:",
        )
    if "run" not in st.session_state:
        st.session_state["run"] = linked if linked in found else first
    # Bound by hand: Streamlit would put the title into the address, and titles change.
    run = st.sidebar.selectbox(
        "Record",
        list(found),
        format_func=titles(found).__getitem__,
        key="run",
        help="One run of an experiment. Runs appear here by themselves.",
    )
    if run != first or "run" in st.query_params:
        st.query_params["run"] = run
    summary = found[run]
    st.sidebar.caption(" · ".join(w for w in (summary.status, literal(began(summary))) if w))


def chosen_record() -> RunRecord:
    """The record that was chosen, opened; its status is said where it is not simply finished.

    Stops the page with a sentence where there is none.
    """
    summary = records().get(st.session_state.get("run", ""))
    if summary is None:
        st.info(
            f"There is no run yet in {literal(runs_directory())}. Make one: `make demo`, or "
            f"`python -m pkdot run`.",
            icon=":material/info:",
        )
        st.stop()
    record = open_record(summary.path)
    if summary.status == "damaged":
        st.warning(literal(summary.sentence), icon=":material/warning:")
    elif record.status == "failed":
        st.error(literal(record.sentence), icon=":material/error:")
    elif record.status != "finished":
        st.info(literal(record.sentence), icon=":material/info:")
    if record.status == "running":
        st.sidebar.button("Refresh", icon=":material/refresh:", help="Show what was logged since.")
    return record


@dataclass(frozen=True)
class View:
    """What a page looks at: one epoch of one record.

    Attributes:
        record: the record.
        epoch: the epoch that the slider stands at.
        batch: the probe or a training batch of that epoch.
        is_probe: which of the two.
    """

    record: RunRecord
    epoch: int
    batch: Batch
    is_probe: bool

    @property
    def key(self) -> tuple[Any, ...]:
        """Tells this view from every other, also after the record was written again."""
        written = (self.record.path / "run.json").stat().st_mtime_ns
        return str(self.record.path), written, self.epoch, self.is_probe

    @property
    def style(self) -> dict[str, Any]:
        """Arguments that every figure of this record shares."""
        return {
            "class_names": self.record.class_names,
            "simulated": self.record.simulated,
            "theme": theme(),
        }


def choose_view(record: RunRecord, *, sources: bool = True) -> View:
    """Sliders for the epoch and, where the record has training batches, for what to look at.

    Stops the page with a sentence where nothing was logged.
    """
    source = "probe"
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    if sources and record.batch_epochs:
        with right:
            source = choose("Look at", list(SOURCES), key="source", names=SOURCES)
    epochs = record.epochs if source == "probe" else record.batch_epochs
    if not epochs:
        st.info(
            "This record holds no embeddings yet; they appear once the student trains.",
            icon=":material/hourglass_empty:",
        )
        st.stop()
    start = record.best_epoch if record.best_epoch in epochs else epochs[-1]
    with left:
        epoch = slide("Epoch of the student", epochs, start, key="epoch")
    batch = record.probe_batch(epoch) if source == "probe" else record.batch(epoch)
    if len(batch.labels) > LARGEST:
        st.caption(f"The first {LARGEST} of {len(batch.labels)} samples are shown.")
        columns = (batch.sample_ids, batch.labels, batch.teacher, batch.student)
        batch = Batch(*(column[:LARGEST] for column in columns))
    return View(record, epoch, batch, source == "probe")


# -- widgets that live in the address ------------------------------------------------------------


def keep_valid(key: str, options: Sequence[Any]) -> None:
    """Forget a widget's value that another record or page made impossible."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def slide(label: str, options: Sequence[Any], start: Any, *, key: str, **more: Any) -> Any:
    """A slider over the options; one option is stated rather than slid."""
    if len(options) == 1:
        st.caption(f"{label}: {options[0]}")
        return options[0]
    keep_valid(key, options)
    return st.select_slider(label, list(options), value=start, key=key, bind="query-params", **more)


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    names: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """A choice of a few, side by side; the first is the default."""
    keep_valid(key, options)
    return st.segmented_control(
        label,
        list(options),
        default=options[0],
        required=True,
        format_func=lambda option: (names or {}).get(option, option),
        key=key,
        bind="query-params",
        **more,
    )


def setting(record: RunRecord, name: str, default: Any) -> Any:
    """A setting of the run wherever it stands in its config, else the default."""
    waiting: list[Any] = [record.config]
    while waiting:
        level = waiting.pop(0)
        if isinstance(level, dict):
            if isinstance(level.get(name), type(default)):
                return level[name]
            waiting += level.values()
    return default


# -- drawing -------------------------------------------------------------------------------------


def theme() -> str:
    """``light`` or ``dark``, as the visitor has it."""
    return "dark" if st.context.theme.type == "dark" else "light"


def panel(reading: str, heading: str = "") -> None:
    """How to read the figure that follows; a heading where the figure's title is not enough."""
    if heading:
        st.subheader(heading, anchor=False)
    st.caption(reading)


def draw(make: Callable[[], Any], key: str) -> None:
    """Draw a plotly figure over the width of the page; where it cannot be, say why."""
    try:
        figure = make()
    except PkdotError as error:
        st.warning(literal(error), icon=":material/warning:")
        return
    figure.update_layout(width=None, autosize=True)
    image = {"format": "png", "filename": f"pkdot-{key}", "scale": 2}
    config = {"displaylogo": False, "toImageButtonOptions": image}
    st.plotly_chart(figure, key=f"figure-{key}", theme=None, config=config)


def literal(text: object) -> str:
    """Text for Streamlit's Markdown that is shown as it is, without links, images or formulas."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~<>$:^-])", r"\\\1", " ".join(str(text).split()))
