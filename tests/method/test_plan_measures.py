"""Measures of a plan on cases worked by hand, for NumPy arrays and torch tensors alike."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pkdot.errors import InputError
from pkdot.method.plan_measures import (
    barycentric_map,
    diagonal_mass,
    plan_entropy,
    within_class_mass,
)

STAY = np.eye(4) / 4
SPREAD = np.full((4, 4), 1 / 16)
KINDS: dict[str, Callable[[Any], Any]] = {"numpy": np.asarray, "torch": torch.as_tensor}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Makes an array of one of the two kinds."""
    return KINDS[request.param]


def test_entropy_of_a_matching_and_of_a_plan_that_spreads(kind: Callable[[Any], Any]) -> None:
    found = plan_entropy(kind(np.stack([STAY, SPREAD])))
    assert isinstance(found, type(kind(np.zeros(2))))
    assert found.tolist() == pytest.approx([math.log(4), math.log(16)])


def test_mass_on_the_diagonal(kind: Callable[[Any], Any]) -> None:
    shifted = np.roll(STAY, 1, axis=0)
    found = diagonal_mass(kind(np.stack([STAY, SPREAD, shifted, 7 * SPREAD])))
    assert found.tolist() == pytest.approx([1, 1 / 4, 0, 1 / 4])
    assert float(diagonal_mass(kind(np.array([[3.0, 1.0], [0.0, 0.0]])))) == pytest.approx(0.75)


def test_mass_within_the_class_leaves_points_without_label_out(kind: Callable[[Any], Any]) -> None:
    plan = kind(np.array([[1, 2, 9], [3, 4, 9], [9, 9, 9]], dtype=float))
    for labels, expected in (([0, 1, -1], 5 / 10), ([0, 0, -1], 1), ([2, 2, 0], 19 / 55)):
        assert float(within_class_mass(plan, kind(labels))) == pytest.approx(expected)
    assert math.isnan(within_class_mass(plan, kind([-1, -1, -1])))


def test_mass_within_the_class_of_a_batch_and_of_two_clouds(kind: Callable[[Any], Any]) -> None:
    both = kind(np.stack([STAY, SPREAD]))
    assert within_class_mass(both, kind([0, 0, 1, 1])).tolist() == pytest.approx([1, 0.5])
    own = kind([[0, 0, 1, 1], [0, 0, 0, -1]])
    assert within_class_mass(both, own).tolist() == pytest.approx([1, 1])
    wide = kind(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    found = within_class_mass(wide, kind([0, 1]), kind([1, 0, -1]))
    assert float(found) == pytest.approx(6 / 12)


def test_points_are_sent_to_the_mean_of_their_targets(kind: Callable[[Any], Any]) -> None:
    points = kind(np.arange(8.0).reshape(4, 2))
    assert barycentric_map(kind(STAY), points).tolist() == points.tolist()
    both = barycentric_map(kind(np.stack([STAY, SPREAD])), points)
    assert both[1].tolist() == [[3.0, 4.0]] * 4
    empty = kind(np.array([[0.0, 0.0], [1.0, 1.0]]))
    sent = barycentric_map(empty, kind(np.array([[2.0], [4.0]])))
    assert math.isnan(sent[0, 0])
    assert float(sent[1, 0]) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda kind: diagonal_mass(kind(np.ones((2, 3)))), "square plan"),
        (lambda kind: diagonal_mass(kind(np.ones(3))), "square plan"),
        (lambda kind: diagonal_mass(kind(np.zeros((2, 2)))), "no mass"),
        (lambda kind: diagonal_mass(kind(np.full((2, 2), np.nan))), "no mass"),
        (lambda kind: diagonal_mass(kind(np.stack([STAY, 0 * STAY]))), "no mass"),
        (lambda kind: within_class_mass(kind(np.eye(2)), kind([0])), "labels"),
        (lambda kind: within_class_mass(kind(np.ones((2, 3))), kind([0, 1])), "labels"),
        (lambda kind: within_class_mass(kind(np.zeros((2, 2))), kind([0, 1])), "no mass"),
        (lambda kind: barycentric_map(kind(np.ones((2, 3))), kind(np.ones((2, 3)))), "targets"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    call: Callable[[Any], Any], words: str, kind: Callable[[Any], Any]
) -> None:
    with pytest.raises(InputError, match=words):
        call(kind)


def test_both_kinds_agree_on_any_plan() -> None:
    rng = np.random.default_rng(0)
    plan = rng.random((2, 7, 7))
    for labels in (rng.integers(0, 3, 7), np.array([0, -1, 1, 1, -1, 0, 2]), np.full(7, -1)):
        by_torch = within_class_mass(torch.as_tensor(plan), torch.as_tensor(labels))
        np.testing.assert_allclose(by_torch, within_class_mass(plan, labels))
    for measure in (plan_entropy, diagonal_mass):
        np.testing.assert_allclose(measure(torch.as_tensor(plan)), measure(plan))


def test_a_tensor_keeps_its_type_and_its_gradient() -> None:
    plan = torch.eye(3).requires_grad_(True)
    entropy = plan_entropy(plan)
    assert entropy.dtype == torch.float32
    entropy.backward()
    assert plan.grad is not None
    assert plan.grad.isfinite().all(), "an entry of zero has no logarithm to differentiate"


def test_a_plan_is_measured_without_torch() -> None:
    code = (
        "import sys; from pkdot.method.plan_measures import diagonal_mass; "
        "assert diagonal_mass([[3, 1], [0, 0]]) == 0.75; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
