"""The answer that Runs opens with: the student alone, this student, its teacher, the gap closed."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pkdot.errors import PkdotError, RecordError
from pkdot.record import RunRecord
from pkdot.record.control import ALONE, Gain, control_config, gain_of, pairs_of
from pkdot.record.listing import RecordSummary

from . import background_run, components, record_picker
from .selection import HASH_FUNCS

SHIPPED = ("digits",)
"""Data that the page may train on by itself; a record's settings could name anybody's files."""


def show_gain(record: RunRecord, found: dict[str, RecordSummary], words: Any) -> None:
    """Tiles with the three scores and the share of the gap that was closed.

    Args:
        record: the run.
        found: all records, among which its control is looked for.
        words: a primary score of the run as text, by network.
    """
    gain = None
    if record.method != ALONE:
        gain = components.kept(lambda: _gain(record, found), None)
    task, label = record.task, components.plain(record.task.primary.label)
    tiles: dict[str, Any] = {}
    if gain is not None:
        tiles["student alone"] = task.primary.text(gain.alone)
    for who in ("student", "teacher"):
        is_mean = gain is not None and len(gain.seeds) > 1
        text = task.primary.text(getattr(gain, who)) if is_mean else words(who)
        tiles[f"{who}, test {label}"] = text
    if gain is not None:
        tiles["gap closed"] = _share(gain, task.primary.higher_is_better)
    st.markdown(_verdict(record, gain))
    helps = {
        "student alone": "The same student, data and seed without any teacher (method none).",
        "gap closed": "Of the way from the student alone to the teacher, what this method went.",
    }
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        for name, value in tiles.items():
            delta = None
            if name.startswith("student, ") and gain is not None:
                delta = _difference(record, gain)
            more = {"help": helps.get(name), "width": "content", **_colour(record)}
            st.metric(name, value, delta, **more)
        with st.container(width=280):
            _say(record, gain)


def _gain(record: RunRecord, found: dict[str, RecordSummary]) -> Gain | None:
    """Cheap first: only records of the same corpus are opened."""
    same = [
        summary.path
        for summary in found.values()
        if summary.status == "finished" and summary.corpus == record.corpus
        and summary.method in (record.method, ALONE)
    ]  # fmt: skip
    opened = []
    for path in same:
        try:
            opened.append(record_picker.opened(path))
        except RecordError:  # the list of runs says what is wrong with it
            continue
    return _measured(record, opened)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=HASH_FUNCS)
def _measured(record: RunRecord, others: list[RunRecord]) -> Gain | None:
    return gain_of(pairs_of(record, others, _resolved))


def _resolved(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """All settings of a config, in the words of this kit; as they are where it has no such run."""
    from pkdot.experiments.config import ExperimentConfig  # loads what trains

    try:
        return ExperimentConfig.of(config).model_dump(mode="json")
    except PkdotError:
        return config


def _verdict(record: RunRecord, gain: Gain | None) -> str:
    """One sentence or two, Markdown, on whether the student gained from its teacher."""
    name = components.literal(record.name)
    if record.method == ALONE:
        return f"{name}: this student had no teacher; runs with one are measured against it."
    if gain is None:
        alone = "The same student without a teacher is not among the records."
        return f"{name}: **did it gain?** {alone}" if record.status == "finished" else name
    primary = record.task.primary
    gained = primary.factor * (gain.student - gain.alone)
    gained = gained if primary.higher_is_better else -gained
    unit = " points" if primary.percent else f" in {components.plain(primary.label)}"
    amount = f"{abs(gained):{primary.form}}{unit}"
    beside = _interval(record, gain, gained)
    alone = "the same student without a teacher"
    if float(f"{gained:{primary.form}}") == 0:
        return f"{name}: **it gained nothing**{beside} over {alone}.{_closed(gain)}"
    if gained < 0:
        return f"{name}: **it lost {amount}**{beside} to {alone}.{_closed(gain)}"
    return f"{name}: **it gained {amount}**{beside} over {alone}.{_closed(gain)}"


def _interval(record: RunRecord, gain: Gain, gained: float) -> str:
    """The interval of what was gained, or of what was lost, in brackets; empty without one."""
    if gain.gained is None:
        return ""
    primary = record.task.primary
    ends = [primary.factor * end for end in (gain.gained.low, gain.gained.high)]
    if float(f"{gained:{primary.form}}") < 0:
        ends = [-end for end in reversed(ends)]
    return f" (95 % interval {ends[0]:{primary.form}} to {ends[1]:{primary.form}})"


def _closed(gain: Gain) -> str:
    """The share of the gap with an interval of its own, what both are over, and a doubt."""
    text = ""
    if gain.closed is not None:
        closed = (gain.closed.mean, gain.closed.low, gain.closed.high)
        share, low, high = (f"{100 * end:.0f}" for end in closed)
        text = f" Gap closed: {share} % ({low} to {high} %)."
    if gain.gained is not None:
        text += f" Intervals are paired over {gain.gained.n} {components.plain(gain.over)}."
        if gain.gained.low <= 0 <= gain.gained.high:
            text += " The gain's includes 0: this may be chance."
    return text


def _share(gain: Gain, higher_is_better: bool) -> str:
    """The share in percent, also where it has no interval; a dash where there is no gap."""
    if gain.closed is not None:
        return f"{100 * gain.closed.mean:.0f} %"
    gap = _gap(gain, higher_is_better)
    return (
        f"{100 * (gain.student - gain.alone) / (gain.teacher - gain.alone):.0f} %" if gap else "–"
    )


def _gap(gain: Gain, higher_is_better: bool) -> float:
    """How much better the teacher is than the student alone; 0 where it is not."""
    gap = gain.teacher - gain.alone
    return max(0.0, gap if higher_is_better else -gap)


def _difference(record: RunRecord, gain: Gain) -> str:
    primary = record.task.primary
    change = primary.factor * (gain.student - gain.alone)
    return f"{change:+{primary.form}} {'points' if primary.percent else ''}".strip()


def _colour(record: RunRecord) -> dict[str, Any]:
    return {"delta_color": "normal" if record.task.primary.higher_is_better else "inverse"}


def _say(record: RunRecord, gain: Gain | None) -> None:
    """What the scores are means of, or how to get the control that is missing."""
    if record.method == ALONE:
        return
    if gain is not None:
        seeds = ", ".join(sorted(map(str, gain.seeds), key=lambda seed: (len(seed), seed)))
        over = f"Means over seeds {seeds}. " if len(gain.seeds) > 1 else ""
        if gain.closed is None:
            why = "The teacher is no better than the student alone: no gap to close."
            if _gap(gain, record.task.primary.higher_is_better):
                why = "No interval: the records keep no answers of both to the same test samples."
            st.caption(f"{over}{why}")
            return
        st.caption(over or "One seed alone; another may differ: run several.")
        return
    if record.status != "finished" or not record.config:
        return
    data = record.config.get("data")
    shipped = isinstance(data, dict) and data.get("name") in SHIPPED
    st.caption("Train it alone, same data and seed, to see what its teacher gave it.")
    if not shipped:
        command = ["python", "-m", "pkdot", "run", "--config", "control.json"]
        st.download_button(
            "Its settings",
            lambda: json.dumps(control_config(record), indent=1).encode(),
            "control.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
            help=f"Then: {shlex.join(command)}",
        )
        return
    run = background_run.shared_run()
    if not record_picker.is_private() or run.is_training:
        return
    if st.button(
        "Make the control",
        icon=":material/play_arrow:",
        key="make control",
        help="Trains the same student with the same seed and no teacher, in the background.",
    ):
        st.session_state["control of"] = record.run_id
        run.start_config(control_config(record))
        st.rerun()
