"""The corner of the page where a visitor makes a run and watches it."""

import streamlit as st

from . import background_run, record_picker, widgets
from .components import literal


def offer(fresh: bool) -> None:
    """A button that makes a digits run, or how far the one in the making is.

    Args:
        fresh: whether there is no run of one's own yet; the corner is then open.
    """
    desk = background_run.desk()
    if ended := desk.outcome():
        _tell(*ended)
    if desk.busy:
        with st.container(border=True):
            _watch()
        return
    if not record_picker.is_private():
        st.caption("This page makes runs only where it listens on its own machine alone.")
        return
    with st.expander(
        "Make a run: real images, about a minute", icon=":material/add:", expanded=fresh
    ):
        st.caption(
            "A teacher sees 8×8 digits, its student noisy 4×4 views of them. The run trains in the "
            "background, and its record appears in the list."
        )
        left, middle, right, button = st.columns([5, 3, 2, 2], vertical_alignment="bottom")
        with left:
            method = st.selectbox(
                "How the student learns",
                list(background_run.METHODS),
                format_func=background_run.METHODS.__getitem__,
                key="new method",
            )
        with middle:
            labels = st.select_slider(
                "Labelled samples", background_run.LABELS, value=100, key="new labels"
            )
        with right:
            seed = st.number_input("Seed", 0, 9999, 0, key="new seed")
        with button:
            if st.button("Make it", type="primary", key="make", width="stretch"):
                desk.start(method, int(seed), int(labels))
                st.rerun()


def _tell(run: str | None, problem: str) -> None:
    """Look at the new record, or say why there is none."""
    if not problem and run:
        widgets.set_aside("run", run)
        st.session_state["made"] = run
        st.rerun()
    st.warning(f"The run ended before its time: {literal(problem)}", icon=":material/warning:")


@st.fragment(run_every=1.0)
def _watch() -> None:
    desk = background_run.desk()
    if not desk.busy:
        st.rerun(scope="app")
    progress = desk.progress()
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(progress.share, f"A run is made: {progress.words}.")
    if right.button("Stop", icon=":material/stop:", key="stop", width="stretch"):
        desk.stop()
        st.rerun(scope="app")
