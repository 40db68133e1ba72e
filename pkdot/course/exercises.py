"""An exercise: what is right, and wrong answers that each get a hint of their own."""

from collections.abc import Hashable, Set
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Said:
    """A sentence to the learner.

    Attributes:
        text: in Markdown.
        right: whether an answer was right.
    """

    text: str
    right: bool = False

    def __repr__(self) -> str:
        return self.text.replace("**", "")

    def _repr_markdown_(self) -> str:
        return self.text


@dataclass(frozen=True)
class Wrong:
    """A typical wrong answer.

    Attributes:
        answer: what people give; a function where the exercise asks for one.
        hint: names the mistake, never the solution.
    """

    answer: Any
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Attributes:
        name: short, unique within its lesson.
        right: the right answer: a number, an array, a word, a set, or a function.
        wrong: typical wrong answers; two at least.
        hint: for any other answer.
        because: said with "Right".
        probes: where a function is asked for, the arguments it is tried with, each a tuple.
        tolerance: absolute and relative, of numbers; by default what two decimals leave open, of
            a whole number nothing, and of what a function gives 0.002.
    """

    name: str
    right: Any
    wrong: tuple[Wrong, ...]
    hint: str
    because: str = ""
    probes: tuple[tuple[Any, ...], ...] = ()
    tolerance: float | None = None

    def judge(self, answer: Any) -> Said:
        """ "Right", or a hint. It never fails, whatever the answer is."""
        if answer is ...:
            return _not_yet("Replace the three dots by your answer.")
        if self.probes and not callable(answer):
            return _not_yet(f"A function is asked for, not {type(answer).__name__}.")
        try:
            found = self._outcome(answer)
        except Exception as error:  # of the learner's code, whatever it is
            return _not_yet(f"Your function stops with {type(error).__name__}: {error}")
        if found is ... or (self.probes and any(one is ... for one in found)):
            return _not_yet("Replace the three dots in the function by your code.")
        if self._same(found, self._outcome(self.right)):
            return Said(f"**Right.** {self.because}".strip(), right=True)
        for wrong in self.wrong:
            if self._same(found, self._outcome(wrong.answer)):
                return _not_yet(wrong.hint)
        return _not_yet(self._misfit(found) or self.hint)

    def _outcome(self, answer: Any) -> Any:
        """The answer itself, or what a function gives for each probe, a fresh copy of each."""
        return [answer(*deepcopy(probe)) for probe in self.probes] if self.probes else answer

    def _same(self, one: Any, other: Any) -> bool:
        if self.probes:
            return all(same(a, b, self._allowed) for a, b in zip(one, other, strict=True))
        return same(one, other, self._allowed)

    @property
    def _allowed(self) -> float:
        if self.tolerance is not None:
            return self.tolerance
        if self.probes:
            return 2e-3
        return 1e-9 if isinstance(self.right, int) else 5e-3

    def _misfit(self, found: Any) -> str:
        """What is wrong with the form of an answer; empty where its form is right."""
        right = self._outcome(self.right)
        if self.probes:
            found, right = found[0], right[0]
        if isinstance(right, Set) and not _is_set(found):
            return f"A set is asked for, such as {{1, 2}}, not {type(found).__name__}."
        if isinstance(right, str) and not isinstance(found, str):
            return f"A word in quotes is asked for, not {type(found).__name__}."
        if isinstance(right, str | Set):
            return ""
        given, wanted = numbers(found), numbers(right)
        if given is None:
            return f"Numbers are asked for, not {type(found).__name__}."
        if wanted is not None and given.shape != wanted.shape:
            return f"The answer should have shape {wanted.shape}; yours has {given.shape}."
        return ""


def _not_yet(hint: str) -> Said:
    return Said(f"**Not yet.** {hint}")


def numbers(value: Any) -> np.ndarray | None:
    """An array of a number, a list, an array or a tensor; None for what holds no numbers."""
    if isinstance(value, str):
        return None
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        return array.astype(float)
    except (TypeError, ValueError, RuntimeError):
        return None


def _is_set(value: Any) -> bool:
    """Whether a set can be made of it; a list of single things will do."""
    return isinstance(value, list | tuple | Set) and all(isinstance(v, Hashable) for v in value)


def same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers are equal: words but for case, sets in any order, numbers nearly."""
    if isinstance(other, str):
        return isinstance(one, str) and one.strip().casefold() == other.strip().casefold()
    if isinstance(other, Set):
        return _is_set(one) and set(one) == set(other)
    a, b = numbers(one), numbers(other)
    if a is None or b is None or a.shape != b.shape:
        return False
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True))
