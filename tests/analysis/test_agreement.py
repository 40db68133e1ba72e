"""Agreement, neighbours, orders, coverage, outputs: on cases whose answer is known beforehand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pkdot.analysis.agreement import (
    MEASURES,
    agreement,
    cosine,
    linear_cka,
    nearest,
    neighbour_overlap,
    rank_correlation,
)
from pkdot.analysis.anchor_coverage import class_share, coverage, coverage_curves
from pkdot.analysis.matrix_order import by_clustering, by_group, codes
from pkdot.analysis.neighbours import closeness, purity, purity_by_chance, trustworthiness
from pkdot.analysis.predictions import outputs_of
from pkdot.errors import InputError
from pkdot.record import open_record
from pkdot.record.trajectories import agreement_over_epochs
from pkdot.tasks import Classification

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(40, 6))


def test_a_rotation_and_a_scale_change_no_agreement() -> None:
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    for value in agreement(Z, 3 * Z @ turn).values():
        assert value == pytest.approx(1)
    wider = np.column_stack([Z, np.zeros((40, 3))])
    assert agreement(Z, wider)["cka"] == pytest.approx(1)


def test_unrelated_embeddings_agree_by_chance_only() -> None:
    one, two = (np.random.default_rng(seed).normal(size=(400, 3)) for seed in (1, 2))
    found = agreement(one, two, neighbours=20)
    assert abs(found["correlation"]) < 0.05
    assert abs(found["rank_correlation"]) < 0.05
    assert found["cka"] < 0.05
    assert found["neighbour_overlap"] == pytest.approx(20 / 399, abs=0.02)


def test_cka_of_orthogonal_columns_is_zero_and_of_a_constant_is_nothing() -> None:
    x = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    y = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    assert linear_cka(x, y) == pytest.approx(0)
    assert np.isnan(linear_cka(x, np.ones((4, 2))))
    with pytest.raises(InputError, match="CKA compares"):
        linear_cka(x, y[:3])


def test_ranks_ignore_a_monotone_bend() -> None:
    one = cosine(Z)
    assert rank_correlation(one, one**3) == pytest.approx(1)
    assert rank_correlation(one, -np.exp(one)) == pytest.approx(-1)
    assert np.isnan(rank_correlation(one, np.ones_like(one)))


def test_nearest_leaves_the_sample_itself_out() -> None:
    similarity = np.array([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]])
    np.testing.assert_array_equal(nearest(similarity, 1), [[1], [0], [1]])
    assert neighbour_overlap(similarity, similarity.T, 2) == 1
    with pytest.raises(InputError, match="ask for 1 to 2"):
        nearest(similarity, 3)


def test_agreement_over_epochs_grows_in_a_record_that_learned(finished_record: Path) -> None:
    table = agreement_over_epochs(open_record(finished_record))
    assert list(table["epoch"]) == [0, 2, 5, 9]
    for name in MEASURES:
        assert table[name].iloc[-1] > table[name].iloc[0] + 0.2


def test_agreement_of_an_epoch_that_diverged_is_nothing(tmp_path: Path) -> None:
    from pkdot.record import Recorder

    with Recorder("bad", runs_dir=tmp_path, run_id="bad") as recorder:
        recorder.log_embeddings(0, teacher=Z, student=Z)
        recorder.log_embeddings(1, teacher=Z, student=np.full_like(Z, np.nan))
    table = agreement_over_epochs(open_record(tmp_path / "bad"))
    assert table["cka"].iloc[0] == pytest.approx(1)
    assert table[list(MEASURES)].iloc[1].isna().all()


def test_purity_counts_neighbours_of_the_own_class() -> None:
    points = np.array([[0.0, 0], [0.1, 0], [5, 5], [5.1, 5], [0, 0.1]])
    labels = np.array([0, 0, 1, 1, -1])  # the last one is near class 0 but has no label
    assert purity(closeness(points), labels, 1) == 1
    assert purity(closeness(points), np.array([0, 1, 0, 1, -1]), 1) == 0
    assert purity_by_chance(labels) == pytest.approx(4 / 12)
    assert np.isnan(purity(closeness(points), np.full(5, -1)))


def test_a_map_that_keeps_the_circle_is_trustworthy_and_a_shuffled_one_is_not() -> None:
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, 60)  # no two distances tie
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    shuffled = circle[np.random.default_rng(0).permutation(60)]
    assert trustworthiness(circle, circle, 5) == pytest.approx(1)
    assert trustworthiness(circle, shuffled, 5) < 0.7
    assert np.isnan(trustworthiness(circle[:2], circle[:2]))
    with pytest.raises(InputError, match="finite"):
        trustworthiness(circle, circle * np.nan)


def test_orders_put_groups_together() -> None:
    np.testing.assert_array_equal(by_group([1, -1, 0, 1]), [2, 0, 3, 1])
    numbers, names = codes(["b", "a", "b"])
    assert (numbers.tolist(), names) == ([1, 0, 1], ["a", "b"])
    blocks = np.kron(np.eye(3), np.ones((4, 4)))
    mixed = np.random.default_rng(0).permutation(12)
    order = by_clustering(blocks[np.ix_(mixed, mixed)])
    kinds = (mixed // 4)[order]
    assert (np.diff(kinds) != 0).sum() == 2  # three runs: each block in one piece
    with pytest.raises(InputError, match="finite square"):
        by_clustering(np.full((3, 3), np.nan))


def test_coverage_grows_with_anchors_and_reads_each_row_s_own() -> None:
    similarity = np.array([[1, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 1]])
    assert coverage(similarity, np.array([0])) == pytest.approx(0.5)
    assert coverage(similarity, np.array([0, 2])) == pytest.approx((1 + 0.5 + 1) / 3)
    assert coverage(similarity, np.array([[1], [2], [0]])) == pytest.approx((0.5 + 0.2 + 0) / 3)
    assert class_share(np.array([0, 1]), np.array([3, 3, 4])) == 0.5
    assert np.isnan(class_share(np.array([0]), np.full(3, -1)))
    table = coverage_curves(
        similarity, np.array([0, 0, 1]), ["first"], [1, 2], lambda k, _: np.arange(k)
    )
    assert table.to_dict("list")["k"] == [1, 2]
    assert table["coverage"].is_monotonic_increasing


def predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": ["a", "b", "c"],
            "teacher_0": [0.9, 0.2, 0.5],
            "teacher_1": [0.1, 0.8, 0.5],
            "student_0": [0.4, 0.2, 0.5],
            "student_1": [0.6, 0.8, 0.5],
        }
    )


TWO = Classification(classes=("no", "yes"))


def test_outputs_follow_the_samples_that_are_asked_for() -> None:
    found = outputs_of(predictions(), ["b", "a", "stranger"], [1, 0, 0], TWO)
    assert found is not None
    np.testing.assert_array_equal(found.answers("teacher"), [1, 0, -1])
    np.testing.assert_array_equal(found.errors("student"), [0, 1, np.nan])
    np.testing.assert_allclose(found.disagreement[:2], [0, 0.5])
    assert np.isnan(found.disagreement[2])
    np.testing.assert_array_equal(found.known, [True, True, False])


def test_outputs_are_none_where_the_table_has_no_class_probabilities() -> None:
    assert outputs_of(predictions(), ["stranger"], [0], TWO) is None
    one_column = predictions()[["sample_id", "teacher_0", "student_0"]]
    assert outputs_of(one_column, ["a"], [0], TWO) is None


def test_classes_without_a_name_are_read_by_their_number() -> None:
    found = outputs_of(predictions(), ["b", "a", "c"], [1, 0, 5], Classification())
    assert found is not None
    assert found.task.names == ("0", "1")
    nan = np.nan
    np.testing.assert_array_equal(found.task.truth(found.targets), [[0, 1], [1, 0], [nan, nan]])
