"""Several visitors at once: every page comes, nothing fails, nobody elsewhere gets an answer."""

from pathlib import Path

import pytest

from tests.support.app_report import write_opening, write_section
from tests.support.chromium import ROOT


@pytest.mark.slow
def test_five_visitors_at_once_meet_no_error(tmp_path: Path) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    from tests.support.load_page import load
    from tests.support.page_client import PAGES

    found = load(5, 10.0, tmp_path / "runs", reading=(0.5, 1.5))
    assert found.errors == []
    assert found.elsewhere == []
    assert len(found.turns) >= len(PAGES)
    assert found.moves


@pytest.mark.slow
def test_a_visitor_names_what_went_wrong(tmp_path: Path) -> None:
    pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
    from tests.support.chromium import page_process
    from tests.support.page_client import Visitor, run_apart

    async def lost(address: str) -> list[str]:
        visitor = Visitor(address)
        await visitor.open()
        await visitor.turn("nowhere")
        visitor.close()
        return visitor.errors

    with page_process(tmp_path / "runs", tmp_path) as (address, _):
        errors = run_apart(lost(address))
    assert errors == ["nowhere: no such page"]


def test_a_section_of_the_report_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    report = tmp_path / "app.md"
    write_opening(["# The page", "", "one"], report)
    write_section("Load", ["first"], report)
    write_section("Other", ["other"], report)
    write_section("Load", ["second"], report)
    write_opening(["# The page", "", "two"], report)
    assert report.read_text() == ("# The page\n\ntwo\n\n## Load\n\nsecond\n\n## Other\n\nother\n")


@pytest.mark.slow
def test_what_is_loaded_once_is_kept_out_of_the_search_for_garbage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import gc
    import sys
    import types

    monkeypatch.syspath_prepend(ROOT / "app")
    from dashboard import lasting

    monkeypatch.setattr(lasting, "_modules", 0)
    gc.unfreeze()
    try:
        assert lasting.keep_modules()
        kept = gc.get_freeze_count()
        assert kept > 1000
        assert not lasting.keep_modules()
        monkeypatch.setitem(sys.modules, "a_new_library", types.ModuleType("a_new_library"))
        assert lasting.keep_modules()
    finally:
        gc.unfreeze()
