"""The dashboard: ``streamlit run app/explore.py`` (or ``make app``).

This file holds the frame: pages, the choice of a record, and what happens when something goes
wrong. Each page is a file in ``views``; what a page shows is computed in ``pkdot``.
"""

import logging
import sys
from pathlib import Path

import streamlit as st

from dashboard import components, lasting, record_picker, widgets
from pkdot.errors import PkdotError

PAGES = (
    ("runs", "Runs", ":material/list:"),
    ("similarity", "Similarity", ":material/grid_on:"),
    ("anchors", "Anchors", ":material/anchor:"),
    ("transport", "Transport", ":material/swap_horiz:"),
    ("maps", "Embeddings", ":material/scatter_plot:"),
    ("samples", "Samples", ":material/image:"),
)

# While a page computes, the same process hands the browser the code that draws figures, piece by
# piece; with Python's usual 5 ms per turn, the figures wait a second for it.
sys.setswitchinterval(0.0005)
# An icon of our own: Streamlit would fetch a named one from a server elsewhere.
st.set_page_config(
    page_title="PKDOT: what the student learned",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
)
st.html(
    "<style>[data-testid=stMainBlockContainer] {padding: 2.5rem 2.5rem 4rem; max-width: 88rem} "
    "[data-testid=stHeader] {background: transparent}</style>"
)
pages = [
    st.Page(f"views/{name}.py", title=title, icon=icon, url_path=name, default=name == "runs")
    for name, title, icon in PAGES
]
page = st.navigation(pages)
record_picker.choose_record()
try:
    page.run()
except PkdotError as error:
    st.error(components.literal(error), icon=":material/error:")
except Exception:
    logging.getLogger("pkdot.app").exception("the page %r failed", page.title)
    st.error(
        "This page could not be drawn. The terminal that runs it shows why; another record or "
        "another page may work.",
        icon=":material/error:",
    )
lasting.keep_modules()
widgets.keep_playing()
