"""Students that train together end as they do one by one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pkdot.data.corpus import Split
from pkdot.distillers import available_distillers
from pkdot.errors import InputError, PkdotError, TrainingError
from pkdot.training.many.students import student_obstacle, student_shape
from tests.support.many_students import (
    NETWORK,
    TRAINING,
    Pupil,
    difference,
    outputs,
    pupils,
    together,
)
from tests.support.small_corpora import N, small_corpus, windows_corpus

SCORES = 1e-6
"""Validation scores are computed in float32, whatever the network's type."""


@pytest.fixture
def wide() -> Iterator[None]:
    """Networks that are built within compute in float64."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def members_of(method: str = "none", **changes: Any) -> list[Pupil]:
    """Pupils whose teachers learnt in float32."""
    torch.set_default_dtype(torch.float32)
    found = pupils(method=method, dtype=torch.float64, **changes)
    torch.set_default_dtype(torch.float64)
    return found


def check_equal(members: list[Pupil]) -> None:
    """Whole trainings, together and one by one: losses, weights in effect, ends."""
    for pupil, course in zip(members, together(members), strict=True):
        alone = pupil.alone()
        corpus = pupil.context.corpus
        assert course.error is None
        assert course.lengths == alone.lengths
        for (_, metrics, best), (_, others, best_alone) in zip(
            course.epochs, alone.epochs, strict=True
        ):
            assert best == best_alone
            for name, value in metrics.get("train", {}).items():
                assert value == pytest.approx(others["train"][name], rel=1e-8, abs=1e-8), name
        assert difference(alone, course) < SCORES
        torch.testing.assert_close(
            # Of a bias before a batch norm AdamW sees rounding alone, and makes steps of it.
            outputs(course, corpus),
            outputs(alone, corpus),
            rtol=1e-8,
            atol=3e-8,
        )


def options_of(method: str) -> dict[str, Any]:
    """Anchors that fit the batch, and a transport solved to where rounding begins."""
    settings = available_distillers()[method].distiller.Settings.model_fields
    given: dict[str, Any] = {"k": 8} if "k" in settings else {}
    if "tolerance" in settings:  # what a solver leaves, a large weight would multiply
        given |= {"tolerance": 1e-13, "weight": 1.0}
    return {method: given}


MARKS = {
    **dict.fromkeys(("none", "kd", "pkdot"), ()),
    # With partners of the corpus, weights of their own, a memory, soft labels in the rows.
    **dict.fromkeys(("sp", "fitnets", "crd", "pkdot_soft"), pytest.mark.slow),
}


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(name, marks=MARKS.get(name, (pytest.mark.slow, pytest.mark.full)))
        for name in available_distillers()
    ],
)
def test_every_method_ends_as_one_by_one(wide: None, method: str) -> None:
    check_equal(members_of(method, options=options_of(method)))


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["one_cycle", "plateau"])
def test_each_member_has_its_own_learning_rate(wide: None, schedule: str) -> None:
    training = TRAINING.model_copy(update={"schedule": schedule, "epochs": 9, "patience": 9})
    splits = [Split(*(np.arange(a, b) for a, b in parts)) for parts in UNEQUAL]
    corpora = [replace(small_corpus(), split=split) for split in splits]
    check_equal(members_of("kd", training=training, corpora=corpora))


UNEQUAL = (
    ((0, 40), (40, 70), (70, 90), (90, N)),
    ((0, 34), (34, 50), (50, 90), (90, N)),
    ((0, 64), (64, 90), (90, 100), (100, N)),
)
"""Folds of different sizes: labelled, unlabelled, validation, test."""


@pytest.mark.slow
def test_folds_of_different_sizes_have_epochs_of_different_lengths(wide: None) -> None:
    splits = [Split(*(np.arange(a, b) for a, b in parts)) for parts in UNEQUAL]
    corpora = [replace(small_corpus(), split=split) for split in splits]
    training = TRAINING.model_copy(update={"min_batches": 1})
    members = members_of("dkd", corpora=corpora, training=training)
    assert len({len(pupil.prepared().spec.batches) for pupil in members}) > 1
    check_equal(members)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ordinal", "regression", "multilabel"])
def test_every_task_ends_as_one_by_one(wide: None, kind: str) -> None:
    corpora = [small_corpus(kind) for _ in range(3)]
    scaled = corpora[1].task.fitted(corpora[1].targets[:30])  # a task may differ by fold
    corpora[1] = replace(corpora[1], task=scaled)
    check_equal(members_of("kd", corpora=corpora))


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"tnet": "frozen"},
        {"tnet": "none", "student_encoder": "fresh"},
        {"tnet": "random", "embedding_norm": "layer"},
        {"embedding_norm": "none", "freeze_student_encoder": True},
        {"dropout": 0.0, "input_noise": 0.0},
    ],
    ids=str,
)
def test_every_form_of_the_student_ends_as_one_by_one(wide: None, changes: dict[str, Any]) -> None:
    check_equal(members_of("kd", network=NETWORK.model_copy(update=changes)))


@pytest.mark.slow
def test_sums_warm_up_weights_and_smoothing_are_each_members_own(wide: None) -> None:
    training = TRAINING.model_copy(update={"label_smoothing": 0.1, "class_balanced": True})
    options = {"kd": {"warm_up": 6}, **options_of("fitnets")}
    members = members_of("kd+fitnets", options=options, training=training)
    weighed = [
        replace(pupil, options={**options, "kd": {"warm_up": 6, "weight": 2.0 + number}})
        for number, pupil in enumerate(members)
    ]
    check_equal(weighed)


@pytest.mark.slow
def test_shares_of_the_tasks_pull_are_each_members_own(wide: None) -> None:
    options = {"kd": {"share": 0.5, "warm_up": 6}, **options_of("pkdot")}
    options["pkdot"]["share"] = 2.0
    members = members_of("kd+pkdot", options=options)
    weighed = [
        replace(pupil, options={**options, "kd": {"share": 0.5 + number, "share_cap": 1.5}})
        for number, pupil in enumerate(members)
    ]
    check_equal(weighed)
    (_, metrics, _) = together(weighed)[0].epochs[1]
    assert metrics["train"]["weight of kd"] > 0
    assert metrics["train"]["weight of pkdot"] > 0


@pytest.mark.slow
def test_twenty_updates_in_float32_agree_to_rounding() -> None:
    training = TRAINING.model_copy(update={"epochs": 1, "min_batches": 20})
    members = pupils(method="kd", training=training)
    for pupil, course in zip(members, together(members), strict=True):
        (_, _), (_, alone) = ((e[0], e[1].get("train")) for e in pupil.alone().epochs)
        assert alone is not None
        for name, value in course.epochs[1][1]["train"].items():
            assert value == pytest.approx(alone[name], rel=1e-5, abs=1e-5), name


@pytest.mark.slow
@pytest.mark.parametrize("method", ["kd", "rkd"])
def test_a_member_does_not_depend_on_who_else_is_in_the_batch(wide: None, method: str) -> None:
    members = members_of(method)
    whole = together(members)
    for places in ([1], [2, 0]):
        for place, course in zip(places, together([members[i] for i in places]), strict=True):
            assert course.lengths == whole[place].lengths
            assert difference(course, whole[place]) < SCORES
            corpus = members[place].context.corpus
            torch.testing.assert_close(
                outputs(course, corpus), outputs(whole[place], corpus), rtol=1e-9, atol=1e-9
            )


@pytest.mark.parametrize("method", ["none", "pkdot"])
def test_a_member_that_fails_leaves_the_others_as_they_were(wide: None, method: str) -> None:
    members = members_of(method, options=options_of(method))
    whole = together(members)
    corpus = members[1].context.corpus
    face = np.array(corpus.modalities["face"])
    face[3] = np.nan
    broken = replace(corpus, modalities={**corpus.modalities, "face": face})
    members[1] = replace(members[1], context=replace(members[1].context, corpus=broken))
    courses = together(members)
    with pytest.raises(PkdotError) as alone:
        members[1].alone()
    assert isinstance(courses[1].error, TrainingError if method == "none" else InputError)
    assert str(courses[1].error) == str(alone.value)
    for place in (0, 2):
        assert courses[place].error is None
        assert courses[place].lengths == whole[place].lengths
        assert difference(courses[place], whole[place]) < SCORES


def test_a_student_alone_needs_no_teacher(wide: None) -> None:
    members = members_of("none", network=NETWORK.model_copy(update={"student_encoder": "fresh"}))
    prepared = [replace(pupil, shared=None).prepared() for pupil in members]  # type: ignore[arg-type]
    assert not student_obstacle(prepared[0])
    check_equal([replace(pupil, shared=None) for pupil in members])  # type: ignore[arg-type]


def test_what_cannot_train_together_says_why() -> None:
    pupil = pupils((0,))[0]
    assert student_obstacle(pupil.prepared()) == ""
    corpus = pupil.context.corpus
    absent = np.ones(len(corpus), dtype=bool)
    absent[5] = False
    lacking = replace(corpus, present={"eda": absent})
    other = replace(pupil, context=replace(pupil.context, corpus=lacking))
    assert "lack a modality" in student_obstacle(other.prepared())
    windows = pupils((0,), corpora=[windows_corpus()])[0]
    assert "windows" in student_obstacle(windows.prepared())


def test_students_of_different_sizes_have_different_shapes() -> None:
    (small,) = pupils((0,))
    (large,) = pupils((0,), network=NETWORK.model_copy(update={"hidden": 32}))
    (same,) = pupils((5,))
    assert student_shape(small.prepared()) == student_shape(same.prepared())
    assert student_shape(small.prepared()) != student_shape(large.prepared())
