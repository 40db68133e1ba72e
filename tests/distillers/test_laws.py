"""What holds for every method that the registry finds, today's and tomorrow's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pkdot.distillers import Distiller, available_distillers, build_distiller
from pkdot.errors import InputError
from pkdot.networks import NetworkOutput
from pkdot.training.state_tree import packed_tree, unpacked_tree
from tests.support.network_outputs import has_setting, learning, output, pair, ready

METHODS = tuple(available_distillers())
LEARNING = tuple(name for name in METHODS if name != "none")
ESTIMATES = {"gromov", "kd_doubt", "kd_small_loss", "self_labels", "transported_labels"}
"""Methods that take as a constant what they compute from the student: not the value's derivative.

Their gradient has tests of its own, with the estimate held fixed. That of ``gromov`` is the value's
derivative, along one direction: each evaluation is three searches.
"""


def at(output: NetworkOutput, order: torch.Tensor) -> NetworkOutput:
    return output.map(lambda x: x[order])


def leaves(output: NetworkOutput) -> dict[str, list[torch.Tensor]]:
    return {
        "outputs": [output.outputs],
        "embedding": [output.embedding],
        "features": list(output.features.values()),
    }


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), size=st.integers(5, 14))
def test_the_order_of_the_batch_means_nothing(name: str, seed: int, size: int) -> None:
    teacher, student, labels = pair(size, seed)
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed))
    method = ready(name)
    one = float(method.loss(teacher, student, labels).detach())
    two = float(method.loss(at(teacher, order), at(student, order), labels[order]).detach())
    assert one == pytest.approx(two, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", LEARNING)
def test_gradient_reaches_the_student_and_the_adapters_alone(name: str) -> None:
    teacher, student, labels = pair()
    teacher, student = learning(teacher), learning(student)
    method = ready(name)
    method(teacher, student, labels).backward()
    assert all(x.grad is None for found in leaves(teacher).values() for x in found)
    moved = {
        part for part, found in leaves(student).items() if any(x.grad is not None for x in found)
    }
    assert moved
    assert moved <= set(method.reads)
    for found in leaves(student).values():
        assert all(
            x.grad is None or ((x.grad != 0).any() and x.grad.isfinite().all()) for x in found
        )
    for parameter in method.parameters():
        assert parameter.grad is not None
        assert (parameter.grad != 0).any()


@pytest.mark.parametrize("name", [*LEARNING, "kd+pkdot+crd"])
def test_a_method_goes_on_from_its_state(name: str) -> None:
    """Adapters, warm-up and draws of one's own: all that a resumed training needs."""

    def fresh(seed: int) -> Distiller:
        own = {"warm_up": 9}
        options = {
            part: own | ({"policy": "random", "k": 3} if has_setting(part, "policy") else {})
            for part in name.split("+")
        }
        method = build_distiller(name, options)
        torch.manual_seed(seed)
        method.prepare(output("teacher", 2), output("student", 2))
        return method.double()

    teacher, student, labels = pair()
    one, two = fresh(3), fresh(4)
    for _ in range(4):
        one(teacher, student, labels)
    tensors, form = packed_tree(one.get_state())
    two.set_state(unpacked_tree(tensors, form))
    for _ in range(3):
        assert torch.equal(one(teacher, student, labels), two(teacher, student, labels))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_depends_on_what_it_says_it_reads(name: str) -> None:
    teacher, student, labels = pair()
    other_teacher, other_student, other_labels = pair(seed=1)
    other_labels = other_labels.roll(1)  # other samples lack one
    method = ready(name)
    before = method.loss(teacher, student, labels)
    for part in ("outputs", "embedding", "features"):
        changed = [
            o._replace(**{part: getattr(other, part)})
            for o, other in ((teacher, other_teacher), (student, other_student))
        ]
        assert (method.loss(*changed, labels) != before) == (part in method.reads), part
    assert (method.loss(teacher, student, other_labels) != before) == ("targets" in method.reads)


@pytest.mark.parametrize("name", METHODS)
def test_labels_may_all_be_absent(name: str) -> None:
    teacher, student, labels = pair()
    loss = ready(name).loss(teacher, learning(student), torch.full_like(labels, -1))
    assert loss.isfinite()
    assert loss.shape == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*LEARNING} - ESTIMATES))
def test_gradient_agrees_with_finite_differences(name: str) -> None:
    teacher, student, labels = pair(size=6)
    tight = {"blur": 0.5, "tolerance": 1e-12} if has_setting(name, "blur") else {}
    method = ready(name, **tight)

    def loss(logits: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        # Zero times both inputs: gradcheck wants each to matter, and no method reads all.
        own = method.loss(teacher, NetworkOutput(logits, z, student.features), labels)
        return own + 0 * (logits.sum() + z.sum())

    inputs = learning(student)
    assert torch.autograd.gradcheck(loss, (inputs.outputs, inputs.embedding), atol=1e-6)


@pytest.mark.parametrize("network", ["teacher", "student", "both"])
@pytest.mark.parametrize("name", METHODS)
def test_zero_and_repeated_rows_give_finite_numbers(name: str, network: str) -> None:
    teacher, student, labels = pair()
    spoilt = {"teacher": [teacher], "student": [student], "both": [teacher, student]}[network]
    for spoil in spoilt:
        for part in (spoil.embedding, spoil.outputs, *spoil.features.values()):
            part[2:4] = 0.0
            part[5] = part[6]
    student = learning(student)
    method = ready(name)
    loss = method(teacher, student, labels)
    assert loss.isfinite()
    if loss.requires_grad:
        loss.backward()
        gradients = [x.grad for found in leaves(student).values() for x in found]
        assert all(g.isfinite().all() for g in gradients if g is not None)


@pytest.mark.parametrize("name", METHODS)
def test_all_embeddings_equal_give_finite_numbers(name: str) -> None:
    """The output of a collapsed network."""
    teacher, student, labels = pair()
    student.embedding[:] = 1.0
    student = learning(student)
    loss = ready(name)(teacher, student, labels)
    assert loss.isfinite()
    if student.embedding.requires_grad and loss.requires_grad:
        loss.backward()
        assert student.embedding.grad is None or student.embedding.grad.isfinite().all()


@pytest.mark.parametrize("name", METHODS)
def test_two_samples_work_or_are_refused_in_one_sentence(name: str) -> None:
    teacher, student, labels = pair(size=2)
    student = learning(student)
    method = build_distiller(name)
    method.prepare(teacher, student)
    method = method.double()
    if method.settings.anchors_in_batch() >= 2:
        with pytest.raises(InputError, match=r"anchors .* batch of 2 samples") as caught:
            method(teacher, student, labels)
        assert "\n" not in str(caught.value)
        method = ready(name, k=1)
    loss = method(teacher, student, labels)
    assert loss.isfinite()
    if loss.requires_grad:
        loss.backward()
        gradients = [x.grad for found in leaves(student).values() for x in found]
        assert all(g.isfinite().all() for g in gradients if g is not None)


@pytest.mark.parametrize("name", METHODS)
def test_single_precision_gives_the_same_number(name: str) -> None:
    teacher, student, labels = pair()

    method = ready(name)
    exact = float(method.loss(teacher, student, labels).detach())
    single = [output.map(torch.Tensor.float) for output in (teacher, student)]
    found = method.float().loss(*single, labels)
    assert found.dtype == torch.float32
    assert float(found.detach()) == pytest.approx(exact, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    "name", sorted({"kd+fitnets", "crd+pkdot", *(f"kd+{n}" for n in METHODS if n != "kd")})
)
def test_sums_of_two_keep_their_adapters(name: str) -> None:
    teacher, student, labels = pair()
    first, second = name.split("+")
    options = {n: {"k": 3} for n in (first, second) if hasattr(ready(n).settings, "k")}
    both = build_distiller(name, options)
    both.prepare(output("teacher", 2), output("student", 2))
    parts = list(both.double().parts)
    loss = both(teacher, learning(student), labels)
    apart = sum(part(teacher, student, labels) for part in parts)
    assert float(loss.detach()) == pytest.approx(float(apart.detach()))
    loss.backward()
    expected = sum(1 for n in (first, second) for _ in ready(n).parameters())
    assert sum(p.grad is not None for p in both.parameters()) == expected
