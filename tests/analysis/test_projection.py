"""Maps: known geometry comes back, up to what a map cannot know."""

import subprocess
import sys

import numpy as np
import pytest

from pkdot.analysis.projection import aligned, normalised, pca_map, project, umap_map
from pkdot.errors import InputError, RecordError
from pkdot.record import Recorder, open_record
from pkdot.record.maps import record_maps
from tests.support.example_records import EPOCHS, N


def rotation(angle: float, mirror: bool = False) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turn @ np.diag([1, -1 if mirror else 1])


def test_pca_finds_the_plane_in_which_unit_rows_lie() -> None:
    angles = np.linspace(0.1, 2.9, 25)
    plane, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(7, 2)))
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    lengths = np.linspace(0.5, 9, 25)[:, None]  # directions count, lengths do not
    found = pca_map(lengths * circle @ plane.T)
    expected = circle - circle.mean(axis=0)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-12)


def test_pca_agrees_with_scikit_learn_up_to_sign() -> None:
    from sklearn.decomposition import PCA

    z = np.random.default_rng(1).normal(size=(40, 9))
    rows = z / np.linalg.norm(z, axis=1, keepdims=True)
    referee = PCA(2, svd_solver="full").fit_transform(rows)
    np.testing.assert_allclose(np.abs(pca_map(z)), np.abs(referee), atol=1e-10)


def test_pca_is_fixed_to_the_sign() -> None:
    z = np.random.default_rng(2).normal(size=(30, 5))
    points = pca_map(z)
    largest = np.abs(points).argmax(axis=0)
    assert (points[largest, [0, 1]] > 0).all()
    np.testing.assert_array_equal(points, pca_map(z))
    assert pca_map(np.arange(1.0, 7.0)[:, None]).shape == (6, 2)


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0, 3.1])
@pytest.mark.parametrize("mirror", [False, True])
def test_alignment_undoes_turning_mirroring_moving_and_scaling(angle: float, mirror: bool) -> None:
    target = normalised(np.random.default_rng(3).normal(size=(20, 2)))
    moved = 5 * target @ rotation(angle, mirror) + [3, -1]
    np.testing.assert_allclose(aligned(normalised(moved), target), target, atol=1e-12)


def test_no_other_rotation_fits_better() -> None:
    rng = np.random.default_rng(4)
    target, points = (normalised(rng.normal(size=(20, 2))) for _ in range(2))
    best = np.linalg.norm(aligned(points, target) - target)
    for angle in np.linspace(0, 2 * np.pi, 200):
        for mirror in (False, True):
            assert np.linalg.norm(points @ rotation(angle, mirror) - target) >= best - 1e-9


def test_a_student_that_is_the_teacher_turned_has_the_teachers_map() -> None:
    rng = np.random.default_rng(5)
    teacher = rng.normal(size=(30, 6))
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    maps = project(teacher, 3 * teacher @ turn)
    np.testing.assert_allclose(maps.student, maps.teacher, atol=1e-9)
    assert np.square(maps.teacher).sum(axis=1).mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("teacher", "student", "projection", "sentence"),
    [
        (np.ones((5, 2)), np.ones((4, 2)), "pca", "need the same samples; given are 5 and 4"),
        (np.ones((5, 2)), np.ones((5, 2)), "tsne", "choose pca, umap"),
        (np.full((5, 2), np.nan), np.ones((5, 2)), "pca", "it holds NaN or infinity"),
        (np.ones((2, 2)), np.ones((2, 2)), "pca", "at least 3 samples"),
        (np.ones((6, 2)), np.ones((6, 2)), "umap", "at least 8 samples, not 6"),
    ],
)
def test_what_cannot_be_drawn_is_told(teacher, student, projection, sentence) -> None:
    if projection == "umap":
        pytest.importorskip("umap", reason="umap-learn is not installed")
    with pytest.raises(InputError, match=sentence):
        project(teacher, student, projection)


def test_zero_and_equal_rows_are_drawn() -> None:
    maps = project(np.zeros((4, 3)), np.ones((4, 3)))
    np.testing.assert_array_equal(maps.teacher, 0)
    assert np.isfinite(maps.student).all()


def test_a_record_keeps_a_map_of_every_finite_epoch(finished_record, tmp_path) -> None:
    record = open_record(finished_record)
    maps = record.maps()
    assert sorted(maps["epoch"].unique()) == list(EPOCHS)
    pair = record.embeddings(5)
    expected = project(pair.teacher, pair.student)
    for network in ("teacher", "student"):
        rows = maps[(maps["epoch"] == 5) & (maps["network"] == network)]
        assert list(rows["sample_id"]) == list(record.probe["sample_id"])
        np.testing.assert_allclose(rows[["x", "y"]], getattr(expected, network), atol=1e-6)

    with Recorder("diverged", runs_dir=tmp_path) as recorder:
        z = np.random.default_rng(0).normal(size=(9, 3))
        recorder.log_embeddings(0, teacher=z, student=z)
        recorder.log_embeddings(1, teacher=z, student=z * np.nan)
    assert list(open_record(recorder.path).maps()["epoch"].unique()) == [0]
    Recorder("empty", runs_dir=tmp_path, run_id="empty").finish()
    with pytest.raises(RecordError, match="has no embeddings to draw"):
        record_maps(open_record(tmp_path / "empty"))


def test_umap_is_imported_only_when_a_map_is_asked_for() -> None:
    program = "import sys, pkdot.record.maps; assert 'umap' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.slow
def test_umap_maps_are_the_same_twice_and_keep_classes_together() -> None:
    pytest.importorskip("umap", reason="umap-learn is not installed")
    rng = np.random.default_rng(6)
    labels = np.arange(N) % 3
    z = np.eye(3)[labels] @ rng.normal(size=(3, 8)) * 3 + rng.normal(size=(N, 8)) * 0.3
    points = umap_map(z)
    np.testing.assert_array_equal(points, umap_map(z))
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).mean() > 0.95
