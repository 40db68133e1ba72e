"""The Lab in a real browser: it learns, rests, goes on by one batch, and fits one screen."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import serve_page
from tests.support.measure_lab import FIND

pytestmark = pytest.mark.slow
WINDOW = {"width": 1440, "height": 900}


def test_a_lesson(tmp_path: Path, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    monkeypatch.setenv("PKDOT_CACHE", str(tmp_path / "cache"))
    problems: list[str] = []
    with serve_page(tmp_path / "runs", cwd=tmp_path) as server:
        tab = browser.new_page(viewport=WINDOW)
        tab.set_default_timeout(60_000)
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("console", lambda line: problems.extend(error_of(line)))
        tab.goto(f"{server}/lab")
        it_learns(tab)
        all_figures_are_on_one_screen(tab)
        a_tab_that_nobody_sees_asks_for_nothing(tab)
        it_rests(tab)
        one_batch_is_one_batch(tab)
        restart_begins_anew(tab)
        tab.close()
    assert problems == []


def error_of(line: Any) -> list[str]:
    """Errors of the console. Streamlit asks for two files under the page's own path first."""
    is_own = "/lab/_stcore/" not in line.location["url"]
    return [line.text] if line.type == "error" and is_own else []


def batch(tab: Any) -> int:
    return int(tab.evaluate(f"({FIND}).dataset.batch"))


def wait_for(tab: Any, condition: str) -> None:
    tab.wait_for_function(f"() => {{ const lab = {FIND}; return lab && ({condition}); }}")


def it_learns(tab: Any) -> None:
    wait_for(tab, "Number(lab.dataset.batch) >= 3")
    assert tab.get_by_role("button", name="Pause").is_visible()


def all_figures_are_on_one_screen(tab: Any) -> None:
    figures = tab.evaluate(
        f"""[...({FIND}).querySelectorAll('canvas')].map(canvas => {{
            const {{ left, right, top, bottom }} = canvas.getBoundingClientRect();
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const inks = new Set(new Uint32Array(pixels.data.buffer)).size;
            return {{ left, right, top, bottom, inks, words: canvas.ariaLabel }}; }})"""
    )
    assert len(figures) == 8
    for figure in figures:
        assert 0 <= figure["left"] < figure["right"] <= WINDOW["width"]
        assert 0 <= figure["top"] < figure["bottom"] <= WINDOW["height"]
        assert figure["bottom"] - figure["top"] > 150
        assert figure["inks"] > 10, figure["words"]
        assert figure["words"]


def a_tab_that_nobody_sees_asks_for_nothing(tab: Any) -> None:
    tab.evaluate("() => Object.defineProperty(document, 'hidden', { value: true, writable: true })")
    rests(tab)
    tab.evaluate("() => { document.hidden = false; }")
    before = batch(tab)
    wait_for(tab, f"Number(lab.dataset.batch) > {before}")


def rests(tab: Any) -> None:
    tab.wait_for_timeout(300)  # what was under way arrives
    before = batch(tab)
    tab.wait_for_timeout(400)  # more than the page's own watch
    assert batch(tab) == before


def it_rests(tab: Any) -> None:
    tab.get_by_role("button", name="Pause").click()
    wait_for(tab, "lab.dataset.plays === 'false'")
    rests(tab)


def one_batch_is_one_batch(tab: Any) -> None:
    for _ in range(2):
        before = batch(tab)
        tab.get_by_role("button", name="One batch").click()
        wait_for(tab, f"Number(lab.dataset.batch) > {before}")
        tab.wait_for_timeout(200)
        assert batch(tab) == before + 1


def restart_begins_anew(tab: Any) -> None:
    tab.get_by_role("button", name="Restart").click()
    wait_for(tab, "lab.dataset.batch === '0'")
