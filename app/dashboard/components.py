"""What all pages are built of: panels, figures with downloads, tiles, and text made harmless.

Names inside a record are a stranger's words: see :func:`literal`.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from pkdot.errors import PkdotError, RecordError, printable
from pkdot.figures import FigureStyle
from pkdot.figures.description import describe

Part = TypeVar("Part")
FIGURE_TOOLS = {"displaylogo": False, "modeBarButtonsToRemove": ["autoScale2d"]}


def figure_style(simulated: bool) -> FigureStyle:
    """The style of a figure in the visitor's theme and size of letters, as wide as the page."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return FigureStyle(theme, simulated, width=None, large=bool(st.session_state.get("large")))


@dataclass(frozen=True)
class Reading:
    """What stands under a figure.

    Attributes:
        line: one line on what to do or see, at most fifteen words.
        more: how to read the figure, behind a question mark.
        why: why it is shown, behind it as well.
    """

    line: str
    more: str = ""
    why: str = ""

    def write(self) -> None:
        """The line, and the question mark after it where there is more to say."""
        more = f"{self.more} **Why:** {self.why}" if self.why else self.more
        st.caption(self.line, help=more.strip() or None)


def panel(reading: str, why: str = "", heading: str = "") -> None:
    """One line on what follows, why it is shown behind a question mark, and a heading."""
    if heading:
        st.subheader(heading, anchor=False)
    Reading(reading, why=why).write()


def draw(
    build: Callable[[], Any],
    key: str,
    reading: Reading | None = None,
    *,
    data: Callable[[], Any] | None = None,
    on_pick: Callable[[list[Any]], None] | None = None,
    pick: Sequence[str] = ("points",),
) -> None:
    """Draw a plotly figure over the width of its place; where it cannot be, say why.

    Somebody who cannot see it is told what it shows, see :func:`describe`.

    Args:
        build: returns the figure.
        key: names it on the page and in downloads.
        reading: how to read it; stands under it.
        data: returns the table behind it, offered as CSV.
        on_pick: called with the ``customdata`` of the points that were clicked or lassoed, before
            the page is drawn again.
        pick: how points are picked: points, box, lasso.
    """
    try:
        figure = build()
    except PkdotError as error:
        st.warning(literal(error), icon=":material/warning:")
        return
    image = {"format": "png", "filename": f"pkdot-{key}", "scale": 2}
    widget = f"figure-{key}"
    options: dict[str, Any] = {}
    if on_pick is not None:

        def picked() -> None:
            points = st.session_state[widget]["selection"]["points"]
            on_pick([point["customdata"] for point in points if point.get("customdata")])

        options = {"on_select": picked, "selection_mode": list(pick)}
    st.plotly_chart(
        figure,
        key=widget,
        theme=None,
        config={**FIGURE_TOOLS, "toImageButtonOptions": image},
        alt=vars(figure).get("words") or describe(figure),
        **options,
    )
    _foot(figure, key, reading, data)


def _foot(figure: Any, key: str, reading: Reading | None, data: Callable[[], Any] | None) -> None:
    """How to read it, and what the reader can take away, built only when it is asked for."""
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
    ):
        if reading is not None:
            reading.write()
        if data is not None:
            st.download_button(
                "Data",
                lambda: data().to_csv(index=False).encode(),
                f"pkdot-{key}.csv",
                "text/csv",
                key=f"csv-{key}",
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
                help="The numbers of this figure, as CSV.",
            )
        st.download_button(
            "Figure",
            lambda: figure.to_html(include_plotlyjs=True).encode(),
            f"pkdot-{key}.html",
            "text/html",
            key=f"html-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help="This figure as a page of its own (HTML) that opens without a network; the "
            "camera over the figure gives a PNG.",
        )


def tiles(values: dict[str, Any], helps: dict[str, str] | None = None) -> None:
    """Numbers side by side, on a second line where they do not fit."""
    with st.container(horizontal=True, gap="medium"):
        for name, value in values.items():
            st.metric(name, value, help=(helps or {}).get(name), width="content")


def title(words: str, **more: Any) -> None:
    """The one title of a page."""
    st.header(words, anchor=False, **more)


def halves(widths: Sequence[int]) -> list[Any]:
    """Places beside each other, under each other where the window is narrow."""
    with st.container(key="halves"):
        return st.columns(widths, gap="medium")


def bar() -> Any:
    """A line of controls, which goes on in the next line where the window is narrow."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small")


def kept(read: Callable[[], Part], otherwise: Part) -> Part:
    """A part of a record; where it is damaged, a sentence says so and the page goes on without."""
    try:
        return read()
    except RecordError as error:
        st.error(literal(error), icon=":material/error:")
        return otherwise


def number(value: float | None, form: str = ".2f", unit: str = "") -> str:
    """A number as it stands on a tile; a dash where there is none."""
    return "–" if value is None or value != value else f"{value:{form}}{unit}"


def literal(text: object) -> str:
    """Text for Streamlit's Markdown that is shown as it is, without links, images or formulas."""
    words = printable(" ".join(str(text).split()))
    words = re.sub(r"([\\`*_{}\[\]()#+!|~<>$:^&@-])", r"\\\1", words)
    return re.sub(r"\bwww\.", r"www\\.", words, flags=re.IGNORECASE)  # else a link by itself


def plain(text: object, longest: int = 40) -> str:
    """Text for Streamlit's Markdown, cut to a length, where figures would write it cleaned."""
    words = html.unescape(" ".join(str(text).split()))
    return literal(words if len(words) <= longest else words[: longest - 1] + "…")
