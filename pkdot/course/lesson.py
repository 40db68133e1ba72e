"""A lesson in its notebook: questions to commit to, and checks of its exercises."""

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from ..errors import ConfigError
from . import checks
from .exercises import Exercise, Said
from .questions import Question


def lesson_names() -> list[str]:
    """Lessons that have exercises, by name."""
    return sorted(module.name for module in iter_modules(checks.__path__))


def exercises_of(name: str) -> dict[str, Exercise]:
    """The exercises of a lesson by name, in its order.

    Raises:
        ConfigError: for an unknown lesson.
    """
    if name not in lesson_names():
        raise ConfigError(f"There is no lesson {name!r}; choose from {', '.join(lesson_names())}.")
    found: tuple[Exercise, ...] = import_module(f"{checks.__name__}.{name}").EXERCISES
    return {exercise.name: exercise for exercise in found}


class Lesson:
    """One lesson. From here on the process computes with one thread.

    A lesson's matrices are small, and beside another program two threads wait for one another on
    each: a lesson of less than twenty seconds then took minutes.

    Args:
        name: of its file in ``pkdot/course/checks``.

    Raises:
        ConfigError: for an unknown lesson.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.exercises = exercises_of(name)
        threadpool_limits(1)
        torch.set_num_threads(1)
        self.answers: dict[str, Said] = {}

    def question(self, text: str, choices: Sequence[str], usual: str) -> Question:
        """A question to commit to; see :class:`pkdot.course.questions.Question`."""
        return Question(text, choices, usual)

    def check(self, name: str, answer: Any) -> Said:
        """ "Right", or a hint.

        Raises:
            ConfigError: if the lesson has no exercise of that name.
        """
        if name not in self.exercises:
            known = ", ".join(self.exercises)
            raise ConfigError(f"The lesson {self.name!r} has no exercise {name!r}; it has {known}.")
        self.answers[name] = self.exercises[name].judge(answer)
        return self.answers[name]

    def recap(self, text: str) -> Said:
        """The answer to the lesson's question, with numbers of its own, in Markdown."""
        return Said(text, right=True)

    def summary(self) -> Said:
        """How many exercises are right, and which are left."""
        left = [n for n in self.exercises if n not in self.answers or not self.answers[n].right]
        done = len(self.exercises) - len(left)
        text = f"{done} of {len(self.exercises)} exercises are right."
        return Said(text + (f" Left: {', '.join(left)}." if left else ""), right=not left)
