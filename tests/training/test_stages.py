"""The stages: who learns when, what is read, what is left in place."""

import dataclasses

import numpy as np
import pytest
import torch

from pkdot import ExperimentConfig
from pkdot.data import load_corpus
from pkdot.distillers import Distiller, SumOfDistillers, available_distillers, build_distiller
from pkdot.distillers.base import DistillerSettings
from pkdot.experiments.experiment import (
    drain,
    make_fabric,
    stage_context,
    train_networks,
    train_teacher_stage,
)
from pkdot.networks import build_student
from pkdot.training.loop import set_training_mode
from pkdot.training.outputs import student_output
from pkdot.training.stages import Trained
from pkdot.training.student import train_student
from tests.support.network_outputs import has_setting
from tests.support.small_config import small_config


def train(config: ExperimentConfig, shared=None) -> Trained:
    corpus = load_corpus(config.data, config.seed)
    return drain(train_networks(config, corpus, make_fabric(config), shared))


def teacher_stage(config: ExperimentConfig):
    corpus = load_corpus(config.data, config.seed)
    return drain(train_teacher_stage(config, corpus, make_fabric(config)))


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


@pytest.fixture(scope="module")
def shared():
    return teacher_stage(small_config())


@pytest.mark.slow
def test_a_given_teacher_stage_changes_no_number(shared) -> None:
    """Stages seed themselves, so a cached teacher gives the student the same numbers."""
    whole, reused = train(small_config()), train(small_config(), shared)
    assert torch.equal(whole.output.outputs, reused.output.outputs)


@pytest.mark.parametrize("tnet", ["frozen", "joint", "none"])
@pytest.mark.parametrize("frozen_encoder", [False, True])
def test_who_learns_in_the_student_stage(shared, tnet: str, frozen_encoder: bool) -> None:
    config = small_config(network__tnet=tnet, network__freeze_student_encoder=frozen_encoder)
    corpus = load_corpus(config.data, config.seed)
    before_teacher = weights(shared.teacher)
    before_tnet = weights(shared.tnets["full"])
    stages = train_networks(config, corpus, make_fabric(config), shared)
    # After its first epoch, since in the end the best epoch's weights return, perhaps the first.
    student = next(report.network for report in stages if report.epoch == 1)
    assert torch.equal(weights(shared.teacher), before_teacher)
    assert torch.equal(weights(shared.tnets["full"]), before_tnet), "students train copies"
    encoder_moved = not torch.equal(
        weights(student.encoders["coarse"]), weights(shared.teacher.encoders["coarse"])
    )
    assert encoder_moved != frozen_encoder
    assert set(student.tnets) == ({"full"} if tnet != "none" else set())
    if tnet != "none":
        moved = not torch.equal(weights(student.tnets["full"]), before_tnet)
        assert moved == (tnet == "joint")


def test_a_frozen_encoder_keeps_its_running_statistics(shared) -> None:
    student = train(small_config(network__freeze_student_encoder=True), shared).student
    kept = dict(shared.teacher.encoders["coarse"].named_buffers())
    for name, buffer in student.encoders["coarse"].named_buffers():
        assert torch.equal(buffer, kept[name]), name


def test_training_mode_leaves_frozen_parts_in_eval() -> None:
    network = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))
    network[0].requires_grad_(False)
    set_training_mode(network)
    assert not network[0].training
    assert network[1].training


@pytest.mark.slow
def test_labels_of_unlabelled_and_test_samples_are_never_read(shared) -> None:
    """Scrambling every label that training may not read must not change one number."""
    config = small_config(method="kd+pkdot")
    corpus = load_corpus(config.data, 0)
    given = corpus.given_targets.copy()
    hidden = np.concatenate([corpus.split.unlabelled, corpus.split.test])
    given[hidden] = (given[hidden] + 3) % 10
    scrambled = dataclasses.replace(corpus, given_targets=given, targets=given)
    one, two = (drain(train_networks(config, c, make_fabric(config))) for c in (corpus, scrambled))
    assert torch.equal(one.output.outputs, two.output.outputs)


def test_the_student_never_reads_the_privileged_modality(shared) -> None:
    config = small_config()
    corpus = load_corpus(config.data, 0)
    student = train(config, shared).student
    blinded = dataclasses.replace(
        corpus, modalities={**corpus.modalities, "full": np.full((1797, 64), np.nan)}
    )
    indices = corpus.split.test
    seen = student_output(student, corpus, indices).outputs
    assert torch.equal(seen, student_output(student, blinded, indices).outputs)


def test_a_student_alone_takes_nothing_from_the_teacher(shared) -> None:
    alone = {"method": "none", "network.student_encoder": "fresh", "network.tnet": "none"}
    config = small_config().changed(alone)
    assert config.student_is_alone
    assert not small_config(method="none").student_is_alone
    other = teacher_stage(small_config(data__noise=0.9))
    one, two = train(config, shared), train(config, other)
    assert torch.equal(one.output.outputs, two.output.outputs)


def test_arms_of_one_seed_share_first_weights(shared) -> None:
    corpus = load_corpus(small_config().data, 0)

    def fusion_and_head(student_encoder: str) -> torch.Tensor:
        settings = small_config(network__student_encoder=student_encoder).network
        torch.manual_seed(5)
        return weights(build_student(corpus, settings, shared.teacher, shared.tnets).joint)

    assert torch.equal(fusion_and_head("copied"), fusion_and_head("fresh"))


@pytest.mark.slow
def test_early_stopping_leaves_the_best_weights(shared) -> None:
    config = small_config(training__epochs=40, training__patience=3, training__selection="loss")
    reports = []
    corpus = load_corpus(config.data, 0)
    trained = drain(train_networks(config, corpus, make_fabric(config), shared), reports.append)
    losses = [r.metrics["validation"]["cross_entropy"] for r in reports]
    best = int(np.argmin(losses))
    assert reports[-1].best_epoch == best
    assert len(losses) <= best + 4 or len(losses) == 41

    truth = torch.as_tensor(corpus.given_targets[corpus.split.validation])
    logits = trained.output.outputs[corpus.split.validation]
    assert corpus.task.scores(logits, truth)["cross_entropy"] == pytest.approx(losses[best])


@pytest.mark.slow
def test_the_teacher_beats_the_student_where_it_sees_more() -> None:
    config = small_config(
        method="kd", training__epochs=30, network__hidden=64, data__n_labelled=300
    )
    trained = train(config)
    corpus = load_corpus(config.data, 0)
    truth = corpus.targets[corpus.split.test]
    teacher, student = (
        (o.outputs[corpus.split.test].argmax(1).numpy() == truth).mean()
        for o in (trained.shared.targets.output, trained.output)
    )
    assert teacher > 0.8
    assert 0.4 < student < teacher - 0.2


class Adapted(Distiller):
    """Counts what it was given; its adapter maps the student's embedding to the teacher's."""

    name = "adapted"
    title = "adapted"

    def prepare(self, teacher, student) -> None:
        super().prepare(teacher, student)
        assert not teacher.embedding.requires_grad
        assert not student.embedding.requires_grad
        self.adapter = torch.nn.Linear(student.embedding.shape[1], teacher.embedding.shape[1])
        self.first = weights(self.adapter)
        self.sizes = []

    def loss(self, teacher, student, targets):
        self.sizes.append(len(targets))
        return (self.adapter(student.embedding) - teacher.embedding).square().mean()


def train_with(distiller: Distiller, shared) -> tuple[torch.Tensor, list]:
    config = small_config()
    corpus, reports = load_corpus(config.data, 0), []
    context = stage_context(config, corpus, make_fabric(config))
    stage = train_student(context, distiller, shared)
    student = drain(stage, lambda r: reports.append((r.batch, r.metrics)))
    return student_output(student, corpus, corpus.split.test).outputs, reports


@pytest.mark.parametrize("summed", [False, True])
def test_adapters_learn_together_with_the_student(shared, summed: bool) -> None:
    own = Adapted(DistillerSettings())
    distiller = SumOfDistillers([build_distiller("kd"), own]) if summed else own
    torch.manual_seed(0)
    train_with(distiller, shared)
    first, learnt = own.first, weights(own.adapter)
    assert not torch.allclose(first, learnt, atol=1e-3)
    torch.manual_seed(1)
    train_with(distiller, shared)
    assert torch.equal(own.first, first), "adapters follow the experiment's seed alone"
    assert torch.equal(weights(own.adapter), learnt)


def test_every_method_meets_the_same_weights_batches_and_dropout(shared) -> None:
    """With weight 0 a method leaves no trace, whatever layers and anchors it draws."""
    zero = DistillerSettings(weight=0)
    plain, plain_reports = train_with(build_distiller("none"), shared)
    random_anchors = {"pkdot": {"k": 8, "policy": "random", "weight": 0}}
    for other in (Adapted(zero), build_distiller("pkdot", random_anchors)):
        logits, reports = train_with(other, shared)
        assert torch.equal(logits, plain)
        for (one, _), (two, _) in zip(plain_reports[1:], reports[1:], strict=True):
            assert np.array_equal(one.indices, two.indices)
            assert torch.equal(one.student, two.student)


@pytest.mark.parametrize("name", available_distillers())
def test_every_method_trains_a_student(shared, name: str) -> None:
    distiller = build_distiller(name, {name: {"k": 8}} if has_setting(name, "k") else {})
    logits, reports = train_with(distiller, shared)
    assert logits.isfinite().all()
    losses = [metrics["train"]["distillation"] for _, metrics in reports[1:]]
    assert np.isfinite(losses).all()
    assert (name == "none") == (losses == [0.0] * len(losses))
    assert all(p.grad is not None for p in distiller.parameters())


def train_metrics(shared, method: str, **options) -> list[dict[str, float]]:
    distiller = build_distiller(method, options)
    _, reports = train_with(distiller, shared)
    return [metrics["train"] for _, metrics in reports[1:]]


@pytest.mark.slow
def test_train_metrics_say_which_weight_was_applied(shared) -> None:
    """PKDOT's weight is null by default: what the batch made of it must be on record."""
    by_batch = train_metrics(shared, "pkdot", pkdot={"k": 8})
    assert [metrics["weight"] for metrics in by_batch] == [30.0] * len(by_batch)
    for metrics in by_batch:
        whole = metrics["task"] + metrics["distillation"] + metrics["reconstruction"]
        assert metrics["loss"] == pytest.approx(whole, rel=1e-5)
    warm = train_metrics(shared, "kd", kd={"weight": 3.0, "warm_up": 8})
    batches = 5  # of an epoch: 80 unlabelled samples, 16 in each
    for epoch, metrics in enumerate(warm):
        updates = range(epoch * batches, (epoch + 1) * batches)
        expected = np.mean([3.0 * min(1, update / 8) for update in updates])
        assert metrics["weight"] == pytest.approx(expected)
    both = train_metrics(shared, "kd+pkdot", pkdot={"k": 8}, kd={"weight": 0.5})
    assert {name: both[0][name] for name in ("weight of kd", "weight of pkdot")} == {
        "weight of kd": 0.5,
        "weight of pkdot": 30.0,
    }
    assert "weight" not in both[0]
    assert not any("weight" in name for name in train_metrics(shared, "none")[0])


def test_a_students_weights_keep_the_names_of_earlier_records(shared) -> None:
    student = train(small_config(), shared).student
    names = set(student.state_dict())
    assert {"tnets.full.layers.0.weight", "joint.head.weight"} <= names
    assert {name.split(".")[0] for name in names} == {"encoders", "tnets", "joint"}
