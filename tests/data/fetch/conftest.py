"""A server on this machine, and no pause between tries."""

from collections.abc import Iterator

import pytest

from tests.support.file_server import FileServer, serving

pytest.importorskip("pooch")
pytest.importorskip("requests")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server for one test."""
    monkeypatch.setattr("pkdot.data.fetch.web.PAUSE", 0.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as state:
        yield state
