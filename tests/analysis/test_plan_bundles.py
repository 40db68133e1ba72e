"""Bundles of a plan: mass is kept, groups are pooled, and few flows carry most of it."""

import numpy as np
import pytest

from pkdot.analysis.frame_names import frames_of
from pkdot.analysis.plan_bundles import plan_bundles, pooled, strongest_flows
from pkdot.errors import InputError

RNG = np.random.default_rng(0)
LABELS = np.array([2, 0, -1, 0, 2, 1])
PLAN = RNG.random((6, 6))


def test_bundles_keep_the_mass_of_each_pair_of_groups() -> None:
    found = plan_bundles(PLAN, LABELS)
    assert found.groups.tolist() == [0, 1, 2, -1]
    share = PLAN / PLAN.sum()
    by_hand = sum(share[i, j] for i in (1, 3) for j in (0, 4))
    assert found.mass[0, 2] == pytest.approx(by_hand)
    assert found.mass.sum() == pytest.approx(1)
    assert found.itself.sum() == pytest.approx(np.trace(share))
    np.testing.assert_allclose(found.within, np.diag(found.mass))


def test_an_order_of_samples_changes_no_bundle() -> None:
    order = RNG.permutation(6)
    one, other = plan_bundles(PLAN, LABELS), plan_bundles(PLAN[np.ix_(order, order)], LABELS[order])
    np.testing.assert_allclose(one.mass, other.mass)
    np.testing.assert_allclose(one.itself, other.itself)


def test_pooled_groups_keep_mass_and_do_not_count_as_one_group() -> None:
    found = plan_bundles(PLAN, LABELS)
    few = pooled(found, 3)
    assert len(few.groups) == 3
    assert few.groups[-1] == -2
    assert few.mass.sum() == pytest.approx(1)
    assert few.within.sum() == pytest.approx(found.within.sum())
    assert few.within[-1] < few.mass[-1, -1]
    assert pooled(found, 4) is found


def test_the_fewest_flows_carry_the_share() -> None:
    mass = np.array([[0, 6.0, 0], [3, 0, 0.5], [0, 0.5, 0]])
    assert strongest_flows(mass, share=0.9).tolist() == [[0, 1], [1, 0]]
    assert strongest_flows(mass, share=0.91).tolist() == [[0, 1], [1, 0], [1, 2]]
    assert strongest_flows(mass, share=1, most=1).tolist() == [[0, 1]]
    assert strongest_flows(np.zeros((2, 2))).shape == (0, 2)
    assert len(strongest_flows(mass, share=1)) == 4


@pytest.mark.parametrize("plan", [np.zeros((6, 6)), PLAN * np.nan, PLAN[:5]])
def test_a_plan_without_mass_or_of_another_size_is_refused(plan: np.ndarray) -> None:
    with pytest.raises(InputError):
        plan_bundles(plan, LABELS)


def test_frames_are_known_by_their_names() -> None:
    found = frames_of(["a/3", "a/10", "b#2"])
    assert found is not None
    assert found[0].tolist() == ["a", "a", "b"]
    assert found[1].tolist() == [3, 10, 2]
    assert frames_of(["clip-01", "clip-02"]) is None
    assert frames_of(["a/1", "b/1"]) is None  # one frame of each is no sequence
    assert frames_of([]) is None
