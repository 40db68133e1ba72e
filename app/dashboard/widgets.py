"""Widgets whose values live in the address, so that a link reproduces the view."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pkdot.errors import printable

from . import address

PACE = 1.0
"""Seconds between two steps of a slider that plays; a page is drawn well within them."""


def set_aside(key: str, value: Any) -> None:
    """Give a widget a value that it takes when the page is drawn the next time."""
    st.session_state[f"{key} next"] = value


def prepare(
    key: str, options: Sequence[Any], start: Any, names: dict[str, str] | None = None
) -> None:
    """Give a widget its value before it is made.

    That is what was set aside for it, what the reader chose, what the address says (an option or
    its name), or ``start``: the first of them that is possible here.
    """
    waiting = st.session_state.pop(f"{key} next", None)
    if waiting is not None and waiting in options:
        st.session_state[key] = waiting
    if key not in st.session_state or st.session_state[key] not in options:
        linked = address.get(key)
        said = {text: option for option, text in (names or {}).items()}
        said |= {str(option): option for option in options}
        st.session_state[key] = said.get(linked, start)


def note(key: str, value: Any, options: Sequence[Any], start: Any) -> Any:
    """Write a widget's value into the address, unless it is where the widget starts anyway.

    What the address says stays where it is not possible here, and neither is anything else chosen:
    another record or page may have it.
    """
    linked = address.get(key)
    if value != start or any(str(option) == linked for option in options):
        address.put(key, str(value))
    return value


def slide(label: str, options: Sequence[Any], start: Any, *, key: str, **more: Any) -> Any:
    """A slider over the options; one option is stated rather than slid."""
    if len(options) == 1:
        st.caption(f"{label}: {options[0]}")
        return options[0]
    prepare(key, options, start)
    # The browser knows a slider's value by its words: where these change, it needs the new ones.
    words = [str(more.get("format_func", str)(option)) for option in options]
    if words != st.session_state.get(f"{key} words"):
        st.session_state[f"{key} words"] = words
        st.session_state[key] = st.session_state[key]
    return note(key, st.select_slider(label, list(options), key=key, **more), options, start)


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    names: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """A choice of a few, side by side; the first is the default. ``names`` are Markdown."""
    prepare(key, options, options[0], names)
    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=lambda option: (names or {}).get(option, option),
        key=key,
        **more,
    )
    return str(note(key, chosen, options, options[0]))


def pick(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    names: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """A choice of many, as a list that can be searched. ``names`` are plain text."""
    prepare(key, options, options[0], names)
    if names:
        more["format_func"] = lambda option: printable(names.get(option, option))
    return str(note(key, st.selectbox(label, list(options), key=key, **more), options, options[0]))


def switch(label: str, *, key: str, start: bool = False, **more: Any) -> bool:
    """A switch that is on or off."""
    prepare(key, (False, True), start)
    return bool(note(key, st.toggle(label, key=key, **more), (False, True), start))


# -- tabs ----------------------------------------------------------------------------------------


def tabs(names: dict[str, str], *, key: str = "panel", start: str | None = None) -> tuple[str, Any]:
    """Tabs of which only the open one is computed; it stands in the address.

    Args:
        names: of each tab for the address -> its label, plain text.
        key: of the widget; one is enough, as pages are made one at a time.
        start: name of the tab that is open at first; the first by default.

    Returns:
        The name of the tab that is open, and the place for what it shows.
    """
    labels = list(names.values())
    waiting = st.session_state.get(f"{key} next")
    if waiting in names:
        set_aside(key, names[waiting])
    start = next(iter(names)) if start is None else start
    prepare(key, labels, names[start], {label: name for name, label in names.items()})
    places = st.tabs(labels, key=key, on_change="rerun")
    opened = next((i for i, place in enumerate(places) if place.open), 0)
    name = list(names)[opened]
    return note(key, name, list(names), start), places[opened]


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


def step(key: str, options: Sequence[Any], by: int) -> None:
    """Move a slider by one, where it goes on that way."""
    here = st.session_state.get(key)
    if here in options and 0 <= (place := options.index(here) + by) < len(options):
        set_aside(key, options[place])


@st.fragment(run_every=PACE)
def _step(key: str, value: Any) -> None:
    if st.session_state.pop("play step", None) == "waits":  # drawn with its page: a second to go
        return
    set_aside(key, value)
    st.rerun(scope="app")
