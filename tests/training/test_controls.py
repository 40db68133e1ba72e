"""What a control takes away, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pkdot import ExperimentConfig
from pkdot.data import Corpus, load_corpus
from pkdot.errors import ConfigError, DataError
from pkdot.experiments.experiment import (
    drain,
    make_fabric,
    stage_context,
    surroundings,
    train_networks,
    train_teacher_stage,
)
from pkdot.training.context import visible_targets
from pkdot.training.controls import distilled_targets, teacher_control, teacher_corpus
from pkdot.training.outputs import TeacherTargets
from pkdot.training.stages import TeacherStage
from tests.support.small_config import small_config

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def config() -> ExperimentConfig:
    return small_config(data__label_noise=0.3)


@pytest.fixture(scope="module")
def stage(config: ExperimentConfig) -> TeacherStage:
    corpus = load_corpus(config.data, 0)
    with surroundings(1):
        return drain(train_teacher_stage(config, corpus, make_fabric(config)))


def distilled(
    control: str, config: ExperimentConfig, stage: TeacherStage, corpus: Corpus | None = None
) -> TeacherTargets:
    context = stage_context(config, corpus or load_corpus(config.data, 0), make_fabric(config))
    return distilled_targets(control, stage.targets, context)  # type: ignore[arg-type]


def test_permuted_targets_are_those_of_other_training_samples(
    config: ExperimentConfig, stage: TeacherStage
) -> None:
    split = load_corpus(config.data, 0).split
    real, shown = (
        stage.targets.output.embedding,
        distilled("permuted", config, stage).output.embedding,
    )
    assert not (real[split.train] == shown[split.train]).all(1).any(), "no sample keeps its own"
    assert torch.equal(real[split.train].sort(0).values, shown[split.train].sort(0).values), (
        "the same targets, otherwise handed out"
    )
    rest = np.concatenate([split.validation, split.test])
    assert torch.equal(real[rest], shown[rest])
    again = distilled("permuted", config, stage).output.embedding
    assert torch.equal(shown, again)


def test_another_batch_is_drawn_anew_from_training_samples(
    config: ExperimentConfig, stage: TeacherStage
) -> None:
    train = load_corpus(config.data, 0).split.train
    targets = distilled("other_batch", config, stage)
    asked = train[:32]
    first, second = targets.at(asked, CPU), targets.at(asked, CPU)
    assert not torch.equal(first.embedding, second.embedding)
    known = stage.targets.output.embedding[train]
    assert (first.embedding[:, None] == known[None]).all(2).any(1).all()


def test_labels_alone_know_nothing_but_visible_labels(
    config: ExperimentConfig, stage: TeacherStage
) -> None:
    corpus = load_corpus(config.data, 0)
    visible = visible_targets(corpus).numpy()
    out = distilled("labels", config, stage).output
    known = visible >= 0
    probabilities = out.outputs[known].softmax(1)
    assert (out.outputs[known].argmax(1).numpy() == visible[known]).all()
    assert probabilities.max(1).values.numpy() == pytest.approx(0.95, rel=1e-5)
    assert not out.outputs[~known].any()
    assert not out.embedding[~known].any()
    a, b = (np.flatnonzero(visible == label)[:2] for label in (3, 5))
    assert torch.equal(out.embedding[a[0]], out.embedding[a[1]])
    assert not torch.equal(out.embedding[a[0]], out.embedding[b[0]])
    assert out.features["full"].shape == stage.targets.output.features["full"].shape


def test_codes_of_classes_are_orthogonal_where_they_fit() -> None:
    config = small_config(network__embedding_dim=16)
    corpus = load_corpus(config.data, 0)
    with surroundings(1):
        own = drain(train_teacher_stage(config, corpus, make_fabric(config)))
    z = distilled("labels", config, own).output.embedding[corpus.split.labelled]
    visible = torch.as_tensor(visible_targets(corpus).numpy()[corpus.split.labelled])
    assert torch.allclose(z @ z.T / 16, (visible[:, None] == visible[None]).float(), atol=1e-5)


def test_an_untrained_teacher_is_not_the_trained_one(
    config: ExperimentConfig, stage: TeacherStage
) -> None:
    shown = distilled("random_teacher", config, stage)
    real = stage.targets.output
    assert shown.output.embedding.shape == real.embedding.shape
    assert not torch.allclose(shown.output.embedding, real.embedding)
    before = torch.random.get_rng_state()
    distilled("random_teacher", config, stage)
    assert torch.equal(before, torch.random.get_rng_state())


def test_other_teachers_see_what_they_are_said_to_see(config: ExperimentConfig) -> None:
    corpus = load_corpus(config.data, 0)
    assert (corpus.given_targets != corpus.targets).any()
    ceiling = teacher_corpus("true_labels", corpus)
    assert (ceiling.given_targets == corpus.targets).all()
    assert set(ceiling.split.labelled) == set(corpus.split.train)
    assert not set(ceiling.split.labelled) & set(corpus.split.test)
    assert teacher_corpus("no_privileged", corpus).privileged == ()
    assert teacher_corpus("permuted", corpus) is corpus
    assert [teacher_control(c) for c in ("permuted", "no_privileged")] == ["none", "no_privileged"]


@pytest.mark.parametrize(
    "control", ["permuted", "other_batch", "labels", "random_teacher", "no_privileged"]
)
def test_a_student_learns_under_every_control(control: str) -> None:
    config = small_config(method="kd", control=control)
    with surroundings(1):
        corpus = load_corpus(config.data, 0)
        seen = []
        trained = drain(train_networks(config, corpus, make_fabric(config)), seen.append)
    students = [r for r in seen if r.stage == "student"]
    assert len(students) > 1
    assert np.isfinite(students[-1].metrics["train"]["distillation"])
    names = {"coarse"} if control == "no_privileged" else {"coarse", "full"}
    assert set(trained.output.features) == names
    ids = students[-1].batch.indices
    has_unlabelled = bool(set(ids) & set(corpus.split.unlabelled))
    assert has_unlabelled == (control != "labels")


def test_the_posterior_replaces_answers_and_nothing_else(
    config: ExperimentConfig, stage: TeacherStage
) -> None:
    corpus = load_corpus(config.data, 0)
    with pytest.raises(ConfigError, match="only simulated corpora do"):
        distilled("posterior", config, stage)
    likely = np.full((len(corpus), corpus.task.output_width), 0.0)
    likely[:, :2] = (0.25, 0.75)
    simulated = replace(corpus, posterior=likely)
    targets = distilled("posterior", config, stage, simulated)
    assert torch.allclose(targets.output.outputs.softmax(1), torch.as_tensor(likely).float())
    assert torch.equal(targets.output.embedding, stage.targets.output.embedding)
    assert teacher_control("posterior") == "none", "the student starts from the teacher's parts"
    with pytest.raises(DataError, match="posterior has shape"):
        replace(corpus, posterior=likely[:, 1:])
