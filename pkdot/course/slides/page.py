"""A deck as one page of reveal.js, and the page that lists the decks."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import fields

from ...figures.themes import THEMES
from .assets import FOLDER
from .deck import Deck, Part, Slide

_HEAD = """<!doctype html>
<html lang="en"{state}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{assets}/reset.css">
<link rel="stylesheet" href="{assets}/reveal.css">
<link rel="stylesheet" href="{assets}/deck.css">
"""
_PAGE = (
    _HEAD
    + """</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script type="application/json" id="night">{night}</script>
<script>
window.MathJax = {{
  tex: {{ inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]] }},
  svg: {{ scale: 0.92 }},
  options: {{ enableMenu: false }},
}};
</script>
<script src="{assets}/mathjax.js"></script>
<script src="{assets}/plotly.js"></script>
<script src="{assets}/reveal.js"></script>
<script src="{assets}/notes.js"></script>
<script src="{assets}/deck.js"></script>
</body>
</html>
"""
)
_INDEX = (
    _HEAD
    + """</head>
<body class="index">
<main>
<h1>{title}</h1>
<ol start="0">
{links}
</ol>
<p>Space goes on, <kbd>Esc</kbd> shows all slides, <kbd>N</kbd> shows the notes below a slide,
<kbd>T</kbd> changes between light and dark. To print, add <code>?print-pdf</code> to the
address of a deck. For notes in a window of their own, type <code>python -m http.server</code> in
this folder, open a deck from there, and press <kbd>S</kbd>.</p>
</main>
</body>
</html>
"""
)


def deck_page(deck: Deck) -> str:
    """The page of a deck; it loads nothing but what ``copy_assets`` laid beside it."""
    stacks = [
        "<section>\n" + "\n".join(map(_section, section)) + "\n</section>"
        for section in deck.sections
    ]
    return _PAGE.format(
        state=" data-drawing",
        title=html.escape(deck.title),
        assets=FOLDER,
        slides="\n".join(stacks),
        night=_in_script(json.dumps(night_colours())),
    )


def index_page(titles: Mapping[str, str]) -> str:
    """The page that lists decks: file name -> title."""
    links = [
        f'<li value="{_number(title)}"><a href="{html.escape(name)}">'
        f"{html.escape(re.sub(r'^[0-9]+[.] ', '', title))}</a></li>"
        if _number(title)
        else f'<li><a href="{html.escape(name)}">{html.escape(title)}</a></li>'
        for name, title in titles.items()
    ]
    return _INDEX.format(state="", title="PKDOT: slides", assets=FOLDER, links="\n".join(links))


def night_colours() -> dict[str, str]:
    """Colour of the light theme -> that of the dark one, by which a drawn figure changes."""
    found: dict[str, str] = {}
    for field in fields(THEMES["light"]):
        light, dark = (getattr(THEMES[name], field.name) for name in ("light", "dark"))
        pairs = [(light, dark)] if isinstance(light, str) else zip(light, dark, strict=True)
        for day, night in pairs:
            found.setdefault(day, night)
    return found


def _number(title: str) -> str:
    found = re.match(r"(\d+)\. ", title)
    return found[1] if found else ""


def _section(slide: Slide) -> str:
    level = "h1" if slide.kind == "title" else "h2"
    heading = f"<{level}>{_inline(slide.heading)}</{level}>" if slide.heading else ""
    label = {"question": "Choose first", "exercise": "Your turn"}.get(slide.kind, "")
    label = f'<p class="label">{label}</p>' if label else ""
    body = "\n".join(map(_shown, slide.parts))
    notes = f'<aside class="notes">{_markdown(slide.notes)}</aside>' if slide.notes else ""
    return f'<section class="{slide.kind}">\n{label}{heading}\n{body}\n{notes}</section>'


def _shown(part: Part) -> str:
    if part.form == "markdown":
        return f'<div class="text">{_markdown(part.content)}</div>'
    if part.form == "figure":
        data = _in_script(part.content)
        script = f'<script type="application/json">{data}</script>'
        return f'<div class="plot" data-prevent-swipe>{script}</div>'
    if part.form == "image":
        return f'<img alt="" src="data:image/png;base64,{part.content}">'
    if part.form == "text":
        return f"<pre>{html.escape(part.content)}</pre>"
    return f'<div class="output">{part.content}</div>'


def _markdown(text: str) -> str:
    from nbconvert.filters.markdown_mistune import markdown2html_mistune  # slow to import

    return str(markdown2html_mistune(text)).strip()


def _inline(text: str) -> str:
    """Markdown of a heading, without the paragraph around it; its number begins no list."""
    return _markdown(re.sub(r"^(\d+)\. ", r"\1\\. ", text)).removeprefix("<p>").removesuffix("</p>")


def _in_script(data: str) -> str:
    """JSON that cannot end the script which holds it."""
    return data.replace("</", "<\\/").replace("<!--", "<\\!--")
