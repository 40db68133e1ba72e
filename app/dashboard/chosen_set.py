"""The corner where a set of samples gets a name, is taken away, and is found again."""

import re

import pandas as pd
import streamlit as st

from pkdot.errors import printable
from pkdot.record import RunRecord

from . import address, components, selection
from .selection import View

LONGEST_NAME = 40


def show(view: View, record: RunRecord, ids: list[str]) -> None:
    """How many samples are chosen, a name for them, their list as CSV, and earlier sets.

    Args:
        view: the samples of the page.
        record: of the samples.
        ids: names of those that are chosen.
    """
    known = st.session_state.setdefault("sets", {}).setdefault(str(record.path), {})
    name = printable(address.get("named"))[:LONGEST_NAME]
    if ids and name:
        known[name] = ids
    if not ids:
        st.caption("No set is chosen. Lasso samples, or search and press Enter.")
    else:
        label = f" as **{components.literal(name)}**" if name else ""
        st.caption(f"{len(ids)} of {len(view.ids)} samples are chosen{label}.")
        st.session_state["set name"] = name
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        left.text_input(
            "Name of this set",
            key="set name",
            max_chars=LONGEST_NAME,
            placeholder="e.g. the lost threes",
            on_change=lambda: address.put("named", st.session_state["set name"].strip()),
        )
        right.download_button(
            "IDs",
            lambda: pd.DataFrame({"sample_id": ids}).to_csv(index=False).encode(),
            f"pkdot-{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-') or 'samples'}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
            width="stretch",
            help="The names of the chosen samples, as CSV.",
        )
        if not address.get("chosen"):
            st.caption("Links lack this set: it is too long, or not of the probe.")
    if others := [other for other in known if other != name or not ids]:
        st.selectbox(
            "Sets of this tab",
            others,
            index=None,
            placeholder="choose a named set",
            key="set again",
            on_change=lambda: _again(record, known),
        )


def _again(record: RunRecord, known: dict[str, list[str]]) -> None:
    name = st.session_state.get("set again")
    if name in known:
        selection.choose_ids(record, known[name])
        address.put("named", name)
