"""Pairs in a real browser: linked maps, links that show the same to others, Back, and keys."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import serve_page
from tests.support.example_records import write_record

pytestmark = pytest.mark.slow
WINDOW = {"width": 1440, "height": 900}
FIND = """[...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
    .map(host => host.shadowRoot).find(root => root.querySelector('.map'))"""
INK = f"""() => [...({FIND}).querySelectorAll('.map')].map(map => {{
    const over = map.querySelectorAll('canvas')[1];
    const pixels = over.getContext('2d').getImageData(0, 0, over.width, over.height).data;
    let count = 0;
    for (let i = 3; i < pixels.length; i += 4) count += pixels[i] > 0;
    return count; }})"""
"""Pixels of rings, lines and names over either map."""


@pytest.fixture
def visit(tmp_path: Path, browser: Any) -> Iterator[Callable[[str], Any]]:
    """Opens an address in a browser of its own; an error of a script fails the test at its end."""
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    write_record(tmp_path / "runs", run_id="patterns")
    problems: list[str] = []
    opened: list[Any] = []
    with serve_page(tmp_path / "runs", cwd=tmp_path) as server:

        def open_page(path: str) -> Any:
            context = browser.new_context(viewport=WINDOW)
            opened.append(context)
            tab = context.new_page()
            tab.set_default_timeout(60_000)
            tab.on("pageerror", lambda error: problems.append(str(error)))
            tab.goto(f"{server}/{path}")
            return tab

        yield open_page
        for context in opened:
            context.close()
    assert problems == []


def test_a_visit_of_pairs(visit: Callable[[str], Any]) -> None:
    """One server, one tab, one step after another; the names of the steps say what holds."""
    page = visit("pairs?run=patterns")
    settle(page)
    all_of_it_is_on_one_screen(page)
    pointing_in_one_map_marks_both(page)
    a_click_a_search_and_a_lasso_choose(page)
    back_and_forward_go_through_what_was_chosen(page)
    arrows_go_to_other_epochs(page)
    a_link_shows_the_same_in_another_browser(page, visit)
    a_page_turn_is_one_step_of_history_and_loses_nothing(page)
    paths_that_people_guess_lead_somewhere(visit)


def settle(tab: Any) -> None:
    tab.wait_for_selector(".pairs[data-drawn]")
    tab.wait_for_selector("[data-testid=stStatusWidget]", state="detached")


def follows(tab: Any, name: str) -> None:
    tab.locator(".details .who b", has_text=name).wait_for()


def all_of_it_is_on_one_screen(page: Any) -> None:
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollHeight <= {main}.clientHeight")
    for part in (".map.teacher", ".map.student", ".details svg", ".legend"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= WINDOW["height"]
        assert box["x"] + box["width"] <= WINDOW["width"]
    maps = page.locator(".maps")
    assert "Maps of 90 samples" in maps.get_attribute("aria-label")


def pointing_in_one_map_marks_both(page: Any) -> None:
    page.mouse.move(5, 5)
    before = page.evaluate(INK)
    name = page.locator(".details .plain").first
    name.hover()  # a receiver of mass, named in both maps
    page.wait_for_timeout(100)
    after = page.evaluate(INK)
    assert all(now > then + 200 for now, then in zip(after, before, strict=True))
    page.mouse.move(5, 5)
    page.wait_for_timeout(100)
    assert page.evaluate(INK) == before


def a_click_a_search_and_a_lasso_choose(page: Any) -> None:
    chip = page.locator(".details .chip").first
    name = chip.get_attribute("aria-label").split(";")[0]
    chip.click()
    page.wait_for_url(f"**sample={name}*")
    follows(page, name)
    page.keyboard.press("/")
    page.keyboard.type("SAMPLE-01")
    page.get_by_text("10 found").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**chosen=10-19*")
    page.get_by_text("10 of 90 samples are chosen").wait_for()
    box = page.locator(".map.student").bounding_box()
    page.get_by_role("button", name="Lasso").click()
    corners = [(4, 4), (box["width"] - 4, 4), (box["width"] - 4, box["height"] - 4), (4, 400)]
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    page.mouse.up()
    page.wait_for_function("() => !location.search.includes('chosen=10-19')")
    page.get_by_text("of 90 samples are chosen").wait_for()


def back_and_forward_go_through_what_was_chosen(page: Any) -> None:
    page.go_back()
    page.get_by_text("10 of 90 samples are chosen").wait_for()
    page.go_back()
    page.get_by_text("No set is chosen").wait_for()
    page.go_forward()
    page.get_by_text("10 of 90 samples are chosen").wait_for()
    assert "chosen=10-19" in page.url


def arrows_go_to_other_epochs(page: Any) -> None:
    page.locator(".maps").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Student, epoch 9").wait_for()
    page.wait_for_url("**epoch=9*")


def a_link_shows_the_same_in_another_browser(page: Any, visit: Callable[[str], Any]) -> None:
    path = page.url.split("/", 3)[3]
    name = page.locator(".details .who b").inner_text()
    other = visit(path)
    settle(other)
    follows(other, name)
    other.get_by_text("Student, epoch 9").wait_for()
    other.get_by_text("10 of 90 samples are chosen").wait_for()
    assert other.url == page.url  # nothing jumped
    with other.expect_download() as ids:
        other.get_by_role("button", name="IDs").click()
    with Path(ids.value.path()).open() as file:
        rows = [row[0] for row in csv.reader(file)]
    assert rows == ["sample_id", *(f"sample-{i:03d}" for i in range(10, 20))]


def a_page_turn_is_one_step_of_history_and_loses_nothing(page: Any) -> None:
    before, steps = page.url, page.evaluate("history.length")
    page.get_by_role("link", name="Anchors").click()
    page.get_by_text("One sample seen from the anchors").wait_for()
    settled = page.url
    assert settled.split("?")[1] == before.split("?")[1]
    assert page.evaluate("history.length") == steps + 1
    page.go_back()
    settle(page)
    assert page.url == before
    follows(page, before.split("sample=")[1].split("&")[0])


def paths_that_people_guess_lead_somewhere(visit: Callable[[str], Any]) -> None:
    tab = visit("runs?run=patterns")
    tab.get_by_role("heading", name="What did the student learn?").wait_for()
    assert tab.get_by_text("Page not found").count() == 0
    tab.goto(f"{tab.url.split('/runs')[0]}/embeddings")
    tab.get_by_role("heading", name="Embeddings").wait_for()
    assert tab.get_by_text("Page not found").count() == 0
