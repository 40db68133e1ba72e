"""Values frame by frame: lines stand at truth and answers, and the plane counts frames."""

from dataclasses import replace

import numpy as np
import pytest

from pkdot import figures
from pkdot.analysis.predictions import Outputs
from pkdot.errors import InputError
from pkdot.tasks import Classification, Regression

RNG = np.random.default_rng(0)
TASK = Regression(targets=("valence", "arousal"))
TRUTH = RNG.uniform(-0.9, 0.9, (60, 2))
TRUTH[10:20] = np.nan
TEACHER, STUDENT = RNG.uniform(-1, 1, (60, 2)), np.full((60, 2), 2.0)
TEACHER[5] = np.nan
OUTPUTS = Outputs(TASK, TEACHER, STUDENT, TRUTH)
TIMES = np.arange(101, 161)


def test_lines_stand_at_truth_and_answers() -> None:
    figure = figures.value_trajectories(OUTPUTS, TIMES, name="<b>video</b>")
    assert [line.name for line in figure.data] == ["truth", "teacher", "student"] * 2
    for j in (0, 1):
        for line, values in zip(figure.data[3 * j :], (TRUTH, TEACHER, STUDENT), strict=False):
            np.testing.assert_array_equal(line.x, TIMES)
            np.testing.assert_array_equal(line.y, values[:, j])
            assert line.connectgaps is False
    titles = [note.text for note in figure.layout.annotations]
    own = TASK.output_scores(TEACHER, TRUTH)["arousal"]["ccc"]
    assert f"teacher {own:.3f}, student 0.000" in titles[1]
    assert "&lt;b&gt;video" in figure.layout.title.text


def test_a_plane_counts_every_known_frame_once() -> None:
    figure = figures.value_plane(OUTPUTS)
    truth, _, student = figure.data
    known = np.isfinite(TRUTH).all(axis=1) & np.isfinite(TEACHER).all(axis=1)
    for panel in figure.data:
        assert np.sum(panel.z) == pytest.approx(100)
        assert panel.zmax == pytest.approx(4 * np.max(truth.z))
    assert student.z[-1][-1] == pytest.approx(100), "beyond the span counts at its edge"
    one = np.flatnonzero(known)[0]
    alone = replace(OUTPUTS, targets=np.where(np.arange(60)[:, None] == one, TRUTH, np.nan))
    share = np.asarray(figures.value_plane(alone).data[0].z)
    row, column = np.argwhere(share == 100)[0]
    assert abs(truth.x[column] - TRUTH[one, 0]) <= 1 / 24 + 1e-9
    assert abs(truth.y[row] - TRUTH[one, 1]) <= 1 / 24 + 1e-9
    assert "49 frames" in figure.layout.title.subtitle.text
    assert known.sum() == 49


def test_what_has_no_values_is_refused() -> None:
    classes = Outputs(Classification(classes=("a", "b")), *(2 * [np.eye(2)]), np.arange(2))
    one = Outputs(Regression(targets=("pain",)), *(3 * [np.zeros((4, 1))]))
    nothing = replace(OUTPUTS, targets=np.full((60, 2), np.nan))
    with pytest.raises(InputError, match="need values"):
        figures.value_trajectories(classes, np.arange(2))
    with pytest.raises(InputError, match="60 frames need as many times, not 3"):
        figures.value_trajectories(OUTPUTS, np.arange(3))
    for outputs, words in ((classes, "two values"), (one, "two values, not 1"), (nothing, "frame")):
        with pytest.raises(InputError, match=words):
            figures.value_plane(outputs)
