"""What a notebook's output would fetch from elsewhere, taken out of it."""

import re

PLOTLY = "plotly.min.js"
"""The book's one copy of plotly.js, in ``_static``; plotly would write its own into every page."""
FIGURES = "figures.js"
"""Beside it: lets figures take the theme and the width of the page; ``book.py`` writes it there."""

_BANNER = re.compile(r"plotly\.js v\d")
_FETCHED = re.compile(
    r"<script\b[^>]*\bsrc\s*=\s*[\"']?(?:https?:)?//[^>]*>\s*</script>"
    r"|<link\b[^>]*\bhref\s*=\s*[\"']?(?:https?:)?//[^>]*>"
    r"|<img\b[^>]*\bsrc\s*=\s*[\"']?(?:https?:)?//[^>]*>",
    re.IGNORECASE,
)


def localise(html: str, up: str) -> str:
    """An output that fetches nothing: remote scripts, styles and pictures are left out.

    Args:
        html: the output.
        up: the way from the page to the book's folder: empty, or ``../`` once or more.

    Returns:
        The output; a copy of plotly.js in it has become links to that of the book and to what
        the book does with figures.
    """
    while found := _BANNER.search(html):
        start = html.rfind("<script", 0, found.start())
        end = html.find("</script>", found.start())
        if start < 0 or end < 0:
            break
        links = "".join(f'<script src="{up}_static/{file}"></script>' for file in (PLOTLY, FIGURES))
        html = html[:start] + links + html[end + len("</script>") :]
    return _FETCHED.sub("", html)
