"""Every method in every precision on awkward batches: the right value, or one sentence.

With every sample as an anchor no batch is too small; fewer anchors than samples are asked for in
``test_too_few_samples_for_the_anchors``.
"""

import contextlib
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

import pkdot
from pkdot.distillers import Distiller, available_distillers
from pkdot.errors import InputError
from pkdot.networks import NetworkOutput
from tests.support.network_outputs import has_setting, learning, pair, ready

METHODS = tuple(available_distillers())
LEARNING = tuple(name for name in METHODS if name != "none")
PRECISIONS = {
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp32": torch.float32,
    "fp64": torch.float64,
    "autocast": torch.float32,
}
# Relative error of a gradient that is handed back in the type of the embedding.
GRADIENT = {"fp16": 5e-3, "bf16": 2e-2, "fp32": 2e-3, "fp64": 1e-5, "autocast": 2e-3}

Batch = tuple[NetworkOutput, NetworkOutput, Tensor]


def _each(change: Callable[[Tensor], Tensor], batch: Batch) -> Batch:
    return batch[0].map(change), batch[1].map(change), batch[2]


def _zero_row(x: Tensor) -> Tensor:
    x = x.clone()
    x[1] = 0
    return x


def _strided(x: Tensor) -> Tensor:
    wide = torch.stack([x, x + 1], dim=-1)
    return wide[..., 0]


def _of_one_class(batch: Batch) -> Batch:
    teacher, student, labels = batch
    sure = teacher.outputs.clone()
    sure[:, 1] += 30
    return teacher._replace(outputs=sure), student, torch.ones_like(labels)


SITUATIONS: dict[str, Callable[[], Batch]] = {
    "ordinary": pair,
    "zero row": lambda: _each(_zero_row, pair()),
    "all equal": lambda: _each(lambda x: x[:1].expand_as(x).clone(), pair()),
    "all zero": lambda: _each(torch.zeros_like, pair()),
    "one class": lambda: _of_one_class(pair()),
    "B = 1": lambda: pair(size=1),
    "B = 2": lambda: pair(size=2),
    "logits of 1e4": lambda: _each(lambda x: 1e4 * x / x.abs().max(), pair()),
    "non-contiguous": lambda: _each(_strided, pair()),
    "inference": pair,
}


def _in(dtype: torch.dtype, batch: Batch) -> Batch:
    return _each(lambda x: x.to(dtype) if x.is_contiguous() else _strided(x).to(dtype), batch)


def _value(method: Distiller, batch: Batch, autocast: bool) -> tuple[Tensor, list[Tensor]]:
    """The loss, and the gradients of the student's outputs and embedding."""
    teacher, student, labels = batch
    student = student.map(lambda x: x.clone().requires_grad_(True))
    within = torch.autocast("cpu", torch.bfloat16) if autocast else contextlib.nullcontext()
    with within:
        loss = method(teacher, student, labels)
    leaves = [student.outputs, student.embedding]
    if not loss.requires_grad:
        return loss, [torch.zeros_like(x) for x in leaves]
    return loss, list(torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", METHODS)
def test_the_value_is_that_of_float64(name: str, precision: str) -> None:
    dtype = PRECISIONS[precision]
    for situation, build in SITUATIONS.items():
        # what the method is given, rounded; the referee computes from the same numbers in float64
        batch = _in(dtype, build())
        exact = ready(name)
        own = ready(name)
        if precision != "fp64":
            own = own.float()
        if situation == "inference":
            with torch.inference_mode():
                batch = (batch[0].map(torch.clone), batch[1], batch[2].clone())
        found, gradients = _value(own, batch, precision == "autocast")
        wide = _each(lambda x: x.clone().double(), batch)
        expected, wanted = _value(exact, (wide[0], wide[1], batch[2].clone()), False)
        assert found.shape == ()
        found, expected = float(found.detach()), float(expected.detach())
        least = 1e-5 * own.weight(batch[2])  # what cancels leaves rounding of float32
        assert abs(found - expected) <= 2e-3 * abs(expected) + least, situation
        for one, other in zip(gradients, wanted, strict=True):
            assert one.isfinite().all(), situation
            if situation in ("ordinary", "one class", "non-contiguous", "inference"):
                apart = (one.double() - other).norm()
                assert apart <= GRADIENT[precision] * other.norm() + 1e-6, situation


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", [n for n in METHODS if has_setting(n, "policy")])
def test_too_few_samples_for_the_anchors(name: str, size: int) -> None:
    for policy in ("shared", "per_sample", "farthest", "random", "most_similar"):
        for precision, dtype in PRECISIONS.items():
            batch = _in(dtype, pair(size=size))
            method = ready(name, policy=policy).float()
            with pytest.raises(InputError, match=f"batch of {size} sample") as caught:
                _value(method, batch, precision == "autocast")
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", METHODS)
def test_a_loss_is_at_least_float32(name: str) -> None:
    for precision, dtype in PRECISIONS.items():
        loss, _ = _value(ready(name).float(), _in(dtype, pair()), precision == "autocast")
        assert loss.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@pytest.mark.parametrize("network", ["teacher", "student"])
@pytest.mark.parametrize("name", METHODS)
def test_networks_may_differ_in_precision(name: str, network: str) -> None:
    teacher, student, labels = pair()
    expected = float(ready(name)(teacher, student, labels).detach())
    half = (teacher if network == "teacher" else student).map(Tensor.bfloat16)
    given = (half, student) if network == "teacher" else (teacher, half)
    found = ready(name).float()(given[0], given[1], labels)
    assert float(found.detach()) == pytest.approx(expected, rel=0.2, abs=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("classes", [3, 5, 6, 7, 10])
@pytest.mark.parametrize("name", ["dist", "pkdot_dist", "kd", "dkd"])
def test_a_head_of_zeros_gets_a_small_gradient(name: str, classes: int, dtype: torch.dtype) -> None:
    """An untrained head makes all classes equal but for rounding, whose direction is noise."""
    teacher, student, labels = _in(dtype, pair())
    draw = torch.Generator().manual_seed(classes)
    sure = torch.randn(12, classes, generator=draw, dtype=dtype)
    logits = torch.full((12, classes), 0.1, dtype=dtype, requires_grad=True)
    method = ready(name, weight=1.0)
    outputs = teacher._replace(outputs=sure), student._replace(outputs=logits)
    loss = method(*outputs, labels.clamp_max(classes - 1))
    (gradient,) = torch.autograd.grad(loss, logits, allow_unused=True, materialize_grads=True)
    assert gradient.isfinite().all()
    assert gradient.norm() < 10


def test_embeddings_of_any_size_have_the_same_sp_and_rkd() -> None:
    teacher, student, labels = pair()
    for name in ("sp", "rkd"):
        plain = float(ready(name)(teacher, student, labels).detach())
        for size in (1e-15, 1e15):
            scaled = [o.map(lambda x: (size * x).float()) for o in (teacher, student)]  # noqa: B023
            found = ready(name).float()(*scaled, labels)
            assert float(found.detach()) == pytest.approx(plain, rel=1e-3)


def test_a_teacher_computed_in_inference_mode_serves_the_loss() -> None:
    teacher, student, _ = pair()
    z = student.embedding.requires_grad_(True)
    with torch.inference_mode():
        spoilt = teacher.embedding.clone()
    for options in ({}, {"transport": "unbalanced"}, {"transport": "exact"}, {"shift": "minimum"}):
        loss = pkdot.PKDOTLoss(k=3, blur=0.5, **options)
        (found,) = torch.autograd.grad(loss(spoilt, z), z)
        (expected,) = torch.autograd.grad(loss(teacher.embedding, z), z)
        assert torch.equal(found, expected)
    x = spoilt
    y = teacher.embedding.clone().requires_grad_(True)
    pkdot.sinkhorn_divergence(x, y, blur=0.5).backward()
    with torch.inference_mode():
        cost = torch.rand(4, 4)
    assert bool(pkdot.sinkhorn(cost, epsilon=0.1).converged)


@pytest.mark.parametrize("reentrant", [False, True])
def test_random_anchors_under_checkpointing(reentrant: bool) -> None:
    """Right with torch's generator, which a checkpoint rewinds; refused with one of one's own."""
    teacher, student, _ = pair()
    z = student.embedding.requires_grad_(True)

    def gradient(loss: pkdot.PKDOTLoss, through: bool) -> Tensor:
        torch.manual_seed(5)
        value = (
            checkpoint(loss, teacher.embedding, z, use_reentrant=reentrant)
            if through
            else loss(teacher.embedding, z)
        )
        return torch.autograd.grad(value, z)[0] if not reentrant else _backward(value, z)

    own = pkdot.PKDOTLoss(k=3, policy="random")
    torch.testing.assert_close(gradient(own, True), gradient(own, False))
    seeded = pkdot.PKDOTLoss(k=3, policy="random", generator=torch.Generator().manual_seed(1))
    with pytest.raises(InputError, match="checkpoint"):
        gradient(seeded, True)
    assert gradient(seeded, False).isfinite().all()


def _backward(value: Tensor, z: Tensor) -> Tensor:
    z.grad = None
    value.backward()
    assert z.grad is not None
    return z.grad


@pytest.mark.parametrize("name", LEARNING)
def test_functional_transforms_work_or_say_not(name: str) -> None:
    teacher, student, labels = pair()
    method = ready(name)

    def loss(logits: Tensor, z: Tensor) -> Tensor:
        own = NetworkOutput(logits, z, student.features)
        return method(teacher, own, labels)

    inputs = learning(student)
    expected = torch.autograd.grad(
        loss(inputs.outputs, inputs.embedding),
        (inputs.outputs, inputs.embedding),
        allow_unused=True,
        materialize_grads=True,
    )
    transform = torch.func.grad(loss, argnums=(0, 1))
    if has_setting(name, "max_iterations"):  # it solves a transport
        with pytest.raises(InputError, match=r"torch\.func"):
            transform(student.outputs, student.embedding)
    else:
        found = transform(student.outputs, student.embedding)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other)
    with pytest.raises(InputError, match=r"torch\.vmap"):
        torch.vmap(loss)(student.outputs.expand(2, -1, -1), student.embedding.expand(2, -1, -1))


def test_transport_says_that_it_has_no_functional_transforms() -> None:
    x = torch.rand(4, 3)
    for call in (
        lambda y: pkdot.sinkhorn_divergence(x, y),
        lambda y: pkdot.sinkhorn(y, epsilon=0.1).value,
        lambda y: pkdot.PKDOTLoss(k=2)(x, y),
    ):
        with pytest.raises(InputError, match=r"torch\.func"):
            torch.func.grad(call)(x)
        with pytest.raises(InputError, match=r"torch\.vmap"):
            torch.vmap(call)(x.expand(2, 4, 3))
