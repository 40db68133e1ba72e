"""The shift of the released script, against its formula by hand."""

import numpy as np
import pytest
import torch

import pkdot
from pkdot.benchmarks.shift import effect, embeddings, gradient
from pkdot.errors import ConfigError, InputError
from pkdot.experiments.config import ExperimentConfig
from tests.support.transport_referee import entropic_optimum

SIZE, K, BLUR = 5, 3, 0.4


def cosines(z: np.ndarray) -> np.ndarray:
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    return unit @ unit.T


def by_hand(teacher: np.ndarray, student: np.ndarray, least: float | None) -> float:
    """The released loss: shift by the minimum, each row's own anchors, debiased transport.

    Args:
        teacher: embeddings.
        student: embeddings.
        least: what the student's matrix is shifted by; its minimum if None.
    """
    s_teacher, s_student = cosines(teacher), cosines(student)
    anchors = np.sort(np.argsort(s_teacher, axis=1, kind="stable")[:, :K], axis=1)
    s_teacher = s_teacher - s_teacher.min()
    s_student = s_student - (s_student.min() if least is None else least)
    rows = [np.take_along_axis(s, anchors, axis=1) for s in (s_teacher, s_student)]

    def transport(x: np.ndarray, y: np.ndarray) -> float:
        cost = 0.5 * ((x[:, None] - y[None]) ** 2).sum(-1)
        weights = np.full(SIZE, 1 / SIZE)
        return entropic_optimum(cost, weights, weights, BLUR**2).value

    x, y = rows
    return transport(x, y) - 0.5 * transport(x, x) - 0.5 * transport(y, y)


@pytest.mark.slow
@pytest.mark.parametrize("shift", ["minimum", "minimum_detached"])
def test_value_and_gradient_are_those_of_the_formula(shift: str) -> None:
    draw = np.random.default_rng(0)
    teacher, student = draw.normal(size=(SIZE, 4)), draw.normal(size=(SIZE, 3))
    z = torch.tensor(student, requires_grad=True)
    loss = pkdot.PKDOTLoss(K, BLUR, "per_sample", shift=shift, tolerance=1e-13)
    value = loss(torch.tensor(teacher), z)
    (found,) = torch.autograd.grad(value, z)
    # a constant stays what it was while the embeddings move
    least = None if shift == "minimum" else float(cosines(student).min())
    assert float(value.detach()) == pytest.approx(by_hand(teacher, student, least), rel=1e-9)
    expected, step = np.zeros_like(student), 1e-5
    for at in np.ndindex(student.shape):
        moved = []
        for sign in (1, -1):
            other = student.copy()
            other[at] += sign * step
            moved.append(by_hand(teacher, other, least))
        expected[at] = (moved[0] - moved[1]) / (2 * step)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("policy", ["per_sample", "shared", "all"])
def test_both_shifts_add_the_distance_of_the_minima(policy: str) -> None:
    """A translation of both clouds: half the squared distance of the shifts, k times over."""
    teacher, student = embeddings("independent", seed=1, size=12)
    plain = float(pkdot.PKDOTLoss(4, 0.3, policy)(teacher, student))
    minima = [float(pkdot.cosine_similarity_matrix(z).min()) for z in (teacher, student)]
    columns = 12 if policy == "all" else 4
    # rows are read from both matrices, so the centres of the clouds matter too
    loss = pkdot.PKDOTLoss(4, 0.3, policy)
    centres = [rows.mean(0) for rows in loss.rows(teacher, student)]
    apart = float((centres[0] - centres[1]).sum())
    moved = minima[0] - minima[1]
    expected = plain - moved * apart + 0.5 * columns * moved**2
    for shift in ("minimum", "minimum_detached"):
        found = float(pkdot.PKDOTLoss(4, 0.3, policy, shift=shift)(teacher, student))
        assert found == pytest.approx(expected, rel=1e-6)


def test_nearly_all_of_the_released_gradient_lies_on_one_pair() -> None:
    released, constant = (effect("independent", s, 2) for s in ("minimum", "minimum_detached"))
    assert released.pair > 0.98
    assert released.length > 10
    assert abs(released.cosine) < 0.1
    assert constant.pair < 0.1
    assert constant.cosine > 0.9
    assert released.value == pytest.approx(constant.value)


def test_the_teacher_gets_no_gradient_and_anchors_stay() -> None:
    teacher, student = embeddings("in classes", seed=0, size=10)
    teacher.requires_grad_(True)
    shifted, plain = (pkdot.PKDOTLoss(3, shift=s) for s in ("minimum", None))
    loss = shifted(teacher, student.requires_grad_(True))
    loss.backward()
    assert teacher.grad is None
    one, other = (loss.structure(teacher, student) for loss in (shifted, plain))
    assert torch.equal(one.anchors, other.anchors)
    assert torch.equal(one.student_similarity, other.student_similarity)
    least = other.student_similarity.min()
    torch.testing.assert_close(one.student_rows, other.student_rows - least)


def test_the_released_preset_shifts_and_no_other_does() -> None:
    shifts = {
        name: ExperimentConfig.preset(name).options.get("pkdot", {}).get("shift")
        for name in ("released", "paper", "default")
    }
    assert shifts == {"released": "minimum", "paper": None, "default": None}
    told = [
        d for d in ExperimentConfig.released_differences() if d.setting == "options.pkdot.shift"
    ]
    assert len(told) == 1
    assert "gradient" in told[0].consequence


def test_an_unknown_shift_is_refused() -> None:
    with pytest.raises(InputError, match=r"'maximum'.*minimum_detached"):
        pkdot.PKDOTLoss(shift="maximum")
    with pytest.raises(ConfigError, match="shift"):
        ExperimentConfig(method="pkdot", options={"pkdot": {"shift": "maximum"}})
    assert gradient(*embeddings("one offset", 0, 34), None)[0] > 0
