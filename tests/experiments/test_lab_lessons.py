"""What `docs/lab.md` promises a class is what the page's own teacher and students show."""

from typing import Any

import numpy as np
import pytest

from pkdot.experiments.lab import Lab, LabFrame, LabSettings, LabTeacher, train_lab_teacher

pytestmark = pytest.mark.full
BATCHES = 200


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> LabTeacher:
    return train_lab_teacher(folder=tmp_path_factory.mktemp("teachers"))


def lesson(teacher: LabTeacher, **settings: Any) -> LabFrame:
    lab = Lab(teacher, LabSettings(**settings))
    for _ in range(BATCHES // 20):
        frame = lab.step(20)
    return frame


def ends(frame: LabFrame) -> tuple[float, float]:
    """Right answers of both students, averaged over the last batches."""
    taught, alone = frame.scores[-20:].mean(0)
    return float(taught), float(alone)


def test_the_lessons_show_what_their_page_says(teacher: LabTeacher) -> None:
    plain = lesson(teacher)
    assert plain.last is not None
    gain, alone_ends = ends(plain)[0] - ends(plain)[1], ends(plain)[1]
    assert gain > 0.05
    assert plain.scores[12, 1] > plain.scores[12, 0], "the student alone leads at first"

    off = lesson(teacher, strength=0)
    assert np.array_equal(off.scores[:, 0], off.scores[:, 1])

    few, many = ends(lesson(teacher, n_labelled=20)), ends(lesson(teacher, n_labelled=400))
    assert few[0] - few[1] > 0.25
    assert abs(many[0] - many[1]) < 0.03

    two = lesson(teacher, k=2)
    assert two.last is not None
    assert ends(two)[0] - alone_ends < 0.6 * gain
    assert two.last.pulls.mean() < 0.03 * plain.last.pulls.mean()

    for method in ("pkdot", "kd"):
        wrong = lesson(teacher, method=method, wrong=1.0)
        assert wrong.last is not None
        assert ends(wrong)[0] < alone_ends - 0.02, method
        is_wrong = wrong.last.is_wrong
        assert wrong.last.pulls[is_wrong].mean() > 1.2 * wrong.last.pulls[~is_wrong].mean()

    sharp, hazy = lesson(teacher, blur=0.1), lesson(teacher, blur=1.5)
    assert sharp.last is not None
    assert hazy.last is not None
    size = len(sharp.last.indices)
    assert size * sharp.last.plan.max() > 0.9
    assert size * hazy.last.plan.max() < 0.2
    assert abs(ends(sharp)[0] - ends(hazy)[0]) < 0.03
