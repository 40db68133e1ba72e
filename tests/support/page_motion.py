"""How the page moves under a reader's hand: turns, hover, and frames a second, in a real Chromium.

Beside it an empty Streamlit page with one figure, under the same settings: what no page on
Streamlit can be faster than.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.chromium import ROOT, serve_page

WINDOW = {"width": 1440, "height": 900}
FIGURE = ".js-plotly-plot .main-svg, .pairs[data-drawn]"
PATIENCE = 60_000
EMPTY = """import streamlit as st
import plotly.graph_objects as go
points = int(st.query_params.get("points", 0))
if points:
    import numpy as np
    x, y = np.random.default_rng(0).normal(size=(2, points)).astype("float32")
    figure = go.Figure(go.Scattergl(x=x, y=y, mode="markers", marker={"size": 4}))
    figure.update_layout(dragmode="pan", height=560)
else:
    figure = go.Figure(go.Scatter(y=[1, 3, 2]))
st.set_page_config(layout="wide")
st.plotly_chart(figure, config={"scrollZoom": True})
"""
"""The empty page; with ``?points=`` a bare scatter of as many, in WebGL."""
FIRST = """(() => {
    const pairs = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
        .some(host => host.shadowRoot?.querySelector('.pairs[data-drawn]'));
    const plot = document.querySelector('.js-plotly-plot');
    const drawn = plot?.querySelector('.main-svg') && plot.layout?.title?.text;
    return (pairs ? 'pairs ' : '') + (drawn || '');
})()"""
"""What the page's first figure is; empty while there is none."""
LISTEN = """() => {
    const root = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
        .map(host => host.shadowRoot).find(each => each?.querySelector('.map'));
    const over = root.querySelectorAll('.map.teacher canvas')[1];
    const marks = over.getContext('2d'), clear = marks.clearRect.bind(marks);
    window.hovered = [];
    let asked = null;
    over.addEventListener('pointermove', event => { asked ??= event.timeStamp; }, true);
    marks.clearRect = (...box) => {
        clear(...box);
        if (asked === null) return;
        const began = asked;
        asked = null;
        // What was drawn in this frame is on the screen when the next one begins.
        requestAnimationFrame(now => window.hovered.push(now - began));
    };
}"""
COUNT = """() => {
    window.frames_seen = 0;
    window.counting = true;
    const began = performance.now();
    const step = () => {
        if (!window.counting) return;
        window.frames_seen += 1;
        window.frames_took = performance.now() - began;
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
}"""


def idle(page: Any) -> None:
    """Wait until everything is drawn and the server has nothing left to do."""
    page.wait_for_selector(FIGURE)
    page.wait_for_selector("[data-testid=stStatusWidget]", state="detached")
    page.wait_for_timeout(1000)


def seconds(act: Callable[[], Any], wait: Callable[[], Any]) -> float:
    """From the start of an act to the end of waiting for what it changes."""
    began = time.perf_counter()
    act()
    wait()
    return time.perf_counter() - began


@contextmanager
def serve_empty(folder: Path) -> Iterator[str]:
    """The address of the empty page, which has the settings of the kit's."""
    (folder / "empty").mkdir()
    script = folder / "empty" / "empty.py"
    script.write_text(EMPTY, encoding="utf-8")
    shutil.copytree(ROOT / "app" / ".streamlit", script.parent / ".streamlit")
    with serve_page(folder, cwd=folder, script=script) as address:
        yield address


def new_tab(browser: Any) -> Any:
    tab = browser.new_page(viewport=WINDOW)
    tab.set_default_timeout(PATIENCE)
    return tab


def page_turns(
    browser: Any, address: str, pages: dict[str, str], query: str, rounds: int
) -> dict[str, list[float]]:
    """Seconds from a click on a link to the first figure of that page, each seen before.

    Args:
        browser: a Chromium.
        address: of the server.
        pages: title of each link -> path; the first is where the visit begins.
        query: of the address.
        rounds: how often each is turned to.
    """
    tab = new_tab(browser)
    first, *others = pages
    tab.goto(f"{address}/{pages[first]}?{query}")
    idle(tab)
    found: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(rounds + 1):
        for name in (*others, first):
            before = tab.evaluate(FIRST)
            link = tab.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
            taken = seconds(
                link.click,
                lambda before=before: tab.wait_for_function(
                    f"before => {FIRST} && {FIRST} !== before", arg=before
                ),
            )
            idle(tab)
            found[name] += [taken] if number else []
    tab.close()
    return found


def hover_delays(browser: Any, address: str, query: str, moves: int) -> list[float]:
    """Milliseconds from a move of the pointer over a map of Pairs to its marks on the screen."""
    tab = new_tab(browser)
    tab.goto(f"{address}/pairs?{query}")
    tab.wait_for_selector(".pairs[data-drawn]")
    idle(tab)
    box = tab.locator(".map.teacher").bounding_box()
    tab.evaluate(LISTEN)
    found: list[float] = []
    for number in range(40 * moves):  # most places are near no other point than the last
        if len(found) >= moves:
            break
        across, down = (number * 0.618) % 1, (number * 0.414) % 1
        tab.mouse.move(
            box["x"] + box["width"] * (0.2 + 0.6 * across),
            box["y"] + box["height"] * (0.2 + 0.6 * down),
        )
        tab.wait_for_timeout(60)
        found = tab.evaluate("window.hovered")
    tab.close()
    return found


def frames_a_second(
    browser: Any, address: str, selector: str, lasting: float
) -> tuple[float, float]:
    """Frames a second while a map is dragged, and while it is zoomed by the wheel.

    Args:
        browser: a Chromium.
        address: of the page.
        selector: of what is dragged.
        lasting: seconds of each.

    Raises:
        RuntimeError: if the map does not move, so that its frames would say nothing.
    """
    tab = new_tab(browser)
    tab.goto(address)
    idle(tab)
    tab.wait_for_timeout(1000)
    box = tab.locator(selector).first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def checked(act: Callable[[int], None]) -> float:
        before = tab.locator(selector).first.screenshot()
        act(0)
        tab.wait_for_timeout(1000)
        if tab.locator(selector).first.screenshot() == before:
            raise RuntimeError(f"{selector} of {address} does not move.")
        return _counted(tab, act, lasting)

    def drag(number: int) -> None:
        far = 60 * (number % 4 - 1.5)
        tab.mouse.move(x + far, y + far / 2)

    def zoom(number: int) -> None:
        tab.mouse.wheel(0, 60 if number % 20 < 10 else -60)

    tab.mouse.move(x, y)
    tab.mouse.down()
    dragged = checked(drag)
    tab.mouse.up()
    tab.wait_for_timeout(1000)
    zoomed = checked(zoom)
    tab.close()
    return dragged, zoomed


def _counted(tab: Any, act: Callable[[int], None], lasting: float) -> float:
    tab.evaluate(COUNT)
    end, number = time.monotonic() + lasting, 0
    while time.monotonic() < end:
        act(number)
        number += 1
    seen, took = tab.evaluate(
        "() => { window.counting = false; return [window.frames_seen, window.frames_took]; }"
    )
    return float(1000 * seen / took) if took else 0.0
