"""Two clouds of different sizes, of which only some samples are known pairs."""

import numpy as np
import ot
import pytest
import torch
from torch import Tensor

import pkdot
from pkdot.errors import InputError
from pkdot.method.partners import Partners
from tests.support import problems as generators

TRUSTED = (torch.tensor([0, 3, 5]), torch.tensor([2, 4, 6]))


def clouds(teacher: int = 9, student: int = 12) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return (
        torch.randn(teacher, 6, dtype=torch.float64, generator=draw),
        torch.randn(student, 4, dtype=torch.float64, generator=draw),
    )


def by_pot(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, blur: float) -> float:
    def value(u: np.ndarray, v: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
        cost = 0.5 * ot.dist(u, v)
        plan = ot.sinkhorn(p, q, cost, blur**2, method="sinkhorn_log", stopThr=1e-10)
        entropy = np.sum(plan * np.log(np.maximum(plan, 1e-300) / np.outer(p, q)))
        return float(np.sum(plan * cost) + blur**2 * entropy)

    return value(x, y, a, b) - 0.5 * value(x, x, a, a) - 0.5 * value(y, y, b, b)


def test_rows_are_similarities_to_the_trusted_pairs() -> None:
    teacher, student = clouds()
    shown = pkdot.PKDOTLoss(blur=0.5).structure(teacher, student, anchors=TRUSTED)
    similar = [pkdot.cosine_similarity_matrix(z) for z in (teacher, student)]
    assert torch.equal(shown.teacher_rows, similar[0][:, TRUSTED[0]])
    assert torch.equal(shown.student_rows, similar[1][:, TRUSTED[1]])
    assert shown.cost.shape == shown.transport.plan.shape == (9, 12)
    assert torch.equal(shown.student_anchors, TRUSTED[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_unequal_sizes_and_masses_against_pot(weighted: bool) -> None:
    teacher, student = clouds()
    loss = pkdot.PKDOTLoss(blur=0.5, tolerance=1e-11)
    rows = loss.rows(teacher, student, TRUSTED)
    a, b = np.full(9, 1 / 9), np.full(12, 1 / 12)
    if weighted:
        a, b = np.arange(1.0, 10) / 45, np.arange(1.0, 13)[::-1].copy() / 78
    found = loss.divergence(*rows, (torch.as_tensor(a), torch.as_tensor(b)))
    expected = by_pot(rows[0].numpy(), rows[1].numpy(), a, b, 0.5)
    assert float(found) == pytest.approx(expected, rel=1e-6)
    if not weighted:
        torch.testing.assert_close(loss(teacher, student, TRUSTED), found)


@pytest.mark.parametrize("transport", ["entropic", "unbalanced", "exact"])
def test_the_order_of_what_is_no_pair_means_nothing(transport: str) -> None:
    teacher, student = clouds()
    loss = pkdot.PKDOTLoss(blur=0.5, transport=transport, identity=0.1, tolerance=1e-11)
    before = loss(teacher, student, TRUSTED)
    moved = [torch.randperm(n, generator=torch.Generator().manual_seed(n)) for n in (9, 12)]
    pairs = tuple(torch.argsort(order)[own] for order, own in zip(moved, TRUSTED, strict=True))
    after = loss(teacher[moved[0]], student[moved[1]], pairs)
    assert float(before) == pytest.approx(float(after), rel=1e-8)
    # but who is whose partner does mean something
    strangers = (TRUSTED[0], TRUSTED[1].roll(1))
    assert float(loss(teacher, student, strangers)) != pytest.approx(float(before), rel=1e-3)


@pytest.mark.parametrize("transport", ["entropic", "unbalanced", "exact"])
@pytest.mark.parametrize("identity", [0.0, 0.2])
def test_pairs_that_the_policy_would_choose_give_the_ordinary_loss(
    transport: str, identity: float
) -> None:
    teacher, student, _ = generators.embeddings(14, 0, width=6)
    loss = pkdot.PKDOTLoss(
        4, 0.5, transport=transport, identity=identity, tolerance=1e-11, penalty=0.7
    )
    ordinary = loss(teacher, student)
    anchors = loss.structure(teacher, student).anchors
    assert torch.equal(loss(teacher, student, anchors), ordinary)
    if not identity:
        assert torch.equal(loss(teacher, student, (anchors, anchors)), ordinary)
    # all samples known as pairs, each at the same price: identity by another way
    every = torch.arange(14)
    rows = loss.rows(teacher, student)
    priced = loss.divergence(*rows, partners=Partners(every, every, identity))
    assert float(priced) == pytest.approx(float(ordinary), rel=1e-7)


def test_a_dear_pair_stays_together_and_a_cheap_one_may_part() -> None:
    """Two points whose rows are exchanged: parting pays unless its price is above the distance."""
    x = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)
    y = x[[1, 0, 2]]
    loss = pkdot.PKDOTLoss(blur=0.05)
    every = torch.arange(3)
    costs = []
    for prices in ([0.0, 0.0, 0.0], [0.2, 0.2, 9.0], [9.0, 9.0, 0.0]):
        partners = Partners(every, every, torch.tensor(prices, dtype=torch.float64))
        costs.append(float(loss.divergence(x, y, partners=partners)))
    # parted for nothing; at twice the mean price 0.2 over three points; kept at half the distance
    assert costs == pytest.approx([0.0, 2 * 0.2 / 3, 2 * 0.5 / 3], abs=1e-6)


def test_gradient_of_two_clouds_agrees_with_finite_differences() -> None:
    teacher, student = clouds(5, 7)
    loss = pkdot.PKDOTLoss(blur=0.5, identity=0.1, tolerance=1e-12)
    pairs = (torch.tensor([0, 3]), torch.tensor([6, 1]))
    student.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(teacher, z, pairs), (student,))


def test_several_batches_share_their_pairs() -> None:
    draw = torch.Generator().manual_seed(1)
    teacher = torch.randn(3, 9, 5, dtype=torch.float64, generator=draw)
    student = torch.randn(3, 12, 4, dtype=torch.float64, generator=draw)
    loss = pkdot.PKDOTLoss(blur=0.4, identity=0.2, shift="minimum", tolerance=1e-12)
    each = [loss(*pair, TRUSTED) for pair in zip(teacher, student, strict=True)]
    torch.testing.assert_close(
        loss(teacher, student, TRUSTED), torch.stack(each), rtol=1e-8, atol=0
    )


def test_unbalanced_clouds_may_differ_in_mass() -> None:
    """Zero between equal measures, positive between a measure and twice itself."""
    rows, _ = generators.method_rows(9, 4)
    loss = pkdot.PKDOTLoss(blur=0.5, transport="unbalanced", penalty=1.0, tolerance=1e-11)
    one = torch.full((9,), 1 / 9, dtype=torch.float64)
    assert float(loss.divergence(rows, rows, (one, one.clone()))) == pytest.approx(0, abs=1e-10)
    assert float(loss.divergence(rows, rows, (one, 2 * one))) > 1e-2
    # One point a cloud at one place: ½ (ε + 2ρ) (mᵏ − nᵏ)², with k = (ε + ρ) / (ε + 2ρ).
    point = torch.zeros(1, 3, dtype=torch.float64)
    masses = tuple(torch.tensor([m], dtype=torch.float64) for m in (1.0, 4.0))
    power = (0.25 + 1) / (0.25 + 2)
    expected = 0.5 * (0.25 + 2) * (4.0**power - 1) ** 2
    for pair in (masses, masses[::-1]):
        assert float(loss.divergence(point, point, pair)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("anchors", "message"),
    [
        ((torch.tensor([0]), torch.tensor([12])), r"student's indices.*0\.\.11"),
        ((torch.tensor([-1]), torch.tensor([1])), r"teacher's indices.*0\.\.8"),
        ((torch.tensor([0, 1]), torch.tensor([1])), r"\(2,\) and \(1,\)"),
        ((torch.tensor([], dtype=torch.long),) * 2, "n >= 1"),
        (torch.tensor([0, 1]), "same samples, not 9 and 12"),
        (([0], [1]), "must be a tensor"),
        ((torch.tensor([0.5]), torch.tensor([1])), "whole numbers"),
        ((torch.tensor([0]),) * 3, "one tensor of indices for each"),
        (None, "anchors="),
    ],
)
def test_pairs_that_are_none_are_refused_in_one_sentence(anchors, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        pkdot.PKDOTLoss()(*clouds(), anchors)
    assert "\n" not in str(caught.value)
