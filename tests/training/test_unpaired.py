"""Who reads what, where teacher and student saw different recordings."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pkdot.data import Corpus
from pkdot.distillers import build_distiller
from pkdot.errors import ConfigError
from pkdot.experiments.experiment import drain
from pkdot.networks.models import Student, Teacher
from pkdot.training.context import StageContext, teacher_view
from pkdot.training.controls import (
    OtherBatches,
    distilled_targets,
    student_corpus,
    teacher_corpus,
)
from pkdot.training.loop import EpochReport
from pkdot.training.outputs import student_answers
from pkdot.training.stages import TeacherStage
from pkdot.training.student import train_student
from tests.support.many_students import FABRIC, TRAINING, train_stage
from tests.support.small_corpora import small_corpus
from tests.support.unpaired import APART, blanked, unpaired_corpus

CPU = torch.device("cpu")


def context_of(corpus: Corpus) -> StageContext:
    return StageContext(FABRIC, corpus, APART, TRAINING, 0)


def trained(corpus: Corpus, method: str, shared: TeacherStage) -> tuple[Student, list[EpochReport]]:
    seen: list[EpochReport] = []
    distiller = build_distiller(method)
    student = drain(train_student(context_of(corpus), distiller, shared), seen.append)
    assert isinstance(student, Student)
    return student, seen


@pytest.mark.parametrize("unpaired", [1.0, 0.5])
def test_nobody_reads_an_absent_recording_or_a_hidden_label(unpaired: float) -> None:
    whole = unpaired_corpus(unpaired=unpaired)
    bare = blanked(whole)
    assert np.isnan(bare.modalities["face"]).any()
    assert np.isnan(bare.modalities["eda"]).any()
    stages = [train_stage(corpus, APART, 0) for corpus in (whole, bare)]
    for own, other in zip(*(s.teacher.state_dict().values() for s in stages), strict=True):
        assert torch.equal(own, other)
    (one, reports), (two, others) = (
        trained(corpus, "kd+pkdot", stage)
        for corpus, stage in zip((whole, bare), stages, strict=True)
    )
    for own, other in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
        assert torch.equal(own, other)
    assert [r.metrics for r in reports] == [r.metrics for r in others]
    split = bare.split
    answers, expected = student_answers(two, bare).outputs, student_answers(one, whole).outputs
    assert answers[split.teacher_only].isnan().all()
    assert answers[split.train].isfinite().all()
    assert torch.equal(answers[split.test], expected[split.test])


def test_recordings_of_the_teacher_alone_reach_its_standardisation_and_the_loss() -> None:
    corpus = unpaired_corpus()
    stage = train_stage(corpus, APART, 0)
    moved = np.array(corpus.modalities["eda"])
    moved[corpus.split.teacher_only] += 1.0
    other = train_stage(replace(corpus, modalities={**corpus.modalities, "eda": moved}), APART, 0)
    pairs = [own.targets.output.embedding[corpus.split.labelled] for own in (stage, other)]
    assert not torch.equal(*pairs)
    view = teacher_view(corpus, "privileged")
    assert set(view.split.unlabelled) == set(corpus.split.teacher_only)
    assert view.complete[view.split.train].all()


def test_a_teacher_of_privileged_modalities_leaves_nothing_to_copy() -> None:
    stage = train_stage(unpaired_corpus(), APART, 0)
    assert isinstance(stage.teacher, Teacher)
    assert list(stage.teacher.encoders) == list(stage.targets.output.features) == ["eda"]
    assert not stage.tnets
    student, _ = trained(unpaired_corpus(), "kd", stage)
    assert list(student.encoders) == ["face"]
    assert not student.tnets
    paired = train_stage(small_corpus(), APART, 0)
    assert list(paired.targets.output.features) == ["eda"], "also where every pair is there"
    with pytest.raises(ConfigError, match="has no privileged modality"):
        teacher_view(small_corpus(privileged=()), "privileged")


def test_a_recorded_batch_shows_the_trusted_pairs_alone() -> None:
    corpus = unpaired_corpus()
    stage = train_stage(corpus, APART, 0)
    _, reports = trained(corpus, "kd", stage)
    batch = reports[-1].batch
    assert batch is not None
    assert set(batch.indices) <= set(corpus.split.labelled)
    assert len(batch.indices) == len(batch.student) == len(batch.teacher)
    assert torch.equal(batch.teacher, stage.targets.output.embedding[batch.indices])
    assert (batch.targets >= 0).all()


def test_controls_exchange_what_a_pair_rests_on() -> None:
    corpus = unpaired_corpus(unpaired=0.5)
    context, stage = context_of(corpus), train_stage(corpus, APART, 0)
    real, split = stage.targets.output.embedding, corpus.split
    shown = distilled_targets("permuted", stage.targets, context).output.embedding
    assert not (real[split.labelled] == shown[split.labelled]).all(1).any()
    assert torch.equal(real[split.labelled].sort(0).values, shown[split.labelled].sort(0).values), (
        "trusted pairs exchange theirs"
    )
    assert torch.equal(real[split.teacher_only], shown[split.teacher_only])

    drawn = distilled_targets("other_batch", stage.targets, context)
    assert isinstance(drawn, OtherBatches)
    asked = np.concatenate([split.labelled, split.teacher_only])
    lone = split.unlabelled[~corpus.complete[split.unlabelled]]
    seen = np.setdiff1d(np.arange(len(corpus)), lone)
    found = drawn.at(asked, CPU).embedding
    assert (found[:, None] == real[seen][None]).all(2).any(1).all(), "only what the teacher saw"

    untrained = distilled_targets("random_teacher", stage.targets, context).output
    assert list(untrained.features) == ["eda"]
    assert not torch.allclose(untrained.embedding[split.teacher_only], real[split.teacher_only])

    assert not student_corpus("labels", corpus).is_unpaired
    assert len(student_corpus("labels", corpus).split.unlabelled) == 0
    ceiling = teacher_corpus("true_labels", corpus, "privileged").split
    assert set(split.teacher_only) | set(split.labelled) <= set(ceiling.labelled)
    assert not set(ceiling.labelled) & set(lone)


def test_a_student_alone_sees_no_recording_without_label() -> None:
    corpus = unpaired_corpus()
    seen: list[EpochReport] = []
    drain(train_student(context_of(corpus), build_distiller("none")), seen.append)
    assert seen[-1].batch is None
    assert "distillation" not in seen[-1].metrics["train"]
