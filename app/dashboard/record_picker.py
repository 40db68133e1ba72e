"""Which records there are, and the one that all pages show.

Records come from the runs directory and from the example in the repository, never from a path
that a visitor types.
"""

from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from pkdot.errors import PkdotError, printable
from pkdot.record import RunRecord, open_record, runs_directory, schema
from pkdot.record.listing import RecordSummary, list_records, summarise
from pkdot.record.location import control_directory, example_directory

from . import address, lasting, widgets
from .components import literal

EXAMPLE = example_directory()
EXAMPLE_KEY, CONTROL_KEY = "example/", "example-control/"
"""No folder has a slash in its name, so no run of one's own can hide the example."""
SWEEP = "sweeps/"
"""Before the name of a record that a sweep kept."""
LOCAL_ADDRESSES = ("127.0.0.1", "localhost", "::1")
FOLLOW_SECONDS = 2.0
LONGEST = 150
"""Characters of a title."""


def records() -> dict[str, RecordSummary]:
    """Every record that can be chosen, by key: the runs, newest first, the example, its control."""
    found = {printable(s.path.name): s for s in list_records(runs_directory(), opened)}
    for key, path in ((EXAMPLE_KEY, EXAMPLE), (CONTROL_KEY, control_directory(EXAMPLE))):
        if (path / schema.MANIFEST).is_file():
            found[key] = summarise(path, opened)
    asked = (address.get("run"), *(st.session_state.get(key) for key in ("run", "run next")))
    for key in dict.fromkeys(asked):  # of the many records of a sweep those that were opened
        if isinstance(key, str) and (path := _of_sweep(key)):
            found[key] = summarise(path, opened)
    return found


def is_example(key: str) -> bool:
    """Whether a key is that of a record which comes with the kit."""
    return key in (EXAMPLE_KEY, CONTROL_KEY)


def sweep_key(path: Path) -> str:
    """The key of a record that a sweep kept; see :func:`records`."""
    return f"{SWEEP}{printable(path.name)}"


def _of_sweep(key: str) -> Path | None:
    """The record of a sweep with that key: one of the folders that are there."""
    if not key.startswith(SWEEP):
        return None
    runs = runs_directory()
    for folder in (runs.parent / "sweeps" / "records", *sorted(runs.glob("*/records"))):
        with suppress(OSError):
            for path in folder.iterdir():
                if sweep_key(path) == key and (path / "run.json").is_file():
                    return path
    return None


def opened(path: Path) -> RunRecord:
    """A record; one that has ended is kept, for all visitors, until its ``run.json`` changes.

    Raises:
        RecordError: as :func:`pkdot.record.open_record`.
    """
    try:
        now = (path / schema.MANIFEST).lstat()
    except OSError:
        return open_record(path)
    record = _kept(str(path), now.st_mtime_ns, now.st_size, now.st_ino)
    return record if record.status in ("finished", "failed") else open_record(path)


@st.cache_resource(max_entries=1000, show_spinner=False)
def _kept(path: str, *stamp: int) -> RunRecord:
    return open_record(path)


def titles(found: dict[str, RecordSummary]) -> dict[str, str]:
    """A short title a record, for lists; those that would read alike get their key, too."""
    short = {key: _title(key, summary) for key, summary in found.items()}
    counts = Counter(short.values())
    return {key: f"{t} · {key}" if counts[t] > 1 else t for key, t in short.items()}


def _title(key: str, summary: RecordSummary) -> str:
    if summary.status == "damaged":
        return f"{key.rstrip('/')} (damaged)"
    words = ["example"] if is_example(key) else []  # first, as a narrow list cuts the end off
    words += [summary.corpus or summary.name, summary.method]
    words += [] if summary.seed is None else [f"seed {summary.seed}"]
    status = "" if summary.status == "finished" else f" ({summary.status})"
    return printable(" · ".join(word for word in words if word))[:LONGEST] + status


def began(summary: RecordSummary) -> str:
    """When a run began, as people write it."""
    try:
        return datetime.fromisoformat(summary.created).strftime("%d %b %Y, %H:%M UTC")
    except ValueError:
        return ""


def is_private() -> bool:
    """Whether the page listens on this machine alone."""
    return str(st.get_option("server.address") or "") in LOCAL_ADDRESSES


def choose_record() -> None:
    """The record's choice in the side bar; it stands in the address as ``run``."""
    found = records()
    if not is_private():
        listens_on = str(st.get_option("server.address") or "every address of this machine")
        st.sidebar.warning(
            f"This page can be reached from elsewhere: it listens on {literal(listens_on)}."
        )
    if not found:
        return
    opens = [key for key, summary in found.items() if summary.status != "damaged"]
    first = EXAMPLE_KEY if EXAMPLE_KEY in opens else (opens or list(found))[0]
    linked, keys = address.get("run"), list(found)
    if linked and linked not in found:
        st.sidebar.warning(
            f"The link names {literal(linked[:60])}, a record that is not here; this is another.",
            icon=":material/link_off:",
        )
        address.put("run", "")
    widgets.prepare("run", keys, first)
    run = st.sidebar.selectbox(
        "Record",
        keys,
        format_func=titles(found).__getitem__,
        key="run",
        help="One run of an experiment. Runs appear here by themselves; type to search.",
    )
    widgets.note("run", run, keys, first)
    summary = found[run]
    if summary.simulated:
        st.sidebar.badge("simulated data", icon=":material/science:", color="violet")
    words = (summary.status, literal(began(summary)))
    st.sidebar.caption(
        f"{literal(titles(found)[run])}  \n" + " · ".join(word for word in words if word)
    )


def chosen_record(*, metrics: bool = False) -> RunRecord:
    """The record that was chosen, opened; a sentence gives its status where it is not finished.

    Stops the page with a sentence where there is none. A page shows what a running record has
    logged since: embeddings, and where it draws ``metrics`` those of every epoch too.
    """
    summary = records().get(st.session_state.get("run", ""))
    if summary is None:
        st.info(
            f"There is no run yet in {literal(runs_directory())}. Make one on the page *Runs*, by "
            f"`make demo`, or by `python -m pkdot run`.",
            icon=":material/info:",
        )
        st.stop()
    record = opened(summary.path)
    if summary.status == "damaged":
        st.warning(literal(summary.sentence), icon=":material/warning:")
    elif record.status == "failed":
        st.error(literal(record.sentence), icon=":material/error:")
    elif record.status != "finished":
        st.info(literal(record.sentence), icon=":material/info:")
    if record.status == "running":
        with st.sidebar:
            _follow(record.path, metrics, _progress(record.path, metrics))
    return record


def _progress(path: Path, metrics: bool) -> tuple[Any, ...]:
    """What changes when a run logs something; ``metrics`` change with every epoch."""
    record, logged = open_record(path), path / schema.METRICS
    when = logged.stat().st_mtime_ns if metrics and logged.is_file() else 0
    return record.status, record.epochs, when


@st.fragment(run_every=FOLLOW_SECONDS)
def _follow(path: Path, metrics: bool, seen: tuple[Any, ...]) -> None:
    """Draw the page again when the run has logged more."""
    lasting.keep_modules()  # a page that waits is not drawn as a whole
    st.caption(":material/autorenew: It is training: the page follows it.")
    try:
        changed = _progress(path, metrics) != seen
    except (PkdotError, OSError):  # the page itself says what is wrong
        changed = True
    if changed:
        st.rerun(scope="app")
