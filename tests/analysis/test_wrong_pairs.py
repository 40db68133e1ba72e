"""Two views of what somebody drew: which share of the pairs is wrong, and which ones."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from pkdot.analysis.wrong_pairs import _log_ratio, _logistic, wrong_pairs
from pkdot.errors import InputError


def views(
    share: float, seed: int = 0, rho: float = 0.9, doubtful: int = 400, trusted: int = 100
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Views of 6 and 5 numbers with 3 causes in common; which pairs are trusted; which are wrong.

    A share of the doubtful ones have another one's second view.
    """
    rng = np.random.default_rng(seed)
    size = trusted + doubtful
    causes = rng.standard_normal((size, 3))

    def view(width: int) -> np.ndarray:
        seen = causes @ np.linalg.qr(rng.standard_normal((width, 3)))[0].T
        return rho**0.5 * seen + (1 - rho) ** 0.5 * rng.standard_normal((size, width))

    first, second = view(6), view(5)
    chosen = trusted + rng.permutation(doubtful)[: round(share * doubtful)]
    order = np.arange(size)
    order[chosen] = np.roll(chosen, 1)
    return first, second[order], np.arange(size) < trusted, order != np.arange(size)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_share_is_found_and_so_are_the_pairs(share: float) -> None:
    first, second, trusted, wrong = views(share)
    found = wrong_pairs(first, second, trusted)
    assert found.share == pytest.approx(share, abs=0.06)
    assert found.low < share < found.high
    assert found.high - found.low < 0.25
    assert found.separation > 0.95
    right = ~wrong[~trusted]
    assert np.mean((found.belief > 0.5) == right) > 0.85
    of_ten = found.belief > 0.9
    assert right[of_ten].mean() > 0.85, "a belief is a probability"


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held, alarms = [], 0
    for seed in range(40):
        share = (0.0, 0.3)[seed % 2]
        found = wrong_pairs(*views(share, seed, doubtful=200)[:3], seed=seed)
        held.append(found.low <= share <= found.high)
        alarms += share == 0 and found.low > 0
    assert np.mean(held) >= 0.9
    assert alarms <= 2, "of 20"


def test_views_without_anything_in_common_tell_nothing() -> None:
    first, second, trusted, _ = views(0.5, rho=0.0)
    found = wrong_pairs(first, second, trusted)
    assert np.isnan(found.share)
    assert (found.low, found.high) == (0.0, 1.0)
    assert (found.belief == 1).all()
    assert found.separation == pytest.approx(0.5, abs=0.1)


def test_units_rotations_and_a_far_value_change_little() -> None:
    first, second, trusted, _ = views(0.5)
    found = wrong_pairs(first, second, trusted)
    again = wrong_pairs(100 * first + 3, second[:, ::-1] / 7, trusted)
    assert again.share == pytest.approx(found.share, abs=1e-6)
    far = np.hstack([first, np.zeros((len(first), 1))])
    far[17, -1] = 1e6
    assert wrong_pairs(far, second, trusted).share == pytest.approx(found.share, abs=0.05)


def test_samples_that_resemble_one_another_count_as_one() -> None:
    """Every sample five times: the interval by groups is as wide as that of one copy of each."""
    first, second, trusted, _ = views(0.4, doubtful=200, trusted=60)
    once = wrong_pairs(first, second, trusted)
    copies = [np.repeat(x, 5, axis=0) for x in (first, second, trusted)]
    grouped = wrong_pairs(*copies, groups=np.repeat(np.arange(260), 5))
    single = wrong_pairs(*copies)
    width = once.high - once.low
    assert grouped.high - grouped.low == pytest.approx(width, rel=0.3)
    assert single.high - single.low < 0.7 * width


def test_the_same_question_has_the_same_answer() -> None:
    given = views(0.3)[:3]
    one, two = (wrong_pairs(*given, seed=4) for _ in range(2))
    assert one.share == two.share
    assert np.array_equal(one.belief, two.belief)


def test_a_handful_of_groups_is_refused() -> None:
    first, second, trusted, _ = views(0.3, doubtful=50)
    with pytest.raises(InputError, match=r"of 5 groups each .* there are 1"):
        wrong_pairs(first, second, trusted, groups=np.arange(150) // 50)


def test_the_score_is_the_log_ratio_of_gaussians() -> None:
    rho = np.array([0.8, 0.3])
    a, b = np.random.default_rng(0).standard_normal((2, 4, 2))
    joint = np.eye(4)
    joint[:2, 2:] = joint[2:, :2] = np.diag(rho)
    both = np.hstack([a, b])
    expected = multivariate_normal(np.zeros(4), joint).logpdf(both)
    expected -= multivariate_normal(np.zeros(4), np.eye(4)).logpdf(both)
    np.testing.assert_allclose(_log_ratio(a, b, rho), expected, rtol=1e-9)


def test_the_line_of_two_gaussians_is_their_log_ratio() -> None:
    """N(1, 1) over N(-1, 1): log ratio 2 s."""
    rng = np.random.default_rng(0)
    slope, offset = _logistic(1 + rng.standard_normal(20_000), -1 + rng.standard_normal(20_000))
    assert slope == pytest.approx(2, abs=0.1)
    assert offset == pytest.approx(0, abs=0.1)
