"""A run started from the page: how it begins, how far it is, and that it always ends."""

import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")

from pkdot.record import open_record
from tests.support.example_records import write_record
from tests.support.pages import opened, surround, words


@pytest.fixture
def background_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    surround(monkeypatch, tmp_path)
    from dashboard import background_run

    background_run.shared_run.clear()
    return background_run


def outcome_of(run: Any) -> Any:
    for _ in range(1200):
        if not run.is_training:
            return run.outcome()
        time.sleep(0.1)
    raise AssertionError("the child did not end")


@pytest.mark.slow
def test_a_run_that_cannot_start_says_why_in_one_sentence(
    background_run: Any, tmp_path: Path
) -> None:
    (tmp_path / "runs").write_text("a file where the folder of runs should be")
    run = background_run.BackgroundRun()
    run.start("kd", 0, 50)
    assert run.is_training
    key, problem = outcome_of(run)
    assert key is None
    assert "Traceback" not in problem
    assert "runs" in problem
    assert run.outcome() is None  # reported once


@pytest.mark.slow
def test_a_run_that_is_stopped_is_gone_and_its_record_says_so(
    background_run: Any, tmp_path: Path
) -> None:
    run = background_run.BackgroundRun()
    run.start("none", 3, 50)
    process = run.process
    for _ in range(1200):
        if run.progress().run or not run.is_training:
            break
        time.sleep(0.1)
    run.start("kd", 0, 50)  # one at a time: this does nothing
    assert run.process is process
    run.stop()
    assert process.poll() is not None
    key, _ = run.outcome()
    record = open_record(tmp_path / "runs" / key)
    assert record.status in ("stopped", "finished")
    assert record.seed == 3
    assert record.config["data"]["n_labelled"] == 50


def test_progress_is_read_from_the_record(background_run: Any, tmp_path: Path) -> None:
    run = background_run.BackgroundRun()
    assert run.progress() == background_run.Progress(0.0, "starting", None)
    config = {"training": {"epochs": 19}}
    recorder = write_record(tmp_path / "runs", run_id="new", config=config, finish=False)
    found = run.progress()
    assert found.run == "new"
    assert found.words == "maps are drawn"  # the test scores are in
    recorder.finish()
    from pkdot.record import Recorder

    run.before = {"new"}
    with Recorder("r", runs_dir=tmp_path / "runs", run_id="newer", config=config) as recorder:
        assert run.progress().words == "reading the data"
        recorder.log_metrics("teacher", 19, "validation", {"accuracy": 0.5})
        recorder.log_metrics("tnet", 9, "validation", {"explained": 0.5})
        recorder.flush()
        found = run.progress()
    assert found.share == pytest.approx((1 + 10 / 20) / 3)
    assert found.words == "the T-Net learns, epoch 9 of at most 19"


@pytest.mark.slow
def test_the_page_offers_a_run_and_shows_how_far_it_is(background_run: Any, tmp_path: Path) -> None:
    class Child:
        """A child that trains for as long as the test wants."""

        returncode = None

        def poll(self) -> int | None:
            return self.returncode

    app = opened("runs")
    assert app.button(key="make").label == "Make it"
    run = background_run.shared_run()
    run.process = Child()
    app.run()
    assert app.button(key="stop").label == "Stop"
    assert not any(button.key == "make" for button in app.button)
    Child.returncode = 0
    write_record(tmp_path / "runs", run_id="ended")
    app.run()
    assert app.sidebar.selectbox[0].value == "ended"
    assert "Done: patterns" in "\n".join(toast.value for toast in app.toast)
    run.process = Child()
    Child.returncode = 1
    app.run()
    assert "The run ended before its time: status 1" in words(app)
    assert not app.exception


@pytest.mark.slow
def test_a_page_that_others_reach_starts_no_runs(
    background_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.pages import listen_on

    listen_on(monkeypatch, "0.0.0.0")
    app = opened("runs")
    assert not any(button.key == "make" for button in app.button)
    assert "only where it listens on its own machine" in words(app)
