"""What a student lost of each sample: answers worked by hand, and the matrix of all pairs."""

import numpy as np
import pytest

from pkdot.analysis import lost_structure as lost
from pkdot.analysis.agreement import cosine, nearest, neighbour_overlap
from pkdot.errors import InputError

ANGLES = np.deg2rad([0.0, 10.0, 21.0, 90.0, 101.0, 113.0])
"""Two groups of three on a circle, no two of them equally far apart."""


def circle(order: list[int]) -> np.ndarray:
    """Points (6, 2), sample i at the angle of ``order[i]``."""
    angles = ANGLES[order]
    return np.column_stack([np.cos(angles), np.sin(angles)])


TEACHER = circle([0, 1, 2, 3, 4, 5])
SWAPPED = circle([0, 1, 3, 2, 4, 5])
"""The student takes samples 2 and 3 for one another."""


def test_the_nearest_are_those_of_the_whole_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.random.default_rng(0).normal(size=(57, 5))
    whole = nearest(cosine(z), 7)
    assert (lost.nearest_samples(z, 7) == whole).all()
    monkeypatch.setattr(lost, "CHUNK", 100)  # two rows at a time
    assert (lost.nearest_samples(z, 7) == whole).all()
    assert (lost.nearest_samples(z, 7, rows=[50, 3]) == whole[[50, 3]]).all()


def test_fewer_samples_have_fewer_neighbours() -> None:
    assert lost.nearest_samples(TEACHER, 99).shape == (6, 5)
    with pytest.raises(InputError, match="one or more"):
        lost.nearest_samples(TEACHER, 0)
    with pytest.raises(InputError, match="at least 3 samples"):
        lost.nearest_samples(TEACHER[:2])


def test_neighbours_are_kept_lost_or_new() -> None:
    change = lost.neighbour_change(np.array([4, 2, 9]), np.array([9, 7, 4]))
    assert change.kept.tolist() == [4, 9]
    assert change.lost.tolist() == [2]
    assert change.new.tolist() == [7]


def test_shares_lost_by_hand_and_on_average() -> None:
    near = [lost.nearest_samples(z, 2) for z in (TEACHER, SWAPPED)]
    shares = lost.share_lost(*near)
    # 0 had 1 and 2, and has 1 and 3; 2 had 0 and 1, and has 4 and 5.
    assert shares.tolist() == [0.5, 0.5, 1.0, 1.0, 0.5, 0.5]
    overlap = neighbour_overlap(cosine(TEACHER), cosine(SWAPPED), 2)
    assert shares.mean() == pytest.approx(1 - overlap)
    with pytest.raises(InputError, match="6 samples"):
        lost.share_lost(near[0], near[1][:3])


def test_mass_off_class_by_hand() -> None:
    plan = np.array([[2.0, 1.0, 1.0, 4.0], [0, 3, 0, 9], [0, 0, 0, 1], [1, 1, 1, 1]]) / 24
    off = lost.mass_off_class(plan, np.array([0, 0, 1, -1]))
    assert off[:2].tolist() == [0.25, 0.0]  # what goes to the sample without label does not count
    assert np.isnan(off[2:]).all()  # one sends mass to it alone, one has no label of its own
    with pytest.raises(InputError, match="square"):
        lost.mass_off_class(plan, np.array([0, 1]))


def test_receivers_share_the_whole_mass() -> None:
    plan = np.array([[0.0, 3.0, 1.0, 4.0], [0, 0, 0, 0]])
    found = lost.receivers(plan, 0, most=2)
    assert found.positions.tolist() == [3, 1]
    assert found.shares.tolist() == [0.5, 0.375]
    assert (found.rest, found.others) == (0.125, 1)
    with pytest.raises(InputError, match="no mass"):
        lost.receivers(plan, 1)
    with pytest.raises(InputError, match="no sample 2"):
        lost.receivers(plan, 2)


def test_samples_stand_in_the_order_of_what_was_lost() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    plan = np.eye(6) / 6
    plan[3] = plan[2]  # all that sample 3 sends leaves its class
    errors = np.array([0.0, 1.0, 0.0, 0.0, np.nan, 0.0])
    table = lost.lost_structure(
        TEACHER, SWAPPED, plan=plan, labels=labels, errors=errors, neighbours=2
    )
    assert table["position"].tolist() == [3, 2, 1, 0, 5, 4]
    assert table["off_class"].tolist() == [1, 0, 0, 0, 0, 0]
    some = lost.lost_structure(TEACHER, SWAPPED, neighbours=2, rows=[0, 2])
    assert some["position"].tolist() == [2, 0]
    assert some[["off_class", "error"]].isna().all(axis=None)
    with pytest.raises(InputError, match="same samples"):
        lost.lost_structure(TEACHER, SWAPPED[:4])


def test_a_turned_copy_lost_nothing() -> None:
    z = np.random.default_rng(1).normal(size=(40, 6))
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))
    assert (lost.lost_structure(z, 3 * z @ turn)["lost"] == 0).all()
