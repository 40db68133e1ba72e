import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

import pkdot
from pkdot.distillers import available_distillers, build_distiller, parse_method
from pkdot.errors import ConfigError
from pkdot.networks import NetworkOutput


def output(seed: int, size: int = 16, classes: int = 4, dim: int = 6) -> NetworkOutput:
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(size, classes, generator=draw, dtype=torch.float64)
    z = torch.randn(size, dim, generator=draw, dtype=torch.float64)
    return NetworkOutput(logits.requires_grad_(True), z.requires_grad_(True), {})


TEACHER, STUDENT = output(0), output(1)
NO_LABELS = torch.full((16,), -1)


def test_every_method_has_its_words() -> None:
    found = available_distillers()
    assert {"none", "kd", "pkdot"} <= set(found)
    for name, kind in found.items():
        assert kind.name == name
        assert kind.title
        assert kind.__doc__


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_soft_labels_by_hand(temperature: float) -> None:
    teacher = TEACHER.logits.detach().numpy() / temperature
    student = STUDENT.logits.detach().numpy() / temperature
    p = softmax(teacher, axis=1)
    kl = (p * (log_softmax(teacher, axis=1) - log_softmax(student, axis=1))).sum(1)
    method = build_distiller("kd", {"kd": {"temperature": temperature}})
    found = method.loss(TEACHER, STUDENT, NO_LABELS)
    assert found.item() == pytest.approx(temperature**2 * kl.mean(), abs=1e-12)
    assert method.loss(TEACHER, TEACHER, NO_LABELS).item() == pytest.approx(0, abs=1e-12)


def test_pkdot_is_the_promised_loss() -> None:
    options = {"k": 5, "blur": 0.3, "policy": "per_sample", "weight": 2.5}
    found = build_distiller("pkdot", {"pkdot": options})(TEACHER, STUDENT, NO_LABELS)
    loss = pkdot.PKDOTLoss(k=5, blur=0.3, policy="per_sample")
    expected = 2.5 * loss(TEACHER.embedding, STUDENT.embedding)
    assert float(found) == pytest.approx(float(expected), rel=1e-6)


def test_a_sum_adds_weighted_parts() -> None:
    options = {"kd": {"weight": 0.5}, "pkdot": {"weight": 3.0, "k": 5}}
    both = build_distiller("kd+pkdot", options)(TEACHER, STUDENT, NO_LABELS)
    apart = [
        build_distiller(name, {name: options[name]})(TEACHER, STUDENT, NO_LABELS)
        for name in ("kd", "pkdot")
    ]
    assert float(both) == pytest.approx(float(sum(apart)))
    assert float(build_distiller("none")(TEACHER, STUDENT, NO_LABELS)) == 0


@pytest.mark.parametrize("method", ["kd", "pkdot", "kd+pkdot"])
def test_gradient_reaches_the_student_alone(method: str) -> None:
    options = {"pkdot": {"k": 5}} if "pkdot" in method else {}
    teacher = NetworkOutput(TEACHER.logits.detach(), TEACHER.embedding.detach(), {})
    student = output(2)
    build_distiller(method, options)(teacher, student, NO_LABELS).backward()
    for wanted, tensor in (("kd", student.logits), ("pkdot", student.embedding)):
        assert (tensor.grad is not None) == (wanted in method.split("+"))
        if tensor.grad is not None:
            assert np.isfinite(tensor.grad.numpy()).all()
            assert (tensor.grad != 0).any()


def test_misuse_is_told_in_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"'kt'.*choose from"):
        parse_method("kt+pkdot")
    with pytest.raises(ConfigError, match="names a part twice"):
        parse_method("kd+kd")
    with pytest.raises(ConfigError, match="did you mean 'temperature'"):
        build_distiller("kd", {"kd": {"temprature": 2.0}})
    with pytest.raises(ConfigError, match=r"'blur' is -1.*greater than 0"):
        build_distiller("pkdot", {"pkdot": {"blur": -1.0}})
