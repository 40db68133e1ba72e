"""The four samples of the page to print: each number is known from pencil and paper."""

from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest

from pkdot.__main__ import main
from pkdot.course.summary_page import draw_summary
from pkdot.course.worked_example import four_samples
from pkdot.errors import InputError


def test_similarities_anchors_and_rows_by_hand() -> None:
    example = four_samples()
    half, root = 1 / 2, sqrt(3) / 2
    assert example.teacher_similarity == pytest.approx(
        np.array([[1, half, 0, -1], [half, 1, root, -half], [0, root, 1, 0], [-1, -half, 0, 1]]),
        abs=1e-12,
    )
    assert example.to_others == pytest.approx(
        [(half - 1) / 3, (half + root - half) / 3, root / 3, -half], abs=1e-12
    )
    assert example.anchors.tolist() == [3, 0]
    assert example.teacher_rows[:, 0] == pytest.approx([-1, -half, 0, 1], abs=1e-12)
    assert example.student_rows[:, 0] == pytest.approx([-1, 0, 0, 1], abs=1e-12)
    for rows in (example.teacher_rows, example.student_rows):
        assert rows[:, 1] == pytest.approx(-rows[:, 0], abs=1e-12)
    # Rows (x, −x) and (y, −y) cost (x − y)².
    assert example.cost[1] == pytest.approx([0.25, 0.25, 0.25, 2.25], abs=1e-12)


def test_plan_and_loss_by_hand() -> None:
    """Other ways cost 1/4 or more, and weigh e^(−25): the plan is 1/4 and 1/8 in six cells.

    With two student samples at one place, KL is ½ log 4 + ½ log 2 from teacher to student and
    within the student, and log 4 within the teacher; one sample moves, at ¼ · ¼.
    """
    example = four_samples()
    plan = np.zeros((4, 4))
    plan[0, 0] = plan[3, 3] = 1 / 4
    plan[1:3, 1:3] = 1 / 8
    assert example.plan == pytest.approx(plan, abs=1e-6)
    epsilon = example.epsilon
    assert epsilon == pytest.approx(0.01)
    assert example.between == pytest.approx(1 / 16 + 1.5 * log(2) * epsilon, abs=1e-6)
    assert example.of_teacher == pytest.approx(log(4) * epsilon, abs=1e-6)
    assert example.of_student == pytest.approx(1.5 * log(2) * epsilon, abs=1e-6)
    assert example.divergence == pytest.approx(1 / 16 - epsilon * log(2) / 4, abs=1e-6)
    # Each of the samples 2 and 3 gets 1/8 from teacher's sample 2, half a unit away.
    pulled = np.array([[0, 0], [1 / 16, -1 / 16], [1 / 16, -1 / 16], [0, 0]])
    assert example.gradient == pytest.approx(pulled, abs=1e-6)


def test_another_entropy_gives_other_numbers() -> None:
    assert four_samples(blur=1.0).plan.max() < 0.2
    with pytest.raises(InputError):
        four_samples(blur=0.0)


def test_the_page_shows_the_numbers_of_the_example() -> None:
    figure = draw_summary(four_samples())
    assert figure.get_size_inches() == pytest.approx([8.27, 11.69])
    shown = " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))
    for number in ("0.0729", "0.0139", "0.0104", "0.0608", "0.125", "−0.50", "0.0365", "0.0625"):
        assert number in shown, number
    assert draw_summary(four_samples()).texts[0].get_text() in shown


@pytest.mark.slow
@pytest.mark.parametrize("name", ["page.pdf", "page.svg"])
def test_the_command_writes_one_page(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "new" / name
    assert main(["summary", str(place)]) == 0
    assert str(place) in capsys.readouterr().out
    begins = {"pdf": b"%PDF", "svg": b"<?xml"}[name[-3:]]
    content = place.read_bytes()
    assert content.startswith(begins)
    if name.endswith("pdf"):
        assert content.count(b"/Type /Page ") + content.count(b"/Type /Page\n") == 1
    else:
        assert main(["summary", str(place)]) == 0
        assert place.read_bytes() == content, "the same page twice differs"


def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["summary", str(tmp_path / "page.docx")]) == 2
    assert ".pdf" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
