"""Teacher stages that train together are those that train one by one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pkdot.errors import PkdotError, TrainingError
from pkdot.experiments.experiment import drain
from pkdot.training.context import StageContext
from pkdot.training.many.teachers import teacher_obstacle, train_teacher_stages
from pkdot.training.outputs import teacher_targets
from pkdot.training.stages import TeacherStage, train_teacher, train_tnets
from tests.support.many_students import FABRIC, NETWORK, TRAINING
from tests.support.small_corpora import small_corpus, windows_corpus


def contexts(count: int = 3) -> list[StageContext]:
    """Experiments whose seeds and privileged modalities' widths differ."""
    corpus = small_corpus(shapes={"face": (5,), "eda": (4,), "ecg": (6,)})
    return [StageContext(FABRIC, corpus, NETWORK, TRAINING, seed) for seed in range(count)]


def alone(context: StageContext) -> TeacherStage:
    teacher = drain(train_teacher(context))
    targets = teacher_targets(teacher, context.corpus)
    return TeacherStage(teacher, targets, drain(train_tnets(context, targets)))


def stages(given: list[StageContext]) -> dict[int, TeacherStage | PkdotError]:
    return dict(train_teacher_stages(given))


def check_close(found: TeacherStage | PkdotError, expected: TeacherStage) -> None:
    """To what rounding in float32 makes of a bias that a batch norm takes out again."""
    assert isinstance(found, TeacherStage)
    close = torch.testing.assert_close
    close(found.targets.output.outputs, expected.targets.output.outputs, atol=0.05, rtol=0.05)
    samples = expected.targets.output.features["face"]
    found_features, expected_features = found.tnets(samples), expected.tnets(samples)
    for name, hallucinated in expected_features.items():
        close(found_features[name], hallucinated, atol=0.05, rtol=0.05)
    for network in (found.teacher, found.tnets):
        assert not any(p.requires_grad for p in network.parameters())
        assert not network.training


def test_teachers_and_tnets_together_are_those_one_by_one() -> None:
    given = contexts()
    found = stages(given)
    assert sorted(found) == [0, 1, 2]
    for place, context in enumerate(given):
        check_close(found[place], alone(context))


def test_whole_trainings_in_float64_agree_to_1e_8() -> None:
    corpus = small_corpus(shapes={"face": (5,)})
    given = [StageContext(FABRIC, corpus, NETWORK, TRAINING, seed) for seed in range(3)]
    torch.set_default_dtype(torch.float64)
    try:
        found, samples = stages(given), {"face": corpus.batch("face", np.arange(len(corpus)))}
        for place, context in enumerate(given):
            stage, expected = found[place], alone(context)
            assert isinstance(stage, TeacherStage)
            outputs = stage.teacher(samples).outputs
            others = expected.teacher(samples).outputs
            torch.testing.assert_close(outputs, others, atol=1e-8, rtol=0)
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_corpus_without_a_privileged_modality_has_no_tnet() -> None:
    corpus = small_corpus(shapes={"face": (5,)})
    given = [StageContext(FABRIC, corpus, NETWORK, TRAINING, seed) for seed in (0, 1)]
    for stage in stages(given).values():
        assert isinstance(stage, TeacherStage)
        assert not len(stage.tnets)


def test_a_teacher_that_fails_leaves_the_others_alone() -> None:
    given = contexts()
    corpus = given[1].corpus
    ecg = np.array(corpus.modalities["ecg"])
    ecg[2] = np.inf
    broken = replace(corpus, modalities={**corpus.modalities, "ecg": ecg})
    whole = stages(given)
    given[1] = replace(given[1], corpus=broken)
    found = stages(given)
    assert isinstance(found[1], TrainingError)
    with pytest.raises(TrainingError) as refused:
        alone(given[1])
    assert str(found[1]) == str(refused.value)
    for place in (0, 2):
        stage = whole[place]
        assert isinstance(stage, TeacherStage)
        check_close(found[place], stage)


def test_windows_are_left_to_the_loop_of_one() -> None:
    context = StageContext(FABRIC, windows_corpus(), NETWORK, TRAINING, 0)
    assert "windows" in teacher_obstacle(context)
    assert stages([context, context]) == {}
