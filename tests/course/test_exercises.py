"""Checks: right, or a hint that fits the mistake, and never a failure."""

import numpy as np
import pytest
import torch

from pkdot.course import Lesson
from pkdot.course.exercises import Exercise, Wrong, same
from pkdot.course.lesson import exercises_of, lesson_names
from pkdot.errors import ConfigError

ALL = [(name, e) for name in lesson_names() for e in exercises_of(name).values()]
IDS = [f"{name}.{exercise.name}" for name, exercise in ALL]

DOUBLE = Exercise(
    "double",
    lambda x: 2 * x,
    (Wrong(lambda x: x * x, "a square"), Wrong(lambda x: x, "unchanged")),
    "no idea",
    probes=((3.0,), (5.0,)),
)


@pytest.mark.parametrize(("lesson", "exercise"), ALL, ids=IDS)
def test_a_check_accepts_what_is_right_and_refuses_the_blank(
    lesson: str, exercise: Exercise
) -> None:
    assert exercise.judge(exercise.right).right
    assert not exercise.judge(...).right
    if exercise.probes:
        refused = exercise.judge(lambda *given: ...)
        assert not refused.right
        assert "three dots" in refused.text


@pytest.mark.parametrize(("lesson", "exercise"), ALL, ids=IDS)
def test_each_typical_mistake_gets_a_hint_of_its_own(lesson: str, exercise: Exercise) -> None:
    assert len(exercise.wrong) >= 2
    hints = [wrong.hint for wrong in exercise.wrong]
    assert len(set(hints)) == len(hints)
    for wrong in exercise.wrong:
        said = exercise.judge(wrong.answer)
        assert not said.right
        assert said.text == f"**Not yet.** {wrong.hint}"


@pytest.mark.parametrize(("lesson", "exercise"), ALL, ids=IDS)
def test_no_hint_gives_a_number_or_word_away(lesson: str, exercise: Exercise) -> None:
    right = exercise.right
    if exercise.probes or not isinstance(right, str | float):
        return
    spelt = right if isinstance(right, str) else f"{right:g}"
    if spelt in ("0", "1"):
        return  # too short to be told from other numbers
    for hint in (exercise.hint, *(wrong.hint for wrong in exercise.wrong)):
        assert spelt.casefold() not in hint.casefold().replace(",", " ").split()


def test_a_mistake_of_form_is_named() -> None:
    wanted = Exercise("row", [1.0, 2.0, 3.0], (), "no idea")
    assert "shape (3,)" in wanted.judge([1.0, 2.0]).text
    assert "Numbers are asked for" in wanted.judge("two").text
    assert wanted.judge([3.0, 2.0, 1.0]).text == "**Not yet.** no idea"
    assert "A function is asked for" in DOUBLE.judge(6.0).text


def test_a_set_or_a_word_is_asked_for() -> None:
    wanted = Exercise("pair", {1, 3}, (), "no idea")
    for unfit in ([[1, 3]], 13, "13", {"1": 3}):
        assert "A set is asked for" in wanted.judge(unfit).text
    assert wanted.judge((3, 1)).right
    assert "in quotes" in Exercise("word", "mean", (), "no idea").judge(3).text


@pytest.mark.parametrize(("right", "given"), [(2 / 3, 0.67), (0.5**0.5, 0.71), (0.0625, 0.06)])
def test_two_decimals_are_enough(right: float, given: float) -> None:
    assert Exercise("x", right, (), "").judge(given).right
    assert not Exercise("x", right, (), "").judge(given + 0.02).right


def test_a_count_is_exact() -> None:
    count = Exercise("pairs", 8128, (), "no idea")
    assert count.judge(8128.0).right
    assert not count.judge(8130).right


def test_a_function_that_overwrites_its_argument_is_judged_by_what_was_given() -> None:
    def overwrites(z: torch.Tensor) -> torch.Tensor:
        return z.fill_(1.0)

    first = torch.tensor([[1.0, 3.0]])
    exercise = Exercise("copy", lambda z: z.clone(), (), "no idea", probes=((first,),))
    assert not exercise.judge(overwrites).right
    assert first.tolist() == [[1.0, 3.0]]


def test_a_function_that_fails_is_no_failure_of_the_check() -> None:
    said = DOUBLE.judge(lambda x: x.shape)
    assert not said.right
    assert "AttributeError" in said.text
    assert DOUBLE.judge(lambda x: x + x).right
    assert DOUBLE.judge(lambda x: 7.0).text == "**Not yet.** no idea"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("groupkfold ", "GroupKFold"),
        ([2, 1], {1, 2}),
        (torch.tensor([1.0, 2.0], requires_grad=True), [1.0, 2.0]),
        (np.float64(0.1 + 0.2), 0.3),
        ([float("nan")], [float("nan")]),
    ],
)
def test_equal_answers_in_other_forms_are_equal(one: object, other: object) -> None:
    assert same(one, other, 1e-3)


@pytest.mark.parametrize(
    ("one", "other"), [("yes", 1.0), (1.0, "yes"), ({1}, {1, 2}), ([1.0], 1.0), (None, 0.0)]
)
def test_unlike_answers_are_unequal(one: object, other: object) -> None:
    assert not same(one, other, 1e-3)


def test_a_lesson_counts_what_is_right() -> None:
    lesson = Lesson("transport")
    first, *others = lesson.exercises.values()
    assert f"Left: {first.name}" in lesson.summary().text
    lesson.check(first.name, first.right)
    assert lesson.summary().text.startswith(f"1 of {1 + len(others)} ")
    lesson.check(first.name, ...)
    assert lesson.summary().text.startswith("0 of")
    for exercise in (first, *others):
        lesson.check(exercise.name, exercise.right)
    assert lesson.summary().right


def test_unknown_lessons_and_exercises_are_refused() -> None:
    with pytest.raises(ConfigError, match="no lesson 'transpot'"):
        Lesson("transpot")
    with pytest.raises(ConfigError, match="no exercise 'row'"):
        Lesson("transport").check("row", 1.0)
