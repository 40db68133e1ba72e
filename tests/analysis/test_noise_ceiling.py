"""The noise ceiling: laws of a teacher beside itself, and alignment by name."""

import numpy as np
import pytest

from pkdot.analysis.agreement import MEASURES, agreement
from pkdot.analysis.noise_ceiling import LEAST, noise_ceiling, shared_samples
from pkdot.errors import InputError

RNG = np.random.default_rng(0)
IDS = [f"s{i:02d}" for i in range(30)]
ONE, TWO, STUDENT = (RNG.normal(size=(30, width)) for width in (6, 9, 4))


def test_a_teacher_agrees_with_itself_whatever_the_order_and_the_turn() -> None:
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    order = RNG.permutation(30)
    found = noise_ceiling(IDS, ONE, STUDENT, [IDS[i] for i in order], 2 * (ONE @ turn)[order])
    assert found.teachers == pytest.approx(dict.fromkeys(MEASURES, 1.0))
    assert found.student == pytest.approx(agreement(ONE, STUDENT))
    assert found.is_whole


def test_it_does_not_matter_which_teacher_comes_first() -> None:
    one = noise_ceiling(IDS, ONE, STUDENT, IDS, TWO).teachers
    assert one == pytest.approx(noise_ceiling(IDS, TWO, STUDENT, IDS, ONE).teachers)
    assert abs(one["correlation"]) < 0.3  # unrelated spaces


def test_samples_of_one_record_alone_are_left_out_of_both_sides() -> None:
    others = [*IDS[5:], "elsewhere"]
    found = noise_ceiling(IDS, ONE, STUDENT, others, np.vstack([TWO[5:], TWO[:1]]))
    assert (found.n, found.of, found.is_whole) == (25, 30, False)
    assert found.teachers == pytest.approx(agreement(ONE[5:], TWO[5:]))
    assert found.student == pytest.approx(agreement(ONE[5:], STUDENT[5:]))


def test_other_test_samples_are_refused_in_one_sentence() -> None:
    few = [*IDS[: LEAST - 1], *(f"other {i}" for i in range(11))]
    with pytest.raises(InputError, match=f"{LEAST - 1} of 30 are the same") as refused:
        noise_ceiling(IDS, ONE, STUDENT, few, TWO)
    assert "\n" not in str(refused.value)
    with pytest.raises(InputError, match="stands twice"):
        shared_samples(IDS, [*IDS, IDS[0]])
    with pytest.raises(InputError, match="29 embeddings cannot be those of 30"):
        noise_ceiling(IDS, ONE, STUDENT, IDS, TWO[1:])
