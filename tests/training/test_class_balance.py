"""Class-balanced batches: each class equally often among the labelled samples, reproducibly."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkdot.data import load_corpus
from pkdot.data.batches import Batches
from pkdot.distillers import build_distiller
from pkdot.experiments.experiment import (
    drain,
    make_fabric,
    stage_context,
    train_teacher_stage,
)
from pkdot.training.loop import BatchSnapshot
from pkdot.training.stages import TeacherStage
from pkdot.training.student import train_student
from tests.support.small_config import small_config

SKEWED = np.repeat([0, 1, 2], [30, 6, 2])
"""Classes of 38 labelled samples, one of them frequent, one rare."""


def balanced(batch_size: int, seed: int, unlabelled: int = 40, epochs: int = 1) -> list[np.ndarray]:
    labelled, others = np.arange(len(SKEWED)), len(SKEWED) + np.arange(unlabelled)
    batches = Batches(labelled, others, batch_size, 0.5, seed, least=3, classes=SKEWED)
    return [batch for _ in range(epochs) for batch in batches]


@given(st.integers(6, 40), st.integers(0, 100))
def test_each_class_stands_equally_often_among_the_labelled_samples_of_a_batch(
    batch_size: int, seed: int
) -> None:
    for batch in balanced(batch_size, seed):
        labelled = batch[batch < len(SKEWED)]
        counts = np.bincount(SKEWED[labelled], minlength=3)
        assert counts.max() - counts.min() <= 1
        assert (counts == counts[0]).all() == (len(labelled) % 3 == 0)
        assert len(batch) == batch_size
        assert (batch[: len(labelled)] < len(SKEWED)).all(), "labelled samples come first"


def test_no_class_gets_the_odd_sample_more_often_than_another() -> None:
    batches = balanced(batch_size=16, seed=0, epochs=200)
    counts = np.stack([np.bincount(SKEWED[b[b < 38]], minlength=3) for b in batches])
    assert (counts.sum(1) == 8).all(), "8 samples of 3 classes: two classes have one more"
    assert counts.mean(0) == pytest.approx([8 / 3] * 3, abs=0.1)


def test_every_sample_of_a_class_has_its_turn() -> None:
    batches = balanced(batch_size=12, seed=0, epochs=10)
    drawn = np.concatenate([b[b < 38] for b in batches])
    assert set(drawn) == set(range(38))
    for label in range(3):
        times = np.bincount(drawn, minlength=38)[label == SKEWED]
        assert times.max() - times.min() <= 1, "a class is gone through before it repeats"


def test_batches_follow_their_seed() -> None:
    one, same, other = (np.concatenate(balanced(12, seed)).tolist() for seed in (0, 0, 1))
    assert one == same != other


@pytest.fixture(scope="module")
def shared() -> TeacherStage:
    config = small_config()
    return drain(train_teacher_stage(config, load_corpus(config.data, 0), make_fabric(config)))


def last_batches(shared: TeacherStage, class_balanced: bool) -> list[BatchSnapshot]:
    """The last batch of each epoch of a student on digits."""
    config = small_config(training__class_balanced=class_balanced)
    context = stage_context(config, load_corpus(config.data, 0), make_fabric(config))
    batches: list[BatchSnapshot] = []
    stage = train_student(context, build_distiller("none"), shared)
    drain(stage, lambda report: report.batch and batches.append(report.batch))
    return batches


def labelled_per_class(batch: BatchSnapshot) -> np.ndarray:
    labels = batch.targets.numpy()
    return np.bincount(labels[labels >= 0], minlength=10)


def test_the_student_stage_balances_where_the_settings_say_so(shared: TeacherStage) -> None:
    batches = last_batches(shared, class_balanced=True)
    assert len(batches) == 3
    for batch in batches:
        counts = labelled_per_class(batch)
        assert counts.sum() == 16
        assert set(counts) == {1, 2}, "16 labelled samples of 10 classes"
    plain = [labelled_per_class(b) for b in last_batches(shared, class_balanced=False)]
    assert any(counts.max() - counts.min() > 1 for counts in plain)
    again = last_batches(shared, class_balanced=True)
    for one, two in zip(batches, again, strict=True):
        assert np.array_equal(one.indices, two.indices)
        assert torch.equal(one.student, two.student)
