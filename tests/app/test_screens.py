"""Each page in a real browser: no error, its main figure on one screen, and nothing cut."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import serve_page, wait_until_idle
from tests.support.example_records import write_record
from tests.support.task_records import KINDS, write_task_record, write_unlabelled_record

pytestmark = pytest.mark.slow
WINDOW = {"width": 1440, "height": 900}
NARROW = {"width": 1024, "height": 768}
WHOLE_WHERE_NARROW = ("Transport",)
"""Pages whose first figure a narrow window shows whole, unless letters are large, or a choice
among several targets takes one more line."""
PAGES = {
    "Runs": "",
    "Pairs": "pairs",
    "Similarity": "similarity",
    "Anchors": "anchors",
    "Transport": "transport",
    "Embeddings": "maps",
    "Samples": "samples",
}
DRAWN = ".js-plotly-plot .main-svg, .pairs[data-drawn]"
MAIN = """() => {
    const host = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
        .map(host => host.shadowRoot?.querySelector('.pairs')).find(Boolean);
    const figure = host ?? document.querySelector('[data-testid=stMain] .js-plotly-plot');
    return figure?.getBoundingClientRect().bottom ?? 0; }"""
"""Lower end of the first figure, in pixels of the window."""
CUT = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    const edge = main.getBoundingClientRect().right + 1;
    const found = main.scrollWidth > main.clientWidth + 1 ? ['the page itself'] : [];
    const parts = '.js-plotly-plot, [data-testid=stMetric], [data-testid=stSelectbox], '
        + '[data-testid=stSlider], [data-testid=stButtonGroup], [data-testid=stDataFrame]';
    for (const part of main.querySelectorAll(parts))
        if (part.getBoundingClientRect().right > edge) found.push(part.className);
    const whole = '[data-testid=stMetricValue] *, h2, [data-testid=stButtonGroup] *';
    for (const text of main.querySelectorAll(whole))
        if (text.scrollWidth > text.clientWidth + 1) found.push(text.innerText);
    for (const title of main.querySelectorAll('h2'))
        if (!title.innerText.includes(' ') && title.clientHeight > 60) found.push(title.innerText);
    return found; }"""
"""What reaches beyond the window, shows only a part of its words, or breaks one."""
UNNAMED = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
    .filter(chart => !(chart.getAttribute('aria-label') ?? chart.querySelector('[aria-label]')
        ?.getAttribute('aria-label') ?? '').includes('.')).length"""


RIBBON = """between => {
    const plot = document.querySelector('.js-plotly-plot'), axes = plot._fullLayout;
    const trace = plot.data.find(trace => trace.customdata), place = plot.getBoundingClientRect();
    const i = trace.customdata.findIndex(row => between ? row[0] !== row[1] : row[0] >= 0);
    return [place.x + axes.xaxis._offset + axes.xaxis.l2p(trace.x[i]),
            place.y + axes.yaxis._offset + axes.yaxis.l2p(trace.y[i])]; }"""
"""Where a flow can be clicked: one between two groups, or one of a single sample."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("screens") / "runs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server(runs: Path) -> Iterator[str]:
    """The page's address."""
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    with serve_page(runs, cwd=runs.parent) as address:
        yield address


def write(runs: Path, run: str) -> None:
    """The record of that name, where it is not there yet."""
    if (runs / run).exists():
        return
    if run == "pictures":
        write_record(runs, run_id=run)
    elif run == "unlabelled":
        write_unlabelled_record(runs).path.rename(runs / run)
    else:
        write_task_record(runs, run, frames_of=2 if run == "regression" else 0)


def visit_all(
    browser: Any, server: str, run: str, theme: str, *, large: bool = False, click: bool = False
) -> None:
    """Turn to every page of one record, and click flows; every fault is one message."""
    faults: list[str] = []
    tab = browser.new_page(viewport=WINDOW, color_scheme=theme)
    tab.set_default_timeout(60_000)
    tab.on("pageerror", lambda error: faults.append(f"{tab.url}: {error}"))
    tab.on(
        "console",
        lambda message: (
            faults.append(f"{tab.url}: {message.text}") if message.type == "error" else None
        ),
    )
    tab.goto(f"{server}/?run={run}" + "&large=True" * large)
    for title in PAGES:
        tab.set_viewport_size(WINDOW)
        tab.locator("[data-testid=stSidebar]").get_by_role("link", name=title, exact=True).click()
        tab.wait_for_url(f"**/{PAGES[title]}?*")
        wait_until_idle(tab)
        bottom = tab.evaluate(MAIN)
        if bottom > WINDOW["height"] and not large:
            faults.append(f"{title} of {run}, {theme}: the figure ends at {bottom:.0f}")
        for alert in tab.locator("[data-testid=stAlertContentError]").all_inner_texts():
            faults.append(f"{title} of {run}: {alert}")
        if tab.evaluate(UNNAMED):
            faults.append(f"{title} of {run}: a figure has no words")
        if click and title == "Transport":
            flows_open_on_a_click(tab)
        tab.set_viewport_size(NARROW)
        faults += [f"{title} of {run} at 1024: cut {part}" for part in still_cut(tab)]
        bottom = tab.evaluate(MAIN)
        is_plain = not large and not tab.get_by_text("Target", exact=True).count()
        if title in WHOLE_WHERE_NARROW and is_plain and bottom > NARROW["height"]:
            faults.append(f"{title} of {run} at 1024: the figure ends at {bottom:.0f}")
    tab.close()
    assert faults == []


def still_cut(tab: Any) -> list[str]:
    """What stays cut in a window that has just become narrow; a busy machine takes a while."""
    cut: list[str] = tab.evaluate(CUT)
    for _ in range(20):
        if not cut:
            break
        tab.wait_for_timeout(250)
        cut = tab.evaluate(CUT)
    return cut


def flows_open_on_a_click(tab: Any) -> None:
    """A flow between groups opens into its samples, and a flow of these follows its sample."""
    for between, parameter in ((True, "flow"), (False, "sample")):
        tab.wait_for_function("document.querySelector('.js-plotly-plot')?._fullLayout?.xaxis")
        x, y = tab.evaluate(RIBBON, between)
        tab.mouse.move(x - 2, y - 2)
        tab.mouse.move(x, y)
        tab.wait_for_timeout(200)
        tab.mouse.click(x, y)
        tab.wait_for_function(
            "name => new URLSearchParams(location.search).has(name)", arg=parameter
        )
        wait_until_idle(tab)


def test_every_page_of_values_fits_one_screen(runs: Path, server: str, browser: Any) -> None:
    write(runs, "regression")
    visit_all(browser, server, "regression", "dark", click=True)


@pytest.mark.full
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("run", ["pictures", "unlabelled", *KINDS])
def test_every_page_of_every_task_fits_one_screen(
    runs: Path, server: str, browser: Any, run: str, theme: str
) -> None:
    write(runs, run)
    visit_all(browser, server, run, theme)


def contrast(*colours: str) -> float:
    """That of two colours ``rgb(r, g, b)``, 1 to 21, as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(luminance(colour) for colour in colours)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.full
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_primary_buttons_can_be_read(runs: Path, server: str, browser: Any, theme: str) -> None:
    write(runs, "pictures")
    tab = browser.new_page(viewport=WINDOW, color_scheme=theme)
    tab.set_default_timeout(60_000)
    tab.goto(server)
    wait_until_idle(tab)
    tab.get_by_role("button", name="Make a run").click()
    colours = (
        tab.get_by_role("button", name="Make it")
        .locator("p")
        .evaluate(
            """words => [getComputedStyle(words).color,
            getComputedStyle(words.closest('button')).backgroundColor]"""
        )
    )
    assert contrast(*colours) >= 4.5
    tab.close()


@pytest.mark.full
def test_large_type_cuts_nothing(runs: Path, server: str, browser: Any) -> None:
    write(runs, "pictures")
    visit_all(browser, server, "pictures", "light", large=True)


@pytest.mark.full
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_that_need_no_record_cut_nothing(
    runs: Path, server: str, browser: Any, theme: str, large: bool
) -> None:
    tab = browser.new_page(viewport=WINDOW, color_scheme=theme)
    tab.set_default_timeout(60_000)
    for path, drawn in (
        ("methods", DRAWN),
        ("yours", "[data-testid=stFileUploader]"),
        ("lab", ".lab[data-batch]:not([data-batch='0'])"),
    ):
        tab.set_viewport_size(WINDOW)
        tab.goto(f"{server}/{path}?{'large=True' * large}")
        tab.wait_for_selector(drawn)
        assert still_cut(tab) == [], path
        tab.set_viewport_size(NARROW)
        assert still_cut(tab) == [], path
        if path == "methods" and not large:
            assert 0 < tab.evaluate(MAIN) <= NARROW["height"]
    tab.close()
