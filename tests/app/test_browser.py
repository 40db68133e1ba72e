"""The dashboard in a real browser: open, choose a page, slide, follow a link, both themes."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import serve_page, wait_until_idle
from tests.support.example_records import write_record

pytestmark = pytest.mark.slow
FIGURE = ".js-plotly-plot .main-svg"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that knows nothing of the repository."""
    folder = tmp_path_factory.mktemp("a folder with spaces") / "runs"
    for run_id in ("patterns", "others"):
        write_record(folder, run_id=run_id)
    return folder


@pytest.fixture(scope="module")
def server(runs: Path) -> Iterator[str]:
    """The page's address."""
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    with serve_page(runs, cwd=runs.parent) as address:
        yield address


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A tab that fails the test for an error of a script, or a request to anywhere else."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
            else problems.append(request.url)
        ),
    )
    tab.set_default_timeout(90_000)
    yield tab
    tab.close()
    assert problems == []


def test_it_listens_on_this_machine_only(server: str) -> None:
    port = int(server.rsplit(":", 1)[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent
        except OSError:
            pytest.skip("this machine has no address besides its own loopback")
        outside = probe.getsockname()[0]
    if outside.startswith("127."):
        pytest.skip("this machine has no address besides its own loopback")
    with (
        pytest.raises((ConnectionRefusedError, TimeoutError)),
        socket.create_connection((outside, port), timeout=2),
    ):
        pass


def test_open_choose_a_page_and_slide(server: str, page: Any) -> None:
    page.goto(server)
    page.wait_for_selector(FIGURE)
    assert page.get_by_text("What did the student learn?").is_visible()
    assert page.get_by_text("reached from elsewhere").count() == 0

    page.get_by_role("link", name="Transport").click()
    page.get_by_text("The plan as flows between classes").wait_for()
    share = page.get_by_test_id("stMetricValue").nth(3)
    before = share.inner_text()
    blur = page.get_by_role("slider").nth(2)
    blur.focus()
    for _ in range(4):
        blur.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelectorAll('[data-testid=stMetricValue]')[3].innerText != before",
        arg=before,
    )
    page.wait_for_url("**blur=*")


def test_a_tick_in_the_table_chooses_the_record(server: str, page: Any) -> None:
    """A single tick chooses; several only compare, so the first is taken back before the next."""
    page.goto(server)
    page.wait_for_selector(FIGURE)
    place = page.locator("[data-testid=stDataFrame] canvas").first
    table = place.bounding_box()
    header, row = 36, 35  # pixels; the table is a canvas, so there is nothing to name
    chosen = []
    for line in (1, 0):  # the page opens on line 0
        before = chosen[-1] if chosen else ""
        if before:
            page.mouse.click(table["x"] + 18, table["y"] + header + row * 1.5)
            page.wait_for_function("() => !new URLSearchParams(location.search).has('with')")
        page.mouse.click(table["x"] + 18, table["y"] + header + row * line + row / 2)
        page.wait_for_function(
            "before => new URLSearchParams(location.search).get('run') != (before || null)",
            arg=before,
        )
        chosen.append(page.evaluate("() => new URLSearchParams(location.search).get('run')"))
        wait_until_idle(page)
        assert place.bounding_box()["y"] == table["y"]  # it stays under the pointer
    assert sorted(chosen) == ["others", "patterns"]


def test_a_link_shows_the_same_view_to_somebody_else(server: str, page: Any, browser: Any) -> None:
    page.goto(f"{server}/similarity?run=patterns")
    page.wait_for_selector(FIGURE)
    slider = page.get_by_role("slider").first
    slider.focus()
    slider.press("Home")
    page.get_by_text("At epoch 0").wait_for()
    page.get_by_text("training batch").click()
    page.get_by_text("pairs of 40 samples").wait_for()
    wait_for_parameter(page, "epoch", "0")
    wait_for_parameter(page, "source")
    other = browser.new_page()
    other.goto(page.url)
    other.get_by_text("pairs of 40 samples").wait_for(timeout=90_000)
    assert other.get_by_text("At epoch 0").is_visible()
    other.close()
    page.get_by_role("link", name="Anchors").click()
    page.get_by_text("The anchors on the teacher's map").wait_for()
    wait_for_parameter(page, "epoch", "0")


def settled(page: Any) -> None:
    """Wait until the server has drawn the whole page."""
    page.wait_for_selector(FIGURE)
    wait_until_idle(page)


def box_of(page: Any, figure: int) -> Any:
    """Where a figure lies in the window, scrolled into it."""
    place = page.locator(".js-plotly-plot").nth(figure)
    place.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    return place.bounding_box()


def parameter(page: Any, name: str) -> str | None:
    """A value of the page's address."""
    return page.evaluate("name => new URLSearchParams(location.search).get(name)", name)


def wait_for_parameter(page: Any, name: str, value: str | None = None) -> str:
    """A value of the address, which the page writes last: any, or the one that is expected."""
    page.wait_for_function(
        "([name, value]) => { const it = new URLSearchParams(location.search).get(name);"
        " return it !== null && (value === null || it === value); }",
        arg=[name, value],
    )
    return str(parameter(page, name))


def test_a_lasso_in_one_map_chooses_the_samples_in_both(server: str, page: Any) -> None:
    page.goto(f"{server}/maps?run=patterns")
    settled(page)
    box = box_of(page, 0)
    left, top = box["x"] + 110, box["y"] + 120
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((180, 0), (180, 280), (0, 280), (0, 0)):
        page.mouse.move(left + x, top + y, steps=5)
    page.mouse.up()
    page.get_by_text("samples are chosen").wait_for()
    faded = """() => [...document.querySelectorAll('.js-plotly-plot')[0].data]
        .map((_, i) => document.querySelectorAll('.js-plotly-plot')[0]._fullData[i].marker.opacity)
        .map(opacity => Array.from(opacity).filter(o => o < 0.5).length)"""
    counts = page.evaluate(faded)
    half = len(counts) // 2
    assert sum(counts) > 0
    assert counts[:half] == counts[half:]  # the teacher's classes, then the student's

    page.get_by_role("link", name="Similarity").click()
    page.get_by_text("How alike are two samples?").wait_for()
    page.get_by_role("link", name="Embeddings", exact=True).click()
    page.get_by_text("samples are chosen").wait_for()
    page.get_by_role("button", name="Choose none").click()
    page.get_by_text("samples are chosen").wait_for(state="detached")


def test_a_click_on_the_plan_follows_one_sample_to_other_pages(server: str, page: Any) -> None:
    page.goto(f"{server}/transport?run=patterns&panel=plan")
    settled(page)
    box_of(page, 0)
    # The middle of the diagonal, where the axes say it lies.
    x, y = page.evaluate(
        """() => { const plot = document.querySelectorAll('.js-plotly-plot')[0];
        const axes = plot._fullLayout, place = plot.getBoundingClientRect();
        return [place.x + axes.xaxis._offset + axes.xaxis.l2p(45),
                place.y + axes.yaxis._offset + axes.yaxis.l2p(45)]; }"""
    )
    page.mouse.move(x - 2, y - 2)
    page.mouse.move(x, y)
    page.wait_for_timeout(400)
    page.mouse.click(x, y)
    sample = wait_for_parameter(page, "sample")
    page.get_by_text(f"Where the mass of {sample} goes").wait_for()
    page.get_by_role("link", name="Anchors").click()
    page.get_by_text(f"One sample seen from the anchors: {sample}").wait_for()


def test_the_epochs_play_by_themselves_to_the_end(server: str, page: Any) -> None:
    page.goto(f"{server}/maps?run=patterns&epoch=2")
    page.get_by_text("Student, epoch 2").wait_for()
    page.get_by_role("button", name="Play").click()
    for epoch in (5, 9):
        page.get_by_text(f"Student, epoch {epoch}").wait_for()
    page.get_by_role("button", name="Play").wait_for()  # it stopped by itself
    wait_for_parameter(page, "epoch", "9")


PLACES_SEEN = """async () => {
    const film = [...document.querySelectorAll('.js-plotly-plot')].pop();
    const point = [...film.querySelectorAll('.scatterlayer path.point')].pop();
    const seen = new Set();
    const until = performance.now() + 2500;
    while (performance.now() < until) {
        seen.add(point.getAttribute('transform'));
        await new Promise(requestAnimationFrame);
    }
    return seen.size;
}"""


def test_points_glide_from_epoch_to_epoch(server: str, page: Any) -> None:
    page.goto(f"{server}/maps?run=patterns&panel=film")
    film = page.locator(".js-plotly-plot").last
    film.get_by_text("How the student's map formed").wait_for()
    assert page.evaluate(PLACES_SEEN) == 1
    film.locator(".updatemenu-button", has_text="Play").click()
    assert page.evaluate(PLACES_SEEN) > 4, "a jump from epoch to epoch shows two or three places"
    film.get_by_text("epoch 9", exact=True).wait_for()


def test_a_figure_and_its_numbers_can_be_downloaded(server: str, page: Any) -> None:
    page.goto(f"{server}/similarity?run=patterns")
    page.wait_for_selector(FIGURE)
    with page.expect_download() as csv:
        page.get_by_role("button", name="Data").first.click()
    lines = Path(csv.value.path()).read_text().splitlines()
    assert csv.value.suggested_filename == "pkdot-similarity.csv"
    assert lines[0] == "sample,other,teacher,student"
    assert len(lines) == 1 + 90 * 89 // 2
    with page.expect_download() as figure:
        page.get_by_role("button", name="Figure").first.click()
    assert "How alike are two samples?" in Path(figure.value.path()).read_text()


def test_a_run_is_started_from_the_page(server: str, page: Any, runs: Path) -> None:
    before = {folder.name for folder in runs.iterdir()}
    page.goto(server)
    page.get_by_role("button", name="Make a run").click()
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_text("learns, epoch").wait_for(timeout=120_000)
    # Streamlit shows a button of that name too, in its header, while a page computes.
    own = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
    own.wait_for(state="detached", timeout=300_000)
    page.get_by_text("digits, kd+pkdot: did it gain?").wait_for()
    new = {folder.name for folder in runs.iterdir()} - before
    assert len(new) == 1
    wait_for_parameter(page, "run", new.pop())
    page.get_by_role("link", name="Embeddings", exact=True).click()
    page.get_by_text("Where the samples lie").wait_for()


@pytest.mark.parametrize(("scheme", "paper"), [("light", "255, 255, 255"), ("dark", "17, 22, 31")])
def test_figures_and_page_share_one_theme(
    server: str, browser: Any, scheme: str, paper: str
) -> None:
    tab = browser.new_page(color_scheme=scheme)
    tab.goto(f"{server}/maps")
    tab.wait_for_selector(FIGURE, timeout=90_000)
    background = "e => getComputedStyle(e).backgroundColor"
    assert paper in tab.locator("[data-testid=stApp]").first.evaluate(background)
    fill = tab.locator(FIGURE).first.evaluate("e => e.style.background")
    assert paper in fill
    tab.close()
