"""A figure in words, for somebody who cannot see it."""

import html
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 600
"""Characters of a description."""
_MARKUP = re.compile(r"<[^>]*>")


def describe(figure: Any) -> str:
    """Title, how to read it, panels, axes and what is drawn, as plain sentences.

    Args:
        figure: a plotly figure that :func:`pkdot.figures.style.finish` has finished.
    """
    layout = figure.layout
    panels = [note.text for note in layout.annotations if note.text and note.showarrow is False]
    names = [trace.name for trace in figure.data if trace.name and trace.showlegend is not False]
    parts = {
        "": [layout.title.text],
        " ": [layout.title.subtitle.text],
        "Parts: ": panels,
        "Axes: ": list(_axis_titles(layout)),
        "Drawn: ": names,
    }
    sentences = []
    for start, texts in parts.items():
        words = list(dict.fromkeys(filter(None, map(_plain, texts))))
        if words:
            sentence = f"{start}{', '.join(words)}".strip()
            sentences.append(sentence if sentence.endswith("?") else f"{sentence}.")
    whole = " ".join(sentences)
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def _plain(text: Any) -> str:
    return " ".join(html.unescape(_MARKUP.sub(" ", str(text or ""))).split())


def _axis_titles(layout: Any) -> Iterator[str]:
    for name in layout:
        if name.startswith(("xaxis", "yaxis")) and layout[name].visible is not False:
            yield layout[name].title.text
        elif name == "coloraxis":
            yield layout[name].colorbar.title.text
