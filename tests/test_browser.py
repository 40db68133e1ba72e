"""The dashboard in a real browser: open, choose a page, slide, follow a link, both themes."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from .chromium import serve_page
from .example_records import write_record

pytestmark = pytest.mark.slow
FIGURE = ".js-plotly-plot .main-svg"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address; the server runs from a folder that knows nothing of the repository."""
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    folder = tmp_path_factory.mktemp("a folder with spaces")
    for run_id in ("patterns", "others"):
        write_record(folder / "runs", run_id=run_id)
    with serve_page(folder / "runs", cwd=folder) as address:
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
    tab.set_default_timeout(20_000)
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
    page.get_by_text("Where does each sample's mass go?").wait_for()
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
    assert "blur=" in page.url


def test_a_tick_in_the_table_chooses_the_record(server: str, page: Any) -> None:
    page.goto(server)
    page.wait_for_selector(FIGURE)
    table = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    header, row = 36, 35  # pixels; the table is a canvas, so there is nothing to name
    chosen = []
    for line in (1, 0):  # the page opens on line 0
        page.mouse.click(table["x"] + 18, table["y"] + header + row * line + row / 2)
        before = chosen[-1] if chosen else ""
        page.wait_for_function(
            "before => new URLSearchParams(location.search).get('run') != (before || null)",
            arg=before,
        )
        chosen.append(page.evaluate("() => new URLSearchParams(location.search).get('run')"))
    assert sorted(chosen) == ["others", "patterns"]


def test_a_link_shows_the_same_view_to_somebody_else(server: str, page: Any, browser: Any) -> None:
    page.goto(f"{server}/similarity?run=patterns")
    page.wait_for_selector(FIGURE)
    slider = page.get_by_role("slider").first
    slider.focus()
    slider.press("Home")
    page.get_by_text("At epoch 0").wait_for()
    assert "epoch=0" in page.url
    page.get_by_text("training batch").click()
    page.get_by_text("pairs of 40 samples").wait_for()
    other = browser.new_page()
    other.goto(page.url)
    other.get_by_text("pairs of 40 samples").wait_for(timeout=20_000)
    assert other.get_by_text("At epoch 0").is_visible()
    other.close()
    page.get_by_role("link", name="Anchors").click()
    page.get_by_text("The anchors on the teacher's map").wait_for()
    assert "epoch=0" in page.url


@pytest.mark.parametrize(("scheme", "paper"), [("light", "255, 255, 255"), ("dark", "17, 22, 31")])
def test_figures_and_page_share_one_theme(
    server: str, browser: Any, scheme: str, paper: str
) -> None:
    tab = browser.new_page(color_scheme=scheme)
    tab.goto(f"{server}/maps")
    tab.wait_for_selector(FIGURE, timeout=20_000)
    background = "e => getComputedStyle(e).backgroundColor"
    assert paper in tab.locator("[data-testid=stApp]").first.evaluate(background)
    fill = tab.locator(FIGURE).first.evaluate("e => e.style.background")
    assert paper in fill
    tab.close()


@pytest.mark.parametrize("name", ["similarity", "anchors", "transport", "maps", "samples"])
def test_every_page_draws_within_its_width(server: str, page: Any, name: str) -> None:
    page.goto(f"{server}/{name}")
    page.wait_for_selector(FIGURE)
    page.wait_for_timeout(500)
    widths = page.evaluate(
        "() => [...document.querySelectorAll('.js-plotly-plot .main-svg')]"
        ".map(e => [e.getBoundingClientRect().right, innerWidth])"
    )
    assert widths
    assert all(right <= window for right, window in widths)
    assert page.get_by_text("could not be drawn").count() == 0
