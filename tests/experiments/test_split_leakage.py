"""Principal components from products of rows alone."""

import numpy as np
from sklearn.decomposition import PCA

from pkdot.experiments.split_leakage import principal_components


def test_components_are_those_of_a_decomposition_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((30, 200)) * np.linspace(3, 0.1, 200) + 5
    train, other = np.arange(4, 30), np.arange(4)
    seen, unseen = principal_components(rows @ rows.T, train, other, 6)
    peer = PCA(6, whiten=True, svd_solver="full").fit(rows[train])
    signs = np.sign((seen * peer.transform(rows[train])).sum(0))
    np.testing.assert_allclose(seen * signs, peer.transform(rows[train]), atol=1e-8)
    np.testing.assert_allclose(unseen * signs, peer.transform(rows[other]), atol=1e-8)


def test_directions_without_variance_are_left_out() -> None:
    rows = np.outer(np.arange(8.0), np.ones(5))
    seen, unseen = principal_components(rows @ rows.T, np.arange(6), np.arange(6, 8), 60)
    assert seen.shape == (6, 1)
    assert unseen.shape == (2, 1)
    assert np.isfinite(unseen).all()
