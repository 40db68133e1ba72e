"""Your embeddings in a real browser: files are uploaded, and Pairs shows them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.chromium import serve_page

pytestmark = pytest.mark.slow
WINDOW = {"width": 1440, "height": 900}
RNG = np.random.default_rng(0)
N = 30
LABELS = np.arange(N) % 3
TEACHER = (np.eye(3)[LABELS] @ RNG.normal(size=(3, 8)) + RNG.normal(size=(N, 8)) / 4).astype("f4")


def test_uploads_become_a_record_that_pairs_shows(tmp_path: Path, browser: Any) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    np.save(tmp_path / "sharp.npy", TEACHER)
    np.save(tmp_path / "coarse.npy", TEACHER[:, :5])
    (tmp_path / "y.csv").write_text("kind\n" + "".join(f"{'abc'[i]}\n" for i in LABELS))
    problems: list[str] = []
    with serve_page(tmp_path / "runs", cwd=tmp_path) as server:
        page = browser.new_page(viewport=WINDOW)
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.goto(server)  # at a page's own address Streamlit asks for files that are not there
        page.get_by_role("link", name="Your embeddings").click()
        given = {
            "sharp.npy": "30 × 8 · float32",
            "coarse.npy": "30 × 5 · float32",
            "y.csv": "30 × 1 · text",
        }
        for place, (name, told) in enumerate(given.items()):
            field = page.locator("[data-testid=stMain] [data-testid=stFileUploader]").nth(place)
            field.locator("input[type=file]").set_input_files(tmp_path / name)
            page.get_by_text(told).wait_for()
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollHeight <= {main}.clientHeight")
        page.get_by_role("button", name="Compare").click()
        page.get_by_text("They are a record now").wait_for()
        page.get_by_role("link", name="Look at the pairs").click()
        page.wait_for_selector(".pairs[data-drawn]")
        assert "Maps of 30 samples" in page.locator(".maps").get_attribute("aria-label")
        page.get_by_text("Teacher: sharp", exact=True).wait_for()
        page.close()
    assert problems == []
    assert len(list((tmp_path / "runs").iterdir())) == 1
