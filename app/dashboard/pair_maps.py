"""Both maps in one component of our own, drawn in the browser by the files of ``frontend``.

The arrays travel as bytes in a message of their own. Streamlit keeps it in the browser for as long
as it stays the same, so that a click or a slider of another panel does not send them again.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pkdot.analysis.projection import Maps
from pkdot.errors import printable
from pkdot.figures import FigureStyle, marker_palette
from pkdot.figures.flows import kind_colours
from pkdot.figures.palette import MarkerPalette

from . import method_steps
from .selection import HASH_FUNCS, View

HEIGHT = 528
"""Pixels of both maps with their tools, and of what stands beside them."""
LARGE = 1.25
"""Of it, in large type."""
MOST = 50_000
"""Samples of a map."""
KEY = "pairs"
_FILES = Path(__file__).with_name("frontend")


def _read(*names: str) -> str:
    return "\n".join((_FILES / name).read_text(encoding="utf-8") for name in names)


_keep_arrays = st.components.v2.component("pkdot_pair_arrays", js=_read("store.js"))
_show_maps = st.components.v2.component(
    "pkdot_pair_maps",
    html=_read("pairs.html"),
    css=_read("pairs.css"),
    js=_read("chosen.js", "raster.js", "panel.js", "details.js", "pairs.js"),
)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=HASH_FUNCS)
def packed_view(view: View) -> tuple[str, bytes]:
    """What :func:`pack` makes of a view; its markers' numbers are the same in either theme."""
    palette = marker_palette(view.samples.by_class())
    return pack(view.ids, method_steps.maps(view), palette)


def pack(ids: list[str], maps: Maps, palette: MarkerPalette) -> tuple[str, bytes]:
    """Both maps of N samples as ``frontend/store.js`` reads them.

    Four bytes of the header's length; the header, JSON, padded to a multiple of four; teacher's and
    student's coordinates, float32 (N, 2) each; the markers' numbers, int16 (N,).

    Returns:
        The key under which the browser keeps them, and the bytes.
    """
    arrays = b"".join(
        np.ascontiguousarray(array, dtype=kind).tobytes()
        for array, kind in ((maps.teacher, "<f4"), (maps.student, "<f4"), (palette.numbers, "<i2"))
    )
    names = [printable(name)[:80] for name in ids]
    samples = hashlib.blake2b(json.dumps(names).encode(), digest_size=12).hexdigest()
    key = hashlib.blake2b(samples.encode() + arrays, digest_size=12).hexdigest()
    header = json.dumps({"key": key, "samples": samples, "names": names}).encode()
    header += b" " * (-len(header) % 4)
    return key, len(header).to_bytes(4, "little") + header + arrays


def show_maps(
    packed: tuple[str, bytes],
    palette: MarkerPalette,
    style: FigureStyle,
    *,
    titles: tuple[str, str],
    selected: int,
    chosen: str,
    details: dict[str, Any] | None,
    words: str,
    on_pick: Callable[[int], None],
    on_lasso: Callable[[str], None],
) -> None:
    """Draw both maps and what is known of the chosen sample.

    Args:
        packed: what :func:`packed_view` returned.
        palette: markers of the samples.
        style: theme of the page.
        titles: over the teacher's map and the student's.
        selected: position of the one sample that is followed; -1 for none.
        chosen: the set that stands out, see :mod:`dashboard.chosen`.
        details: of the one sample, see :func:`dashboard.pair_details.details_of`.
        words: what the maps show, for somebody who cannot see them.
        on_pick: called with the position of a sample that was clicked.
        on_lasso: called with a set that was lassoed or searched; empty for none.
    """
    key, arrays = packed
    colours = style.colours
    height = round(HEIGHT * (LARGE if style.large else 1))
    theme = {name: getattr(colours, name) for name in ("paper", "ink", "faint", "neutral")}
    theme |= {"teacher": colours.teacher, "student": colours.student}
    kinds = ("itself", "within", "away", "unknown")
    theme |= dict(zip(kinds, kind_colours(colours), strict=True))
    with st.container(key="pair-maps"):
        st.html(
            f"<style>.st-key-pair-maps {{--teacher: {colours.teacher}; --student: "
            f"{colours.student}; --height: {height - 4}px}} "
            ".st-key-pair-arrays {display: none}</style>"
        )
        with st.container(key="pair-arrays"):
            _keep_arrays(data=arrays, key="pair arrays")
        _show_maps(
            key=KEY,
            height=height,
            data={
                "arrays": key,
                "colours": theme,
                "palette": palette.markers,
                "legend": [(marker[:2], marker[2]) for marker in palette.legend],
                "by": palette.by,
                "titles": titles,
                "selected": selected,
                "chosen": chosen,
                "details": details,
                "words": words,
            },
            on_picked_change=lambda: _take("picked", on_pick),
            on_lassoed_change=lambda: _take("lassoed", on_lasso),
        )


def _take(event: str, act: Callable[[Any], None]) -> None:
    value = st.session_state[KEY].get(event)
    if value is not None:
        act(value)
