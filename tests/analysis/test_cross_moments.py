"""Moments taken chunk by chunk say what whole matrices say."""

import numpy as np
import pytest

from pkdot.analysis.agreement import linear_cka
from pkdot.analysis.cross_moments import CrossMoments
from pkdot.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 7)) + 1e4
Y = np.column_stack([X[:, :3] + 0.3 * RNG.normal(size=(200, 3)), RNG.normal(size=(200, 2))])


def in_chunks(x: np.ndarray, y: np.ndarray, size: int) -> CrossMoments:
    starts = range(0, len(x), size)
    return CrossMoments(*((x[i : i + size], y[i : i + size]) for i in starts))


@pytest.mark.parametrize("size", [1, 30, 200, 1000])
def test_chunks_give_the_cka_of_the_whole(size: int) -> None:
    found = in_chunks(X, Y, size)
    assert found.n == 200
    assert found.linear_cka() == pytest.approx(linear_cka(X, Y), abs=1e-9)


def test_a_rotation_and_a_scale_change_nothing() -> None:
    turn, _ = np.linalg.qr(RNG.normal(size=(7, 7)))
    same = in_chunks(X, 3.0 * X @ turn, 64)
    assert same.linear_cka() == pytest.approx(1.0)
    assert same.procrustes() == pytest.approx(1.0)
    assert same.dimensions()[0] == pytest.approx(same.dimensions()[1])


def test_procrustes_is_what_the_best_rotation_leaves() -> None:
    x, y = X - X.mean(axis=0), np.pad(Y - Y.mean(axis=0), ((0, 0), (0, 2)))
    u, _, vt = np.linalg.svd(y.T @ x)
    turned = y @ (u @ vt)
    by_hand = np.sum(turned * x) / (np.linalg.norm(x) * np.linalg.norm(y))
    assert in_chunks(X, Y, 50).procrustes() == pytest.approx(by_hand)
    unrelated = in_chunks(X, RNG.normal(size=(200, 5)), 50)
    assert unrelated.procrustes() < in_chunks(X, Y, 50).procrustes()


def test_dimensions_count_the_directions_that_vary() -> None:
    line = np.outer(RNG.normal(size=300), RNG.normal(size=6))
    even = np.vstack([np.eye(4), -np.eye(4)])
    assert in_chunks(line, line, 100).dimensions()[0] == pytest.approx(1.0)
    assert in_chunks(even, even, 3).dimensions()[1] == pytest.approx(4.0)


def test_what_does_not_vary_has_no_measure() -> None:
    flat = CrossMoments((np.ones((5, 2)), X[:5]))
    assert np.isnan(flat.linear_cka())
    assert np.isnan(flat.procrustes())
    assert np.isnan(flat.dimensions()[0])


def test_chunks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(3, 7\) with \(4, 5\)"):
        CrossMoments((X[:3], Y[:4]))
    with pytest.raises(InputError, match="widths 5 and 7"):
        CrossMoments((X, Y), (Y, X))
    with pytest.raises(InputError, match="add some first"):
        CrossMoments().linear_cka()
