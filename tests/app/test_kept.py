"""What all visitors share: records that have ended, figures that were drawn, and their turns."""

import json
import threading
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")

from pkdot import figures as functions
from pkdot.errors import RecordError
from tests.figures.examples import TABLE
from tests.support.example_records import forget_digests, write_record
from tests.support.pages import surround


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


def test_a_record_that_has_ended_is_read_once_until_it_changes(record_copy: Path) -> None:
    from dashboard import record_picker

    first = record_picker.opened(record_copy)
    assert record_picker.opened(record_copy) is first
    manifest = json.loads((record_copy / "run.json").read_text())
    (record_copy / "run.json").write_text(json.dumps({**manifest, "name": "another"}))
    forget_digests(record_copy)
    assert record_picker.opened(record_copy).name == "another"
    (record_copy / "run.json").write_text("{")
    with pytest.raises(RecordError):
        record_picker.opened(record_copy)


def test_a_record_that_is_being_written_is_read_each_time(tmp_path: Path) -> None:
    from dashboard import record_picker

    recorder = write_record(tmp_path, finish=False)
    first = record_picker.opened(recorder.path)
    assert first.status == "running"
    assert record_picker.opened(recorder.path) is not first
    recorder.finish()
    assert record_picker.opened(recorder.path).status == "finished"


def test_a_kept_figure_is_what_was_drawn() -> None:
    from dashboard.figure_cache import figures

    kept, drawn = (f.result_dots(TABLE, reference="alone") for f in (figures, functions))
    assert kept.to_json() == drawn.to_json()
    assert kept.to_dict() is kept.to_dict()


def test_those_who_wait_are_served_in_turn() -> None:
    from dashboard import turns

    inside, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(turns.AT_ONCE)

    def visit() -> None:
        nonlocal inside, most
        with turns.mine():
            with lock:
                inside += 1
                most = max(most, inside)
            together.wait(10)  # as many as may be are really inside at once
            with lock:
                inside -= 1

    threads = [threading.Thread(target=visit) for _ in range(3 * turns.AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == turns.AT_ONCE
    with pytest.raises(ArithmeticError), turns.mine():
        raise ArithmeticError  # a page that fails gives its turn up
    assert all(turns._free.acquire(blocking=False) for _ in range(turns.AT_ONCE))
    turns._free.release(turns.AT_ONCE)
