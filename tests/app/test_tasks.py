"""Every page opens for every task, for embeddings without targets, and says what it shows."""

import html
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pkdot
from tests.support.pages import FIGURES, figures, opened, spec, surround, words
from tests.support.task_records import (
    KINDS,
    N,
    embeddings,
    task_and_targets,
    write_task_record,
    write_unlabelled_record,
)

FORMS = {
    "classification": ["confusion"],
    "ordinal": ["confusion"],
    "regression": ["values", "residuals", "plane", "outputs"],
    "multilabel": ["labels", "outputs"],
}
"""Forms in which the answers of a task are shown."""
PAIR = {
    "pairs": 0,
    "runs": 0,
    "similarity": 1,
    "anchors": 2,
    "transport": 2,
    "maps": 1,
    "samples": 0,
}
"""Figures of embeddings that were compared without training."""


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


def whole(page: str, **address: Any) -> Any:
    """A page that opened without any complaint."""
    app = opened(page, **address)
    assert not app.exception
    assert not app.error
    assert not app.warning, words(app)
    return app


@pytest.mark.parametrize(
    "kind",
    [k if k == "regression" else pytest.param(k, marks=pytest.mark.slow) for k in KINDS],
)
def test_every_page_opens_for_every_task(kind: str, tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", kind)
    for page in FIGURES:
        app = whole(page)
        expected = {**FIGURES, "samples": 1}  # there are neither pictures nor features
        assert figures(app) == expected[page], page
    forms = whole("runs", panel="answers").get("button_group")
    assert len(forms[0].options if forms else [0]) == len(FORMS[kind])
    for form in FORMS[kind]:
        assert figures(whole("runs", panel="answers", answers=form)) == 1


@pytest.mark.slow
def test_every_page_opens_for_embeddings_of_which_nothing_is_known(tmp_path: Path) -> None:
    write_unlabelled_record(tmp_path / "runs")
    for page in FIGURES:
        app = whole(page)
        assert figures(app) == PAIR[page], page
        told = words(app)
        for absent in ("class", "no label", "epoch"):
            assert absent not in told.lower(), (page, absent)
    assert "teacher: video; student: wrist band" in words(opened("similarity"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["regression", "multilabel"])
def test_every_page_opens_for_embeddings_with_targets(kind: str, tmp_path: Path) -> None:
    task, targets = task_and_targets(kind)
    pair = (embeddings(task, targets, noise, width) for noise, width in ((0.3, 12), (0.8, 8)))
    pkdot.compare_embeddings(*pair, targets=targets, task=task, runs_dir=tmp_path / "runs")
    for page in FIGURES:
        assert figures(whole(page)) == PAIR[page], page


@pytest.mark.slow
def test_values_have_a_colour_bar_and_each_target_can_be_chosen(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    first, second = (spec(whole("maps", target=target), 0) for target in ("pain", "heart rate"))
    assert '"coloraxis": {"colorbar"' in first
    assert '"text": "pain"' in first
    assert '"text": "heart rate"' in second
    assert first != second
    assert '"no target"' in first


def test_levels_are_coloured_in_rising_order(tmp_path: Path) -> None:
    from pkdot.figures.themes import THEMES

    write_task_record(tmp_path / "runs", "ordinal")
    drawn = spec(whole("maps"), 0)
    low, high = (THEMES["light"].values[end] for end in (0, -1))
    assert low in drawn
    assert high in drawn
    assert '"text": "level"' in drawn


@pytest.mark.slow
def test_a_range_is_not_called_a_class(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    for panel in ("flows", "plan"):
        app = whole("transport", panel=panel)
        drawn = " ".join(spec(app, i) for i in range(figures(app)))
        labels = " ".join(metric.label for metric in app.metric)
        for text in (drawn, labels, words(app)):
            assert "class" not in text.replace("class 0", "").replace("class -1", "")
        assert "within the range" in labels
    assert "within its range" in spec(whole("transport"), 0)


def test_answers_of_each_target_stand_over_the_truth(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    drawn = spec(whole("runs", panel="answers"), 0)
    assert "true pain" in drawn
    assert "answered heart rate" in drawn
    assert "CCC: teacher 0." in drawn


def test_each_label_has_its_bars(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "multilabel")
    drawn = spec(whole("runs", panel="answers", answers="outputs"), 0)
    for name in ("hole", "straight stroke", "symmetric", "average precision, %", "F1, %"):
        assert name in drawn


@pytest.mark.slow
def test_a_label_is_picked(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "multilabel")
    app = whole("runs", panel="answers", answers="labels", label="1")
    assert "answered probability of straight stroke" in spec(app, 0)
    drawn = spec(whole("maps", target="symmetric"), 0)
    assert "not symmetric" in drawn


def test_frames_are_drawn_over_time(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression", frames_of=4)
    app = whole("runs", panel="answers", answers="times")
    # One frame of video 0 has no target; the longest sequence stands first.
    assert app.selectbox(key="sequence").options == [f"video {i}" for i in (1, 2, 3, 0)]
    drawn = spec(app, 0)
    assert "video 1 over time" in drawn
    assert "20 frames" in drawn


@pytest.mark.slow
def test_errors_of_values_have_a_colour_bar_of_their_own(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    drawn = spec(whole("maps", colour="error"), 0)
    assert "student's error, in training deviations" in html.unescape(drawn)


def test_a_comparison_says_what_was_measured(tmp_path: Path) -> None:
    write_unlabelled_record(tmp_path / "runs")
    app = whole("runs")
    assert "This comparison: video against wrist band" in words(app)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["samples"] == str(N)
    assert (tiles["teacher's width"], tiles["student's width"]) == ("12", "8")
    table = app.dataframe[-1].value.set_index("measure")
    assert table.loc["CKA", "all samples"] == pytest.approx(float(tiles["linear CKA"]), abs=0.01)
    assert np.isnan(table.loc["Procrustes", "probe"])
