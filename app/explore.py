"""The dashboard: ``streamlit run app/explore.py`` (or ``make app``).

This file holds the frame: pages, the choice of a record, the address, and what happens when
something goes wrong. Each page is a file in ``views``; what a page shows is computed in ``pkdot``.
"""

import logging
import sys
from pathlib import Path

import streamlit as st

from dashboard import (
    address,
    components,
    display,
    keys,
    lasting,
    navigation,
    record_picker,
    turns,
    widgets,
)
from pkdot.errors import PkdotError

# While a page computes, the same process hands the browser the code that draws figures, piece by
# piece; with Python's usual 5 ms per turn, the figures wait a second for it.
sys.setswitchinterval(0.0005)
# An icon of our own: Streamlit would fetch a named one from a server elsewhere.
st.set_page_config(
    page_title="PKDOT: what the student learned",
    page_icon=str(Path(__file__).with_name("icon.svg")),
    layout="wide",
    initial_sidebar_state=navigation.WIDTH,
)
address.read()
page = navigation.open_page()
address.turn_page(page.url_path)
links = st.sidebar.empty()
record_picker.choose_record()
display.choose_size()
display.write_style()
shown = navigation.show_links(links, page)
try:
    with turns.mine():
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
finally:  # a page may stop early, where there is nothing to show
    address.write()
    if shown != address.parameters():
        navigation.show_links(links, page)
keys.listen()
lasting.keep_modules()
widgets.keep_playing()
