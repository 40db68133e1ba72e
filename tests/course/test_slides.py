"""Slides: each lesson gives a deck that shows no solution, loads local files only and fits."""

import json
import re
from collections import defaultdict
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pkdot.__main__ import main
from pkdot.commands import slides as command
from pkdot.course.exercise_notebooks import SOLUTION, tags_of
from pkdot.course.slides import Deck, Part, deck_page, find_assets, index_page, read_deck
from pkdot.course.slides import assets as assets_module
from pkdot.course.slides.deck import PLOTLY, ROOM, _height
from pkdot.course.slides.page import night_colours
from pkdot.errors import ConfigError, DataError
from pkdot.figures.themes import THEMES

LESSONS = sorted((Path(__file__).parents[2] / "notebooks" / "lessons").glob("*.ipynb"))
NAMES = [lesson.stem for lesson in LESSONS]
FIGURE = {"data": [{"type": "bar", "y": [1, 2], "marker": {"color": "#0b6bb5"}}], "layout": {}}


def text(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": list(outputs)}


def shown(**data: Any) -> dict[str, Any]:
    types = {"figure": PLOTLY, "markdown": "text/markdown", "plain": "text/plain"}
    types |= {"html": "text/html"}
    return {"output_type": "display_data", "data": {types[k]: v for k, v in data.items()}}


def deck_of(folder: Path, *cells: dict[str, Any]) -> Deck:
    path = folder / "talk.ipynb"
    path.write_text(json.dumps({"cells": list(cells), "nbformat": 4, "nbformat_minor": 5}))
    return read_deck(path)


def words(deck: Deck) -> str:
    return "\n".join(part.content for slide in deck.slides for part in slide.parts)


TITLE = text("# 4. Transport\n\n**Aim.** You can.\n\n**Time.** 45 minutes.")


# --- which cells ----------------------------------------------------------------------------------


def test_a_lesson_becomes_title_question_mathematics_figure_and_recap(tmp_path: Path) -> None:
    deck = deck_of(
        tmp_path,
        TITLE,
        code("import torch"),
        text("## By hand\n\nThree samples.\n\n$$1 + 1$$\n\n**Exercise 1.** Work it out."),
        code("answer = 42", tags=["solution"]),
        code('lesson.check("sum", answer)', shown(markdown="**Right.** It is 42.")),
        text("A word on the way."),
        code("q = lesson.question()", shown(plain="Which?\n  ( ) one\n  ( ) two")),
        text("### On data\n\nLook."),
        code(
            "q.reveal()",
            shown(markdown="Nobody chose; many say “one”. It came out as **two**. By 3."),
            shown(figure=FIGURE, html="<script>all of plotly</script>"),
        ),
        text("## Recap\n\nIt was two.\n\n## Further reading\n\n- A book."),
    )
    kinds = [(slide.kind, slide.heading) for slide in deck.slides]
    assert kinds == [
        ("title", "4. Transport"),
        ("text", "By hand"),
        ("exercise", "Exercise 1"),
        ("question", "Which?"),
        ("figure", "On data"),
        ("text", "Recap"),
    ]
    title, _, exercise, question, figure, recap = deck.slides
    assert title.parts == (Part("markdown", "**Aim.** You can."),)
    assert title.notes == "**Time.** 45 minutes."
    assert exercise.notes == "A word on the way."
    assert question.parts == (Part("markdown", "- one\n- two"),)
    assert [part.form for part in figure.parts] == ["markdown", "markdown", "figure"]
    assert figure.parts[1].content == "**two**. By 3."
    assert json.loads(figure.parts[2].content) == FIGURE
    assert recap.parts == (Part("markdown", "It was two."),)
    for hidden in ("42", "torch", "A book"):
        assert hidden not in words(deck)


def test_tags_show_and_hide(tmp_path: Path) -> None:
    deck = deck_of(
        tmp_path,
        TITLE,
        text("## Part\n\nOne."),
        text("Two.", tags=["slide"]),
        text("Three."),
        text("## Gone\n\nFour.", tags=["no-slide"]),
        code("draw()", shown(figure=FIGURE), tags=["no-slide"]),
    )
    assert words(deck).split() == ["**Aim.**", "You", "can.", "One.", "Two."]
    assert deck.slides[-1].notes == "Three."


def test_long_text_goes_on_and_none_is_lost(tmp_path: Path) -> None:
    paragraphs = [f"{number} " + "word " * 59 + "end" for number in range(9)]
    deck = deck_of(tmp_path, TITLE, text("## Long\n\n" + "\n\n".join(paragraphs)))
    slides = [slide for slide in deck.slides if slide.heading == "Long"]
    assert len(slides) > 1
    told = "\n\n".join(slide.parts[0].content for slide in slides)
    assert told.split("\n\n") == paragraphs
    assert all(_height(slide.parts[0].content) <= ROOM for slide in slides)


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("no json")
    with pytest.raises(DataError, match="cannot be read as a notebook"):
        read_deck(tmp_path / "a.ipynb")
    with pytest.raises(DataError, match="does not begin with a heading"):
        deck_of(tmp_path, text("No heading."))


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_shows_its_aim_exercises_and_recap_and_no_solution(path: Path) -> None:
    deck, cells = read_deck(path), json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert "**Aim.**" in deck.slides[0].parts[0].content
    headings = [slide.heading for slide in deck.slides]
    assert any("Recap" in heading for heading in headings)
    assert "Further reading" not in headings
    solutions = ["".join(c["source"]).strip() for c in cells if SOLUTION in tags_of(c)]
    exercises = [heading for heading in headings if heading.startswith("Exercise")]
    assert len(exercises) == len(set(exercises)) == len(solutions)
    page = deck_page(deck)
    for solution in solutions:
        assert solution not in page


# --- the page -------------------------------------------------------------------------------------


def test_a_page_loads_its_own_assets_and_cannot_be_ended_by_data(tmp_path: Path) -> None:
    figure = {"data": [], "layout": {"title": {"text": "</script><b>"}}}
    remote = '<img src="https://x.org/a.png">'
    deck = deck_of(
        tmp_path,
        TITLE,
        text("## $x_1$ and [there](../docs/quiz.md)\n\n[here](a.md) **bold**"),
        code("draw()", shown(figure=figure)),
        code("show()", shown(html=remote, plain="a picture")),
    )
    page = deck_page(deck)
    loads = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]*)"', page)
    assert loads
    assert all(address.startswith("assets/") for address in loads)
    assert "x.org" not in page
    assert "a picture" in page
    assert "<\\/script><b>" in page
    assert "<h1>4. Transport</h1>" in page
    assert "here <strong>bold</strong>" in page


def test_the_list_keeps_the_numbers_of_the_lessons() -> None:
    page = index_page({"a.html": "3. Anchors", "b.html": "My own <talk>"})
    assert '<li value="3"><a href="a.html">Anchors</a>' in page
    assert "My own &lt;talk&gt;" in page


def test_each_colour_of_a_figure_has_one_colour_by_night() -> None:
    seen = defaultdict(set)
    for field in fields(THEMES["light"]):
        light, dark = (getattr(THEMES[name], field.name) for name in ("light", "dark"))
        for pair in [(light, dark)] if isinstance(light, str) else zip(light, dark, strict=True):
            seen[pair[0]].add(pair[1])
    assert {day: nights.pop() for day, nights in seen.items()} == night_colours()
    assert not any(seen.values()), "two colours of the dark theme for one of the light theme"


def test_the_styles_bear_the_colours_of_the_figures() -> None:
    style = (Path(assets_module.__file__).parent / "deck.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root[^{]*\{(.*?)\}", style, flags=re.DOTALL)[:2]
    for name, block in (("light", light), ("dark", dark)):
        found = dict(re.findall(r"--(\w+): (#\w+);", block))
        assert found == {key: getattr(THEMES[name], key) for key in found}
        assert len(found) == 6


# --- the command ----------------------------------------------------------------------------------


def test_misuse_is_said_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson, dest = str(LESSONS[0]), tmp_path / "out"
    (tmp_path / "file").write_text("")
    for given, said in [
        ([lesson, str(tmp_path / "file")], "is a file"),
        ([str(tmp_path / "none.ipynb"), str(dest)], "no notebook"),
        ([lesson, lesson, str(dest)], "rename one"),
    ]:
        assert main(["slides", *given]) == 2
        assert said in capsys.readouterr().err
    assert not dest.exists()


def test_without_reveal_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pkdot\[book\]"):
        find_assets()


def test_what_is_not_executed_is_executed_unless_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def papermill(source: Path, target: Path, given: list[str]) -> int:
        ran.append(given)
        deck_of(target.parent, TITLE, text("## Part"), code("draw()", shown(figure=FIGURE)))
        aside = target.parent / "talk.ipynb"
        aside.rename(target)
        return 0

    ran: list[list[str]] = []
    monkeypatch.setattr(command, "papermill", papermill)
    monkeypatch.setattr("pkdot.course.slides.find_assets", lambda: {})
    deck_of(tmp_path, TITLE, text("## Part"), code("draw()"))
    talk, dest = str(tmp_path / "talk.ipynb"), tmp_path / "out"
    assert main(["slides", talk, str(dest), "--no-execute"]) == 0
    assert 'class="plot"' not in (dest / "talk.html").read_text(encoding="utf-8")
    assert main(["slides", talk, str(dest), "--short"]) == 0
    assert ran == [["-p", "short", "True"]]
    assert 'class="plot"' in (dest / "talk.html").read_text(encoding="utf-8")
    monkeypatch.setattr(command, "papermill", lambda *given: 1)
    assert main(["slides", talk, str(tmp_path / "other")]) == 1
    assert not (tmp_path / "other").exists()


# --- in a browser ---------------------------------------------------------------------------------


@pytest.mark.full
def test_slides_are_drawn_without_a_network_and_fit(tmp_path: Path, browser: Any) -> None:
    pytest.importorskip("sphinx_revealjs", reason="make book installs it")
    assert main(["slides", str(LESSONS[4]), str(tmp_path), "--short"]) == 0
    page = browser.new_context(offline=True, viewport={"width": 1280, "height": 720}).new_page()
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    papers = {}
    for theme in ("light", "dark"):
        page.goto(f"{(tmp_path / LESSONS[4].name).with_suffix('.html').as_uri()}?theme={theme}")
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        number = page.evaluate("Reveal.getTotalSlides()")
        assert number > 15
        for _ in range(number):
            height = page.evaluate("Reveal.getCurrentSlide().scrollHeight")
            width = page.evaluate("Reveal.getCurrentSlide().scrollWidth")
            assert (height <= 720, width <= 1280) == (True, True), page.evaluate(
                "Reveal.getCurrentSlide().innerText"
            )
            page.evaluate("Reveal.next()")
        assert page.locator("mjx-container svg").count() > 20
        plots = page.locator(".plot").count()
        assert plots == page.locator(".plot .gtitle").count() > 3
        papers[theme] = page.evaluate(
            "getComputedStyle(document.querySelector('.plot .main-svg')).background"
        )
    assert "rgb(255, 255, 255)" in papers["light"]
    assert "rgb(17, 22, 31)" in papers["dark"]
    assert not complaints
    assert all(address.startswith(("file:", "data:", "blob:")) for address in asked)
