"""All answers at once: values over the truth, scores of single outputs, confusions."""

import json

import numpy as np
import pytest

from pkdot import figures
from pkdot.analysis.predictions import Outputs
from pkdot.errors import InputError
from pkdot.tasks import Classification, Multilabel, Ordinal, Regression

RNG = np.random.default_rng(0)
N = 50
TRUTH = np.column_stack([RNG.uniform(0, 10, N), RNG.normal(70, 10, N)])
TRUTH[3, 0] = np.nan
VALUES = Outputs(
    Regression(targets=("pain", "<b>rate</b>")).fitted(TRUTH),
    np.nan_to_num(TRUTH),
    RNG.permutation(np.nan_to_num(TRUTH)),
    TRUTH,
)
HELD = (RNG.uniform(size=(N, 2)) < 0.4).astype(float)
LABELS = Outputs(
    Multilabel(labels=("hole", "stroke")), 0.2 + 0.6 * HELD, np.full((N, 2), 0.3), HELD
)
CLASSES = np.arange(N) % 3
CLASSES[0] = -1
SHARES = Outputs(
    Ordinal(classes=("low", "middle", "high")),
    np.eye(3)[np.maximum(CLASSES, 0)],
    np.tile([0.2, 0.5, 0.3], (N, 1)),
    CLASSES,
)


def text(figure: object) -> str:
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False)  # type: ignore[attr-defined]


def test_points_stand_at_truth_and_answer() -> None:
    figure = figures.answered_values(VALUES)
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [trace.name for trace in points] == ["teacher", "student"] * 2
    np.testing.assert_array_equal(points[2].x, TRUTH[:, 1])
    np.testing.assert_array_equal(points[2].y, VALUES.teacher[:, 1])
    assert "CCC: teacher 1.000, student" in text(figure)
    assert "&lt;b&gt;rate" in text(figure)


def test_a_target_of_which_nothing_is_known_stays_empty() -> None:
    truth = TRUTH.copy()
    truth[:, 0] = np.nan
    own = Outputs(VALUES.task, VALUES.teacher, VALUES.student, truth)
    figure = figures.answered_values(own)
    assert {trace.xaxis for trace in figure.data} == {"x2"}
    listed = [trace.name for trace in figure.data if trace.showlegend]
    assert listed == ["answer = truth", "teacher", "student"]
    empty = figures.answer_residuals(own)
    assert {trace.xaxis for trace in empty.data} == {"x2"}
    assert [trace.name for trace in empty.data if trace.showlegend] == ["teacher", "student"]
    with pytest.raises(InputError, match="no answer to draw"):
        figures.answered_values(Outputs(VALUES.task, *(3 * [np.full((N, 2), np.nan)])))
    with pytest.raises(InputError, match="no answer to draw"):
        figures.answered_values(SHARES)


def test_thousands_of_points_are_thinned_and_said() -> None:
    many = np.tile(TRUTH, (100, 1))
    figure = figures.answered_values(Outputs(VALUES.task, many, many, many))
    assert max(len(trace.x) for trace in figure.data) == 2000
    assert "2000 of 5000 are drawn" in text(figure)


def test_bars_are_the_scores_of_each_output() -> None:
    figure = figures.answered_outputs(LABELS)
    teacher = [trace for trace in figure.data if trace.name == "teacher"]
    np.testing.assert_allclose(teacher[0].x, [100, 100])  # a perfect ranking
    np.testing.assert_allclose(teacher[1].x, [100, 100])
    student = next(trace for trace in figure.data if trace.name == "student")
    np.testing.assert_allclose(student.x, 100 * HELD.mean(axis=0))  # nothing is ranked
    with pytest.raises(InputError, match="no scores of single outputs"):
        figures.answered_outputs(SHARES)


def test_scores_in_units_of_their_own_share_no_axis() -> None:
    drawn = text(figures.answered_outputs(VALUES))
    assert "CCC" in drawn
    assert "RMSE" not in drawn


def test_confusions_count_each_class_in_its_row() -> None:
    figure = figures.confusion_matrices(SHARES)
    teacher, _, student, written = figure.data
    assert list(written.text) == ["0", "100", "0"] * 3
    np.testing.assert_allclose(teacher.z, 100 * np.eye(3))
    np.testing.assert_allclose(student.z, 100 * np.array([[0, 1, 0]] * 3))
    assert [int(row[1][0]) for row in student.customdata] == [16, 17, 16]
    assert figure.layout.xaxis.title.text == "answered level"
    unknown = Outputs(SHARES.task, SHARES.teacher, SHARES.student, np.full(N, -1))
    for wrong in (unknown, VALUES):
        with pytest.raises(InputError, match="needs classes"):
            figures.confusion_matrices(wrong)


def test_the_class_that_was_least_learned_is_named() -> None:
    task = Classification(classes=("sad", "glad", "mad"))
    targets = np.array([0, 0, 1, 1, 2, 2])
    student = np.eye(3)[[0, 0, 1, 0, 2, 2]]
    subtitle = text(figures.confusion_matrices(Outputs(task, np.eye(3)[targets], student, targets)))
    assert "least learned: glad, student 50 % right, teacher 100 %" in subtitle
    unseen = Outputs(task, np.eye(3)[targets[:4]], student[:4], targets[:4])
    assert "mad," not in text(figures.confusion_matrices(unseen))  # no sample of it, so none missed
    whole = Outputs(task, student, np.eye(3)[targets], targets)
    assert "the student is always right" in text(figures.confusion_matrices(whole))


def test_many_classes_are_not_written_into_cells() -> None:
    task = Classification(classes=tuple(map(str, range(15))))
    outputs = Outputs(task, np.eye(15), np.eye(15), np.arange(15))
    assert len(figures.confusion_matrices(outputs).data) == 2
    assert len(figures.confusion_matrices(SHARES).data) == 4


def test_every_value_of_a_sample_has_an_axis_of_its_own() -> None:
    figure = figures.sample_answers(VALUES, 3)
    assert [trace.yaxis for trace in figure.data] == ["y", "y", "y2", "y2"]
    assert figure.layout.yaxis.title.text == "pain"
    lines = [shape.y0 for shape in figure.layout.shapes]
    assert lines == [TRUTH[3, 1]]  # the true pain of this sample is not known
