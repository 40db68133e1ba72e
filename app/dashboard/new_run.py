"""The corner of the page where a visitor starts a run and watches it."""

import streamlit as st

from . import background_run, lasting, record_picker, widgets
from .components import literal


def offer(fresh: bool) -> None:
    """A button that starts a digits run, or how far the one in training is.

    Args:
        fresh: whether there is no run of one's own yet; the button then stands out.
    """
    run = background_run.shared_run()
    if ended := run.outcome():
        _report(*ended)
    if run.is_training:
        with st.container(border=True):
            _watch()
        return
    if not record_picker.is_private():
        st.caption("This page makes runs only where it listens on its own machine alone.")
        return
    with st.popover(
        "Make a run",
        icon=":material/add:",
        type="primary" if fresh else "secondary",
        help="Real images, about a minute.",
    ):
        st.caption(
            "A teacher sees 8×8 digits, its student noisy 4×4 views of them. The run trains in the "
            "background, and its record appears in the list."
        )
        method = st.selectbox(
            "How the student learns",
            list(background_run.METHODS),
            format_func=background_run.METHODS.__getitem__,
            key="new method",
        )
        labels = st.select_slider(
            "Labelled samples", background_run.LABELS, value=100, key="new labels"
        )
        seed = st.number_input("Seed", 0, 9999, 0, key="new seed")
        if st.button("Make it", type="primary", key="make", width="stretch"):
            run.start(method, int(seed), int(labels))
            st.rerun()


def _report(key: str | None, problem: str) -> None:
    """Open the new record on all pages, or say why there is none."""
    if not problem and key:
        if st.session_state.pop("control of", None) is None:  # a control leaves its run open
            widgets.set_aside("run", key)
        st.session_state["ended run"] = key
        st.rerun()
    st.warning(f"The run ended before its time: {literal(problem)}", icon=":material/warning:")


@st.fragment(run_every=1.0)
def _watch() -> None:
    lasting.keep_modules()
    run = background_run.shared_run()
    if not run.is_training:
        st.rerun(scope="app")
    progress = run.progress()
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(progress.share, f"A run is made: {progress.words}.")
    if right.button("Stop", icon=":material/stop:", key="stop", width="stretch"):
        run.stop()
        st.rerun(scope="app")
