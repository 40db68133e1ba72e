"""Keys of every page: ``/`` goes to the search, arrows to the epoch before or after."""

from pathlib import Path

import streamlit as st

from . import widgets

KEY = "keys"
_listen = st.components.v2.component(
    "pkdot_keys",
    js=Path(__file__).with_name("frontend").joinpath("keys.js").read_text(encoding="utf-8"),
)


def listen() -> None:
    """Take keys that no field, slider or table wants."""
    with st.sidebar.container(key="keys-of-the-page"):
        st.html("<style>.st-key-keys-of-the-page {display: none}</style>")
        _listen(key=KEY, data={}, on_stepped_change=_step)


def _step() -> None:
    by = st.session_state[KEY].get("stepped")
    if by in (-1, 1):
        widgets.step("epoch", st.session_state.get("epochs here", []), by)
