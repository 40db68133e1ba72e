"""Take a picture of every page in both themes: ``make screenshots``.

They go to reports/screenshots, to be looked at; the one that README.md shows is replaced too. The
pages show the example record, so that the pictures come out alike on every machine.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

if __package__ is None or __package__ == "":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.chromium import ROOT, open_chromium, serve_page, wait_until_idle

PAGES = {
    "runs": "", "pairs": "pairs", "similarity": "similarity", "anchors": "anchors",
    "transport": "transport", "embeddings": "maps", "samples": "samples", "methods": "methods",
    "yours": "yours", "lab": "lab",
}  # fmt: skip
README_PAGE = "pairs"
FIGURE = (
    ".js-plotly-plot .main-svg, .pairs[data-drawn], [data-testid=stFileUploader], "
    ".lab[data-batch]:not([data-batch='0'])"
)
WINDOW = {"width": 1440, "height": 900}


def settle(page: Any) -> None:
    """Wait until figures are drawn and the server is idle."""
    page.wait_for_selector(FIGURE, timeout=60_000)
    wait_until_idle(page, 500)


def main() -> None:
    folder = ROOT / "reports" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as empty,
        open_chromium() as browser,
        serve_page(Path(empty), cwd=Path(empty)) as address,
    ):
        for theme in ("light", "dark"):
            for name, path in PAGES.items():
                page = browser.new_page(viewport=WINDOW, color_scheme=theme)
                page.goto(f"{address}/{path}")
                settle(page)
                if name == README_PAGE and theme == "light":
                    page.screenshot(path=ROOT / "app" / "screenshot.png")
                height = page.evaluate(
                    "document.querySelector('[data-testid=stMain]').scrollHeight"
                )
                page.set_viewport_size({**WINDOW, "height": min(height, 4000)})
                settle(page)
                page.screenshot(path=folder / f"{name}-{theme}.png")
                page.close()
    print(f"The pictures are in {folder}; the one of README.md is app/screenshot.png.")


if __name__ == "__main__":
    main()
