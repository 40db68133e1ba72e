"""Open the dashboard's pages without a browser, in surroundings that a test controls."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "app"
FIGURES = {
    "runs": 1,
    "pairs": 0,
    "similarity": 1,
    "anchors": 2,
    "transport": 2,
    "maps": 1,
    "samples": 2,
}
"""Figures of each page as it opens; those of other tabs are drawn once a tab is open."""


def surround(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The app's own modules importable, an empty runs directory, and no example record."""
    monkeypatch.syspath_prepend(str(APP))
    monkeypatch.setenv("PKDOT_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    from dashboard import record_picker

    monkeypatch.setattr(record_picker, "EXAMPLE", tmp_path / "no example")
    listen_on(monkeypatch, "127.0.0.1")


def listen_on(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    """What the server's command line and app/.streamlit/config.toml decide in real life."""
    import streamlit

    asked = streamlit.get_option
    monkeypatch.setattr(
        streamlit, "get_option", lambda key: address if key == "server.address" else asked(key)
    )


def opened(page: str, **address: Any) -> Any:
    app = AppTest.from_file(str(APP / "explore.py"), default_timeout=120)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    if page != "runs":
        app.switch_page(f"views/{page}.py").run()
    return app


def words(app: Any) -> str:
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def figures(app: Any) -> int:
    return len(app.get("plotly_chart"))


def spec(app: Any, position: int) -> str:
    """What a figure of the page draws, as readable JSON."""
    content = json.loads(app.get("plotly_chart")[position].proto.spec)
    return json.dumps(content, ensure_ascii=False)
