"""Methods in a real browser: a click on the forest opens a method, all of it on one screen."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import serve_page
from tests.support.gain_files import write_sweep_file

pytestmark = pytest.mark.slow
WINDOW = {"width": 1440, "height": 900}
POINTS = ".js-plotly-plot .scatterlayer .trace .points path"


def test_a_click_on_a_gain_opens_it_unit_by_unit(tmp_path: Path, browser: Any) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    write_sweep_file(tmp_path / "runs")
    problems: list[str] = []
    with serve_page(tmp_path / "runs", cwd=tmp_path) as server:
        tab = browser.new_page(viewport=WINDOW, color_scheme="dark")
        tab.set_default_timeout(60_000)
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto(f"{server}/methods")
        tab.get_by_text("title of pkdot: +6.0 points").wait_for()
        for figure in tab.locator(".js-plotly-plot").all():
            box = figure.bounding_box()
            assert box["y"] + box["height"] <= WINDOW["height"]
        tab.locator(POINTS).nth(1).click(force=True)
        tab.get_by_text("title of kd: +3.0 points").wait_for()
        tab.wait_for_url("**gain=digits-kd-0a1b2c*")
        tab.go_back()
        tab.get_by_text("title of pkdot: +6.0 points").wait_for()
        tab.close()
    assert problems == []
