"""Classes and several labels: hand computation and scikit-learn as referee."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, log_loss
from torch.nn import functional

from pkdot.errors import DataError
from pkdot.tasks import Classification, Multilabel
from pkdot.tasks.multilabel import average_precision

TWO = Multilabel(labels=("hole", "stroke"))


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_average_precision_agrees_with_its_referee(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=25).astype(float)
    scores = np.round(rng.random(25), levels)  # ties
    truth[0] = 1.0
    expected = average_precision_score(truth, scores)
    assert average_precision(scores, truth) == pytest.approx(expected)


def test_scores_of_labels_agree_with_their_referees() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=(80, 2)).astype(float)
    outputs = rng.standard_normal((80, 2))
    found = TWO.scores(outputs, truth)
    expected = average_precision_score(truth, outputs, average="macro")
    assert found["mean_average_precision"] == pytest.approx(expected)
    assert found["macro_f1"] == pytest.approx(f1_score(truth, outputs > 0, average="macro"))
    each = [log_loss(truth[:, t], 1 / (1 + np.exp(-outputs[:, t]))) for t in range(2)]
    assert found["binary_cross_entropy"] == pytest.approx(np.mean(each))
    assert found["average_precision hole"] == pytest.approx(
        average_precision_score(truth[:, 0], outputs[:, 0])
    )


def test_a_label_that_never_holds_has_no_precision_and_spoils_no_mean() -> None:
    truth = np.array([[0.0, 1.0], [0.0, 0.0]])
    found = TWO.scores(np.array([[-1.0, 2.0], [-1.0, -2.0]]), truth)
    assert np.isnan(found["average_precision hole"])
    assert found["mean_average_precision"] == 1.0


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (np.array([[0.5, 1.0]]), "0 or 1"),
        (np.ones((2, 3)), "2 labels, but 3 columns"),
        (np.ones(2), "matrix"),
        (np.array([["a", "b"]]), "matrix"),
    ],
)
def test_labels_that_are_none_are_refused(targets: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        TWO.check(targets)


def test_groups_are_the_frequent_sets_of_labels() -> None:
    truth = np.array([[1.0, 0.0]] * 3 + [[1.0, 1.0]] * 2 + [[0.0, 0.0]])
    task = TWO.fitted(truth[:5])
    groups = task.grouping(np.vstack([truth, [[np.nan, 1.0]]]))
    assert groups.names == ("hole", "hole, stroke", "other labels")
    assert groups.numbers.tolist() == [0, 0, 0, 1, 1, 2, -1]


def test_the_divergence_of_labels_by_hand() -> None:
    t, s = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    p = torch.sigmoid(torch.tensor(1.0))
    expected = p * (2 * p).log() + (1 - p) * (2 * (1 - p)).log()
    assert float(TWO.soft_loss(t, s, 2.0)) == pytest.approx(float(4 * expected / 2), rel=1e-5)


THREE = Classification(classes=("a", "b", "c"))


def test_soft_labels_of_classes_by_hand() -> None:
    t, s = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    p, q = (functional.softmax(x / 3.0, dim=1) for x in (t, s))
    expected = 9.0 * (p * (p / q).log()).sum(1).mean()
    assert float(THREE.soft_loss(t, s, 3.0)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        ([0, 3], "from 0 to 2, one a class name"),
        ([-2, 0], "or be -1"),
        ([0.5], "whole numbers, -1"),
        ([float("nan")], "whole numbers, -1"),
        ([float("inf")], "whole numbers, -1"),
        (["a"], "whole numbers, -1"),
        ([[0, 1]], "one class a sample"),
    ],
)
def test_classes_that_are_none_are_refused(targets: list[object], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        THREE.check(np.array(targets))


def test_whole_numbers_come_in_any_type() -> None:
    for dtype in (np.int8, np.uint8, np.float32, bool):
        assert THREE.check(np.array([1, 0, 1], dtype=dtype)).dtype == np.int64
    assert Classification().check([0, 7]).tolist() == [0, 7], "without names any number will do"
