"""The pages, and links to them that keep what was chosen.

Streamlit's own list of pages would drop the address and write it again, two steps of the browser's
history for one; these links carry it.
"""

from typing import Any

import streamlit as st

from . import address

PAGES = {
    "runs": ("Runs", ":material/list:"),
    "pairs": ("Pairs", ":material/compare:"),
    "similarity": ("Similarity", ":material/grid_on:"),
    "anchors": ("Anchors", ":material/anchor:"),
    "transport": ("Transport", ":material/swap_horiz:"),
    "maps": ("Embeddings", ":material/scatter_plot:"),
    "samples": ("Samples", ":material/image:"),
    "yours": ("Your embeddings", ":material/upload_file:"),
}
"""Name of the file in ``views`` and path in the address -> title and icon."""
HOME = "runs"
WIDTH = 236
"""Pixels of the side bar."""
OTHER_PATHS = {"runs": "runs", "embeddings": "maps"}
"""Paths that people guess -> the page that they mean."""


def open_page() -> Any:
    """The page that the address asks for."""
    pages = [
        st.Page(
            f"views/{name}.py",
            title=title,
            icon=icon,
            # Its own path is the bare address; no other page may have the one that it gives up.
            url_path="home" if name == HOME else name,
            default=name == HOME,
        )
        for name, (title, icon) in PAGES.items()
    ]
    hidden = [
        st.Page(f"views/{name}.py", title=PAGES[name][0], url_path=path, visibility="hidden")
        for path, name in OTHER_PATHS.items()
    ]
    st.session_state["pages"] = pages
    return st.navigation([*pages, *hidden], position="hidden")


def show_links(place: Any, here: Any) -> dict[str, list[str]]:
    """Draw the list of pages.

    Args:
        place: an empty element; what it holds is replaced.
        here: the page that is shown, under whichever of its paths.

    Returns:
        The parameters that the links carry.
    """
    parameters = address.parameters()
    with place.container(gap="xxsmall"):
        for page in st.session_state["pages"]:
            own = here if here.title == page.title else page
            st.page_link(
                own,
                label=page.title,
                icon=page.icon,
                query_params=parameters or None,
                width="stretch",
            )
    return parameters
