"""How large letters are, and what Streamlit's own style lacks for this page."""

import streamlit as st

from pkdot.figures.themes import theme_of

from . import widgets

PERCENT = 125
"""Of the usual size, for a projector."""
BASE = """
[data-testid=stMainBlockContainer] {padding: 1rem 2rem 1rem; max-width: 96rem}
[data-testid=stHeader] {background: transparent; height: 2rem; min-height: 2rem}
[data-testid=stMetricValue] {font-size: 1.45rem; padding-bottom: 0}
[data-testid=stMetricLabel] p {white-space: normal}
[data-testid=stCaptionContainer] {opacity: 0.85}
.st-key-answer {min-height: 9.5rem}
[data-testid=stButtonGroup] [role=radiogroup] {flex-wrap: wrap}
@media (max-width: 1150px) {
    .st-key-halves [data-testid=stHorizontalBlock]:has(> [data-testid=stColumn]) {flex-wrap: wrap}
    .st-key-halves [data-testid=stColumn] {min-width: 100%}
}
[data-testid=stTabs] [role=tabpanel] {padding-top: 0.5rem}
"""


PRIMARY = "button[kind=primary]:not(:disabled)"
DARK = f"{PRIMARY}, {PRIMARY} * {{color: {theme_of('dark').paper}}}"
"""Streamlit writes white on every primary button, which the dark theme's light blue makes pale."""


def write_style() -> None:
    """The style of every page, before anything else is drawn."""
    dark = DARK if st.context.theme.type == "dark" else ""
    large = f"html {{font-size: {PERCENT}%}}" if st.session_state.get("large") else ""
    st.html(f"<style>{BASE}{dark}{large}</style>")


def choose_size() -> None:
    """The switch in the side bar; figures read it, too, see :func:`components.figure_style`."""
    with st.sidebar:
        widgets.switch("Large type", key="large", help="For a projector; figures follow.")
