"""Widgets whose values live in the address, so that a link reproduces the view."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

PACE = 1.0
"""Seconds between two steps of a slider that plays; a page is drawn well within them."""


def keep_valid(key: str, options: Sequence[Any]) -> None:
    """Take over a value that was set aside for a widget; forget one that is not possible here."""
    waiting = st.session_state.pop(f"{key} next", None)
    if waiting is not None and waiting in options:
        st.session_state[key] = waiting
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def set_aside(key: str, value: Any) -> None:
    """Give a widget a value that it takes when the page is drawn the next time."""
    st.session_state[f"{key} next"] = value


def slide(label: str, options: Sequence[Any], start: Any, *, key: str, **more: Any) -> Any:
    """A slider over the options; one option is stated rather than slid."""
    keep_valid(key, options)
    if len(options) == 1:
        st.caption(f"{label}: {options[0]}")
        return options[0]
    return st.select_slider(label, list(options), value=start, key=key, bind="query-params", **more)


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    names: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """A choice of a few, side by side; the first is the default. ``names`` are Markdown."""
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


def pick(label: str, options: Sequence[str], *, key: str, **more: Any) -> str:
    """A choice of many, as a list that can be searched."""
    keep_valid(key, options)
    return st.selectbox(label, list(options), key=key, bind="query-params", **more)


# -- a slider that plays -------------------------------------------------------------------------


def play_button(key: str, options: Sequence[Any]) -> None:
    """Start and stop a slider's playing; it goes on from where it stands, and ends at the end."""
    playing = st.session_state.get("playing") == key

    def turn() -> None:
        if playing:
            st.session_state.pop("playing", None)
            return
        st.session_state["playing"] = key
        if st.session_state.get(key) in (None, options[-1]):
            set_aside(key, options[0])

    st.button(
        "Pause" if playing else "Play",
        key=f"{key} button",
        icon=":material/pause:" if playing else ":material/play_arrow:",
        on_click=turn,
        width="stretch",
        help="Step through the epochs, one a second.",
    )
    st.session_state["play options"] = list(options) if playing else []


def keep_playing() -> None:
    """At the end of a page: where a slider plays, take its next step in a second."""
    key, options = st.session_state.get("playing"), st.session_state.pop("play options", [])
    if not key or not options:
        st.session_state.pop("playing", None)
        return
    here = st.session_state.get(key)
    following = options[options.index(here) + 1 :] if here in options else options
    if not following:
        st.session_state.pop("playing", None)
        st.rerun()
    st.session_state["play step"] = "waits"
    _step(key, following[0])


@st.fragment(run_every=PACE)
def _step(key: str, value: Any) -> None:
    if st.session_state.pop("play step", None) == "waits":  # drawn with its page: a second to go
        return
    set_aside(key, value)
    st.rerun(scope="app")
