"""Which cells of a notebook become which slides.

The form of a lesson says it. Its first cell is the title; each heading begins a slide; a formula
or a table is always shown; a question, a figure and a revealed answer are slides; an exercise is
shown without its answer. Other text goes to the speaker's notes. Code, checks and solutions are
never shown. A cell tagged ``slide`` is shown in any case, one tagged ``no-slide`` never.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...errors import DataError
from ..exercise_notebooks import EXERCISE, SOLUTION, tags_of

Form = Literal["markdown", "figure", "html", "image", "svg", "text"]
SHOW, HIDE = "slide", "no-slide"
ROOM = 560
"""Pixels under a heading, of a slide 720 pixels high."""
BESIDE = 170
"""Pixels of text that leave a figure enough of a slide."""
PLOTLY = "application/vnd.plotly.v1+json"

_HEADING = re.compile(r"^#{1,6} +(.*?)\s*$")
_EXERCISE = re.compile(r"^\*\*(Exercise \d+)\.\*\*\s*")
_TITLE_PARTS = ("**Aim.**", "**Question of this lesson.**")
_UNSAID = ("Further reading",)
_FOLLOW_UP = re.compile(r"^(Nobody chose; many say|You said) “.*?”\.\s*")
_LOCAL_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)\s]*\)")
_FETCHES = re.compile(r"<script|<iframe|(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """What stands on a slide.

    Attributes:
        form: of the content: Markdown, a plotly figure (its JSON), HTML, a PNG (base64), SVG, or
            plain text.
        content: the text itself.
    """

    form: Form
    content: str


@dataclass(frozen=True)
class Slide:
    """One slide.

    Attributes:
        kind: title, text, question, exercise or figure.
        heading: above it; empty where a figure bears its own title.
        parts: what it shows, from top to bottom.
        notes: for the speaker, in Markdown.
    """

    kind: Literal["title", "text", "question", "exercise", "figure"]
    heading: str
    parts: tuple[Part, ...] = ()
    notes: str = ""


@dataclass
class Deck:
    """The slides of a notebook.

    Attributes:
        title: its first heading.
        sections: slides by section; the first holds the title slide alone.
    """

    title: str
    sections: list[list[Slide]] = field(default_factory=list)

    @property
    def slides(self) -> list[Slide]:
        """All of them, in order."""
        return [slide for section in self.sections for slide in section]


def read_deck(path: Path) -> Deck:
    """The slides of a notebook; figures are those of its outputs.

    Raises:
        DataError: if the file is no notebook, or does not begin with a heading.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        builder = _Builder()
        for cell in cells:
            builder.add(cell)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be read as a notebook: {error}.") from None
    if not builder.deck.title:
        raise DataError(f"{path} does not begin with a heading, so that its deck has no title.")
    return builder.deck


class _Builder:
    """Takes the cells in order and lays slides down."""

    def __init__(self) -> None:
        self.deck = Deck("")
        self.heading = ""
        self.silent = False

    def add(self, cell: Mapping[str, Any]) -> None:
        source, tags = _joined(cell["source"]), tags_of(cell)
        if HIDE in tags:
            return
        if cell["cell_type"] == "markdown":
            for heading, text in _by_heading(source):
                self._add_text(heading, text, SHOW in tags)
        elif cell["cell_type"] == "code" and not ({SOLUTION, EXERCISE} & set(tags)):
            self._add_code(source, cell.get("outputs", []))

    # --- text -------------------------------------------------------------------------------------

    def _add_text(self, heading: str, text: str, shown: bool) -> None:
        text = _LOCAL_LINK.sub(r"\1", text)
        if heading and not self.deck.title:
            self._add_title(heading, text)
            return
        if heading:
            self.heading, self.silent = heading, heading.startswith(_UNSAID)
            if not self.silent:
                self.deck.sections.append([Slide("text", heading)])
        if self.silent or not self.deck.title:
            return
        told: list[str] = []
        for exercise, paragraphs in _by_exercise(text):
            if exercise:
                task = Part("markdown", "\n\n".join(paragraphs))
                self._lay(Slide("exercise", exercise, (task,)))
            elif heading or shown or any(map(_is_shown, paragraphs)):
                for fits in _split(paragraphs):
                    self._lay(Slide("text", self.heading, (Part("markdown", fits),)))
            else:
                told.extend(paragraphs)
        self._tell("\n\n".join(told))

    def _add_title(self, heading: str, text: str) -> None:
        paragraphs = text.split("\n\n")
        shown = [p for p in paragraphs if p.startswith(_TITLE_PARTS)]
        notes = [p for p in paragraphs if p not in shown]
        parts = (Part("markdown", "\n\n".join(shown)),) if shown else ()
        self.deck.title = heading
        self.deck.sections.append([Slide("title", heading, parts, "\n\n".join(notes))])

    # --- code -------------------------------------------------------------------------------------

    def _add_code(self, source: str, outputs: list[Mapping[str, Any]]) -> None:
        if self.silent or not self.deck.title or ".check(" in source or ".summary(" in source:
            return
        parts = [part for output in outputs if (part := _part(output))]
        if ".question(" in source:
            self._lay_question(parts)
            return
        said = [part for part in parts if part.form in ("markdown", "text", "html")]
        drawn = [part for part in parts if part not in said]
        if said and (not drawn or sum(_height(part.content) for part in said) > BESIDE):
            self._lay(Slide("text", self.heading, tuple(said)))
            said = []
        for figure in drawn:
            self._lay_figure((*said, figure))
            said = []

    def _lay_figure(self, parts: tuple[Part, ...]) -> None:
        """Below the text before it, where that is short."""
        last = self.deck.sections[-1][-1]
        words = (*last.parts, *parts[:-1])
        if last.kind == "text" and sum(_height(part.content) for part in words) <= BESIDE:
            self.deck.sections[-1].pop()
            self._lay(Slide("figure", last.heading, (*last.parts, *parts), last.notes))
        else:
            self._lay(Slide("figure", "", parts))

    def _lay_question(self, parts: list[Part]) -> None:
        """Of the question in words, as it stands where no widget can run."""
        for part in parts:
            text, *choices = part.content.split("\n  ( ) ")
            if choices:
                lines = [f"- {choice.strip()}" for choice in choices]
                listed = Part("markdown", "\n".join(lines))
                self._lay(Slide("question", text.strip(), (listed,)))

    # --- both -------------------------------------------------------------------------------------

    def _lay(self, slide: Slide) -> None:
        """Put a slide behind the others; text goes below a heading that has nothing yet."""
        section = self.deck.sections[-1]
        bare = bool(section) and section[-1].kind == "text" and not section[-1].parts
        if bare and slide.heading in ("", section[-1].heading):
            section.pop()
        section.append(slide)

    def _tell(self, notes: str) -> None:
        """Add to the notes of the slide before."""
        if notes:
            last = self.deck.sections[-1].pop()
            together = f"{last.notes}\n\n{notes}".strip()
            self.deck.sections[-1].append(Slide(last.kind, last.heading, last.parts, together))


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _by_heading(markdown: str) -> Iterator[tuple[str, str]]:
    """Heading and what stands below it; the first heading may be empty."""
    heading, lines, fenced = "", list[str](), False
    for line in markdown.splitlines():
        fenced ^= line.startswith("```")
        found = None if fenced else _HEADING.match(line)
        if found:
            if heading or any(lines):
                yield heading, "\n".join(lines).strip()
            heading, lines = found[1], []
        else:
            lines.append(line)
    yield heading, "\n".join(lines).strip()


def _by_exercise(text: str) -> Iterator[tuple[str, list[str]]]:
    """Name of an exercise and its paragraphs; an empty name for what stands before it."""
    name, paragraphs = "", list[str]()
    for paragraph in filter(None, text.split("\n\n")):
        found = _EXERCISE.match(paragraph)
        if found:
            if paragraphs:
                yield name, paragraphs
            name, paragraphs = found[1], [paragraph[found.end() :]]
        else:
            paragraphs.append(paragraph)
    if paragraphs:
        yield name, paragraphs


def _is_shown(paragraph: str) -> bool:
    """Whether it is a formula or a table, which nobody follows by ear."""
    return paragraph.startswith(("$$", "|"))


def _height(text: str) -> int:
    """About how many pixels Markdown takes at the size of the slides."""
    return sum(map(_paragraph_height, filter(None, text.split("\n\n"))))


def _paragraph_height(paragraph: str) -> int:
    """Of a paragraph, list, table or formula."""
    plain = re.sub(r"\\[a-zA-Z]+|[$*`{}\\^_]", "", paragraph)
    lines = plain.splitlines()
    if paragraph.startswith("|"):
        columns = max(1, lines[0].count("|") - 1)
        rows = [max(map(len, row.split("|"))) for row in lines if row.strip("|-: ")]
        return sum(16 + 33 * -(-longest * columns // 110) for longest in rows)
    if paragraph.startswith("$$"):
        return 110
    return 20 + sum(42 * -(-max(1, len(line)) // 72) for line in lines)


def _split(paragraphs: list[str]) -> Iterator[str]:
    """As many paragraphs a slide as there is room for; none is cut."""
    held: list[str] = []
    for paragraph in paragraphs:
        if held and sum(map(_height, held)) + _height(paragraph) > ROOM:
            yield "\n\n".join(held)
            held = []
        held.append(paragraph)
    if held:
        yield "\n\n".join(held)


def _part(output: Mapping[str, Any]) -> Part | None:
    """The richest form of an output that a page from a folder can show."""
    if output["output_type"] == "stream":
        text = _joined(output["text"]).strip()
        return Part("text", text) if text and output.get("name") == "stdout" else None
    data = output.get("data", {})
    if PLOTLY in data:
        figure = data[PLOTLY]
        return Part("figure", json.dumps({"data": figure["data"], "layout": figure["layout"]}))
    if "text/markdown" in data:
        text = _FOLLOW_UP.sub("", _joined(data["text/markdown"]))
        return Part("markdown", text.removeprefix("It came out as ").strip())
    if "text/html" in data and not _FETCHES.search(_joined(data["text/html"])):
        return Part("html", _joined(data["text/html"]))
    if "image/svg+xml" in data:
        return Part("svg", _joined(data["image/svg+xml"]))
    if "image/png" in data:
        return Part("image", _joined(data["image/png"]).replace("\n", ""))
    text = _joined(data.get("text/plain", ""))
    return Part("text", text) if text.strip() else None
