"""The Lab's engine: two students of one seed, batch by batch, without any page."""

from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pkdot.distillers import build_distiller
from pkdot.errors import ConfigError
from pkdot.experiments.experiment import drain, surroundings
from pkdot.experiments.lab import METHODS, Lab, LabFrame, LabTeacher, train_lab_teacher
from pkdot.experiments.lab.settings import LabSettings, usual_weights
from pkdot.experiments.lab.teacher import prepare_lesson
from pkdot.method.loss import PKDOTLoss
from pkdot.training.student import train_student
from tests.support.small_config import small_config

FEW = LabSettings(n_labelled=20)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> LabTeacher:
    """Forty labels, tiny networks, three epochs."""
    config = small_config(network__teacher_sees="privileged", training__learning_rate=0.02)
    return train_lab_teacher(config=config, folder=tmp_path_factory.mktemp("teachers"))


def same(one: Any, other: Any) -> bool:
    """Whether two frames, or parts of them, hold the same to the last bit."""
    if one is None or other is None or not hasattr(one, "__dataclass_fields__"):
        return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other
    return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return [value.clone() for value in network.state_dict().values()]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_same_seed_gives_the_same_frames_whatever_else_draws(teacher: LabTeacher) -> None:
    one, other = Lab(teacher, FEW), Lab(teacher, FEW)
    assert same(one.frame, other.frame)
    first = one.step(3)
    for _ in range(3):
        torch.randn(5)
        np.random.random()  # noqa: NPY002  the global state is what must not matter
        last = other.step()
    assert first.batch == 3
    assert same(first, last)
    assert not same(first, one.step())


def test_restart_begins_anew(teacher: LabTeacher) -> None:
    lab = Lab(teacher, FEW)
    first, second = lab.frame, lab.step()
    lab.step(2)
    assert same(lab.restart(), first)
    assert first.last is None
    assert same(lab.step(), second)


@pytest.mark.slow
def test_without_weight_both_students_stay_the_same_to_the_last_bit(teacher: LabTeacher) -> None:
    for method in METHODS:
        lab = Lab(teacher, LabSettings(method=method, strength=0, n_labelled=20))
        frame = lab.step(2)
        assert equal(*map(weights, lab.students)), method
        assert frame.last is not None
        assert not frame.last.pulls.any()
        assert np.array_equal(frame.scores[:, 0], frame.scores[:, 1])
    lab.change(strength=1)
    lab.step()
    assert not equal(*map(weights, lab.students))


def test_the_taught_student_is_that_of_a_run(teacher: LabTeacher) -> None:
    config = teacher.config.changed({"training.epochs": 1, "training.patience": 1})
    lesson = prepare_lesson(teacher, FEW)
    context = replace(lesson.context, training=config.training)
    with surroundings(1):
        distiller = build_distiller(FEW.method, FEW.options())
        reports: list[Any] = []
        steps = []
        network = drain(
            train_student(context, distiller, lesson.shared),
            reports.append,
            lambda report: steps.append(weights(report.network)),
        )
    assert network is not None
    assert len(reports) == 2
    lab = Lab(teacher, FEW)
    assert equal(weights(lab.students[0]), steps[0])
    lab.step(len(lesson.context.corpus.split.unlabelled) // 16)  # half a batch of each kind
    assert equal(weights(lab.students[0]), steps[1])


def test_pulls_are_gradients_of_the_weighted_distillation(tmp_path: Path) -> None:
    config = small_config(
        network__teacher_sees="privileged", network__dropout=0.0, network__input_noise=0.0
    )
    teacher = train_lab_teacher(config=config, folder=tmp_path)
    lab = Lab(teacher, LabSettings(n_labelled=20, strength=2, k=5, blur=0.3))
    lab.step(2)
    student = deepcopy(lab.students[0]).train()
    last = lab.step().last
    assert last is not None
    samples = torch.as_tensor(last.indices)
    own = student({"coarse": teacher.corpus.batch("coarse", last.indices)}).embedding
    taught = teacher.shared.targets.output.embedding[samples]
    loss = 2 * usual_weights("pkdot")["pkdot"] * PKDOTLoss(5, 0.3, "shared")(taught, own)
    (by_hand,) = torch.autograd.grad(loss, [own])
    np.testing.assert_allclose(last.pulls, by_hand.norm(dim=1).numpy(), rtol=2e-3, atol=1e-6)
    assert last.losses["distillation"] == pytest.approx(float(loss.detach()), rel=1e-4)
    assert np.all(np.diff(last.pulls[last.most_pulled]) <= 0)


def test_a_change_counts_from_the_next_batch_on(teacher: LabTeacher) -> None:
    lab, other = Lab(teacher, FEW), Lab(teacher, FEW)
    before = lab.step(2)
    other.step(2)
    lab.change(method="kd", strength=0.5, k=4, blur=0.2)
    assert lab.frame is before
    after, unchanged = lab.step(), other.step()
    assert after.settings.method == "kd"
    assert after.last is not None
    assert unchanged.last is not None
    assert after.last.anchors.shape == (4,)
    assert not after.last.has_own_plan
    assert np.array_equal(after.last.indices, unchanged.last.indices), "batches go on"
    assert np.array_equal(after.scores[:, 1], unchanged.scores[:, 1]), "the other is left alone"
    assert not equal(weights(lab.students[0]), weights(other.students[0]))


def test_labels_and_wrong_pairs_change_the_batches(teacher: LabTeacher) -> None:
    lab = Lab(teacher, FEW)
    few = shown(lab.step(3)).is_labelled.sum()
    lab.change(n_labelled=40, wrong=1.0)
    frame = shown(lab.step())
    labelled = teacher.corpus.split.labelled
    told = frame.indices[frame.is_labelled]
    assert few == len(told) == 16, "half of a batch of 32"
    assert set(told) <= set(labelled)
    assert not set(told) <= set(labelled[:20]), "others have a label now"
    assert frame.is_wrong[~frame.is_labelled].all()
    assert not frame.is_wrong[frame.is_labelled].any()
    assert lab.frame.batch == 4
    lab.change(wrong=0.0)
    assert not shown(lab.step()).is_wrong.any()


def shown(frame: LabFrame) -> Any:
    assert frame.last is not None
    return frame.last


def test_wrong_pairs_change_what_the_teacher_sees(teacher: LabTeacher) -> None:
    right, wrong = (prepare_lesson(teacher, LabSettings(wrong=share)) for share in (0.0, 0.5))
    before, after = (lesson.shared.targets.output.outputs for lesson in (right, wrong))
    assert torch.allclose(after, before[torch.as_tensor(wrong.partners)], atol=1e-5)
    assert np.array_equal(right.partners, np.arange(len(teacher.corpus)))
    moved = wrong.partners != np.arange(len(teacher.corpus))
    assert moved.sum() == round(0.5 * len(wrong.context.corpus.split.unlabelled))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_pulls_and_shows_a_plan(teacher: LabTeacher, method: str) -> None:
    lab = Lab(teacher, LabSettings(method=method, n_labelled=20, k=6))
    last = shown(lab.step())
    size = len(last.indices)
    assert np.isfinite(last.pulls).all()
    assert (last.pulls > 0).any()
    np.testing.assert_allclose(last.plan.sum(0), 1 / size, rtol=1e-3)
    assert last.has_own_plan == ("pkdot" in method)
    assert np.all(np.diff(last.classes) >= 0)
    for similarity in (last.teacher_similarity, last.student_similarity):
        np.testing.assert_allclose(np.diag(similarity), 1, atol=1e-5)


def test_students_learn_and_maps_follow(teacher: LabTeacher) -> None:
    lab = Lab(teacher, LabSettings(method="kd", n_labelled=40))
    first = lab.frame
    last = lab.step(25)
    assert last.scores.shape == (26, 2)
    assert (last.scores[-1] > first.scores[0] + 0.1).all()
    assert np.array_equal(last.teacher_map, first.teacher_map)
    assert not np.allclose(last.student_map, first.student_map)
    assert len(last.probe) == len(last.probe_classes) == len(last.alone_map)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"k": 32}, "32 samples"), ({"method": "crd"}, "method"), ({"weight": 3}, "weight")],
)
def test_settings_that_cannot_be_are_refused_and_nothing_changes(
    teacher: LabTeacher, changes: dict[str, Any], said: str
) -> None:
    lab = Lab(teacher, FEW)
    with pytest.raises(ConfigError, match=said):
        lab.change(**changes)
    assert lab.settings == FEW
