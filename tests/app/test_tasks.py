"""Every page opens for every task, for embeddings without targets, and says what it shows."""

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

ANSWERS = {"classification": 1, "ordinal": 1, "regression": 2, "multilabel": 1}
"""Figures of the answers on test samples."""
PAIR = {
    "pairs": 0,
    "runs": 0,
    "similarity": 2,
    "anchors": 4,
    "transport": 5,
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


def number_of_figures(page: str, kind: str) -> int:
    if page == "runs":
        return 1 + ANSWERS[kind]
    return {**FIGURES, "anchors": 4, "samples": 1}[page]  # there are neither pictures nor features


@pytest.mark.parametrize(
    "kind",
    [k if k == "regression" else pytest.param(k, marks=pytest.mark.slow) for k in KINDS],
)
def test_every_page_opens_for_every_task(kind: str, tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", kind)
    for page in FIGURES:
        app = whole(page)
        assert figures(app) == number_of_figures(page, kind), page


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


def test_values_have_a_colour_bar_and_each_target_can_be_chosen(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    first, second = (spec(whole("maps", target=target), 0) for target in ("pain", "heart rate"))
    assert '"coloraxis": {"colorbar"' in first
    assert '"text": "pain"' in first
    assert '"text": "heart rate"' in second
    assert first != second
    assert '"no target"' in first


def test_levels_are_coloured_in_rising_order(tmp_path: Path) -> None:
    from pkdot.figures.style import THEMES

    write_task_record(tmp_path / "runs", "ordinal")
    drawn = spec(whole("maps"), 0)
    low, high = (THEMES["light"].values[end] for end in (0, -1))
    assert low in drawn
    assert high in drawn
    assert '"text": "level"' in drawn


def test_a_range_is_not_called_a_class(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    app = whole("transport")
    drawn = " ".join(spec(app, i) for i in range(figures(app)))
    labels = " ".join(metric.label for metric in app.metric)
    for text in (drawn, labels, words(app)):
        assert "class" not in text.replace("class 0", "").replace("class -1", "")
    assert "within the range" in labels
    assert "within its range" in drawn


def test_answers_of_each_target_stand_over_the_truth(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "regression")
    app = whole("runs")
    assert "Answers on test samples" in words(app)
    drawn = spec(app, 1)
    assert "true pain" in drawn
    assert "answered heart rate" in drawn
    assert "CCC: teacher 0." in drawn


def test_each_label_has_its_bars(tmp_path: Path) -> None:
    write_task_record(tmp_path / "runs", "multilabel")
    drawn = spec(whole("runs"), 1)
    for name in ("hole", "straight stroke", "symmetric", "average precision, %", "F1, %"):
        assert name in drawn


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
