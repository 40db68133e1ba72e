"""The page's address: what was chosen stands in it, so that a link shows the same to anybody.

It is read once, before any widget is made, and again where the reader goes back or forward; after
that the tab's own state counts. Each run ends by writing the address, which the browser keeps as
one step of its history.
"""

from collections.abc import Iterable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

WIDGETS = (
    "run", "epoch", "source", "target", "sample", "k", "blur", "policy", "flow", "panel",
    "projection", "colour", "order", "sort", "class", "stage", "answers", "label", "large",
    "sequence",
    "tables", "view", "corpus", "situation", "least", "methods",
)  # fmt: skip
"""Widgets whose values the address holds, under their keys."""
LAB = ("lab_method", "lab_strength", "lab_k", "lab_blur", "lab_n_labelled", "lab_wrong")
OTHERS = ("with", "chosen", "named", "gain", *LAB)
NAMES = (*WIDGETS, *OTHERS)
LONGEST = 2000
"""Characters of a value that is read."""
_KEPT = "address"


def read() -> None:
    """Take the address over: in a new tab, and where the reader went back or forward."""
    context = get_script_run_ctx()
    if _KEPT in st.session_state and not (context and context.is_history_navigation):
        return
    found = {name: st.query_params.get_all(name) for name in NAMES if name in st.query_params}
    st.session_state[_KEPT] = {
        name: [value for value in values if len(value) <= LONGEST] for name, values in found.items()
    }
    _forget("chosen ids", *WIDGETS)


def turn_page(page: str) -> None:
    """Where another page begins: its widgets are made anew, from the address.

    Streamlit knows them by page and key, and would start a widget of the same key elsewhere.
    """
    if st.session_state.get("page here") != page:
        st.session_state["page here"] = page
        _forget(*WIDGETS)


def _forget(*names: str) -> None:
    for name in names:
        st.session_state.pop(name, None)


def get_all(name: str) -> list[str]:
    """All values of a name; none where the address does not have it."""
    return list(st.session_state.get(_KEPT, {}).get(name, []))


def get(name: str) -> str:
    """The value of a name; empty where the address does not have it."""
    return next(iter(get_all(name)), "")


def put(name: str, values: str | Iterable[str]) -> None:
    """Set a name's value, or its values; empty takes it out."""
    assert name in NAMES, name
    kept = st.session_state.setdefault(_KEPT, {})
    several = [values] if isinstance(values, str) else list(values)
    kept.pop(name, None)
    if any(several):
        kept[name] = several


def parameters() -> dict[str, list[str]]:
    """What the address of this view is; whatever it says, it names its record."""
    kept = st.session_state.get(_KEPT, {})
    if not kept:
        return {}
    run = st.session_state.get("run")
    whole = {**({"run": [run]} if run else {}), **kept}
    return {name: whole[name] for name in NAMES if name in whole}


def write() -> None:
    """At the end of a run: bring the browser's address up to date."""
    wanted = parameters()
    if wanted != {name: st.query_params.get_all(name) for name in st.query_params}:
        st.query_params.from_dict(wanted)
