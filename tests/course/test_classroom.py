"""The classroom's student depends on its seed alone."""

import torch

from pkdot.course.classroom import open_classroom, train_student


def test_a_student_does_not_depend_on_what_ran_before() -> None:
    room = open_classroom(0, unlabelled=50)
    first = train_student(room, seed=1, steps=10)
    state = torch.get_rng_state()
    torch.rand(7)
    again = train_student(room, seed=1, steps=10)
    assert torch.equal(first.embedding, again.embedding)
    other = train_student(room, seed=2, steps=10)
    assert not torch.equal(first.embedding, other.embedding)
    torch.set_rng_state(state)
    train_student(room, seed=1, steps=10)
    assert torch.equal(torch.get_rng_state(), state)
