"""Which anchors matter: shares of the distances between rows."""

import numpy as np
import pytest

from pkdot.analysis.anchor_weight import anchor_weight
from pkdot.errors import InputError

RNG = np.random.default_rng(3)
TEACHER, STUDENT = RNG.uniform(-1, 1, (2, 30, 4))


def test_shares_are_those_of_the_squared_distances_between_rows() -> None:
    table = anchor_weight(np.array([7, 2, 9, 4]), TEACHER, STUDENT).set_index("anchor")
    pairs = (TEACHER[:, None] - TEACHER[None]) ** 2
    expected = pairs.sum(axis=(0, 1)) / pairs.sum()
    np.testing.assert_allclose(table.loc[[7, 2, 9, 4], "share"], expected)
    np.testing.assert_allclose(table.loc[9, "gap"], np.abs(TEACHER - STUDENT)[:, 2].mean())
    assert table["share"].is_monotonic_decreasing


def test_an_anchor_to_which_all_are_equally_similar_tells_none_apart() -> None:
    rows = TEACHER.copy()
    rows[:, 1] = 0.4
    table = anchor_weight(np.arange(4), rows, STUDENT).set_index("anchor")
    assert table.loc[1, "share"] < 1e-12
    constant = anchor_weight(np.arange(4), np.ones_like(rows), STUDENT)
    assert constant["share"].isna().all()


def test_anchors_of_each_samples_own_are_counted_a_row() -> None:
    own = np.array([[0, 1], [1, 2], [0, 1]])
    table = anchor_weight(own, TEACHER[:3, :2], STUDENT[:3, :2]).set_index("anchor")
    assert table["rows"].to_dict() == {0: 2, 1: 3, 2: 1}
    assert table.loc[2, "share"] == 0  # one row alone
    shared = anchor_weight(np.array([5, 6]), TEACHER[:, :2], STUDENT[:, :2])
    repeated = anchor_weight(np.tile([5, 6], (30, 1)), TEACHER[:, :2], STUDENT[:, :2])
    np.testing.assert_allclose(shared, repeated)


def test_shapes_that_do_not_fit_are_refused() -> None:
    for anchors, student in ((np.arange(3), STUDENT), (np.arange(4), STUDENT[:5])):
        with pytest.raises(InputError, match="need anchors"):
            anchor_weight(anchors, TEACHER, student)
