"""Exact, unbalanced and identity-aware transport."""

import math

import numpy as np
import ot
import pytest
import torch

import pkdot
from pkdot.errors import InputError
from pkdot.method import transport
from tests.support import problems as generators


def test_exact_transport_is_the_limit_of_the_entropic_one():
    x, y, value = generators.sorted_line(12, seed=0)
    cost = 0.5 * (x[:, None] - y[None, :]) ** 2
    exact = transport.exact_transport(cost)
    assert bool(exact.converged)
    assert float(exact.value) == pytest.approx(value)
    assert (exact.f[:, None] + exact.g[None, :] <= cost + 1e-9).all()
    entropic = pkdot.sinkhorn(cost, epsilon=1e-3)
    assert float((entropic.plan * cost).sum()) == pytest.approx(value, rel=1e-2)


def test_exact_transport_in_batches_and_its_gradient():
    cost = torch.rand(2, 3, 4, 5, requires_grad=True)
    solved = transport.exact_transport(cost)
    assert solved.plan.shape == cost.shape
    solved.value.sum().backward()
    torch.testing.assert_close(cost.grad, solved.plan)


def test_unbalanced_transport_agrees_with_pot():
    cost = transport.squared_cost(*generators.clouds("random", 8, 6))
    a = torch.full((8,), 1 / 8, dtype=torch.float64)
    b = torch.full((6,), 1.5 / 6, dtype=torch.float64)
    ours = transport.unbalanced_transport(cost, a, b, epsilon=0.5, penalty=2.0)
    peer = ot.unbalanced.sinkhorn_unbalanced(
        a.numpy(),
        b.numpy(),
        cost.numpy(),
        0.5,
        2.0,
        reg_type="kl",
        c=np.outer(a, b),
        numItermax=10_000,
        stopThr=1e-14,
    )
    torch.testing.assert_close(ours.plan, torch.from_numpy(peer), rtol=0, atol=1e-8)

    def kl(p, q):
        return (torch.special.xlogy(p, p / q) - p + q).sum()

    plan = ours.plan
    value = (plan * cost).sum() + 0.5 * kl(plan, a[:, None] * b[None, :])
    value = value + 2.0 * (kl(plan.sum(1), a) + kl(plan.sum(0), b))
    torch.testing.assert_close(ours.value, value)


def test_unbalanced_transport_becomes_balanced_as_its_penalty_grows():
    cost = transport.squared_cost(*generators.clouds("random", 6, 6)) / 10
    loose = transport.unbalanced_transport(cost, epsilon=1.0, penalty=1e3, tolerance=1e-6)
    tight = pkdot.sinkhorn(cost, epsilon=1.0)
    torch.testing.assert_close(loose.plan, tight.plan, rtol=0, atol=1e-4)
    free = transport.unbalanced_transport(cost + 5.0, epsilon=1.0, penalty=0.1)
    assert free.plan.sum() < 0.2


def test_unbalanced_gradient_agrees_with_finite_differences():
    cost = torch.rand(2, 4, 3, dtype=torch.float64, requires_grad=True)

    def value(cost):
        return transport.unbalanced_transport(cost, epsilon=0.3, penalty=0.7, tolerance=1e-12).value

    assert torch.autograd.gradcheck(value, (cost,))


def test_identity_leads_from_blind_to_paired():
    rows, _ = generators.method_rows(24, 6)
    shuffled = rows[torch.randperm(24, generator=torch.Generator().manual_seed(1))]
    blind = pkdot.sinkhorn_divergence(rows, shuffled)
    aware = pkdot.sinkhorn_divergence(rows, shuffled, identity=0.1)
    paired = pkdot.sinkhorn_divergence(rows, shuffled, identity=100.0)
    assert abs(float(blind)) < 1e-9
    assert float(blind) < float(aware) < float(paired)
    one_to_one = 0.5 * (rows - shuffled).square().sum(-1).mean()
    torch.testing.assert_close(paired, one_to_one)
    assert abs(float(pkdot.sinkhorn_divergence(rows, rows, identity=0.1))) < 1e-9
    cost = transport.with_identity(transport.squared_cost(rows, shuffled), 100.0)
    assert transport.diagonal_mass(pkdot.sinkhorn(cost, epsilon=0.01).plan) > 0.999


def test_identity_is_a_coordinate_of_ones_own():
    x, y = generators.clouds("random", 6, 6)
    own = math.sqrt(0.4) * torch.eye(6, dtype=x.dtype)
    expected = pkdot.sinkhorn_divergence(torch.cat([x, own], 1), torch.cat([y, own], 1), blur=0.5)
    torch.testing.assert_close(pkdot.sinkhorn_divergence(x, y, blur=0.5, identity=0.4), expected)


@pytest.mark.parametrize(
    "options",
    [
        {"transport": "exact"},
        {"transport": "unbalanced", "blur": 0.3, "penalty": 0.5},
        {"identity": 0.2},
        {"relative": True},
        {"transport": "exact", "identity": 0.2},
        {"transport": "unbalanced", "relative": True, "blur": 0.3},
    ],
)
def test_the_loss_takes_each_companion(options):
    teacher, student, _ = generators.embeddings(20, width=8)
    student.requires_grad_(True)
    loss = pkdot.PKDOTLoss(k=5, **options)
    value = loss(teacher, student)
    value.backward()
    assert float(value.detach()) > 0
    assert student.grad.norm() > 0
    assert abs(float(loss(teacher, 2 * teacher))) < 1e-8
    shown = loss.structure(teacher, student.detach())
    torch.testing.assert_close(shown.divergence, value.detach())
    assert shown.transport.plan.shape == (20, 20)


@pytest.mark.parametrize(
    "call",
    [
        lambda: pkdot.PKDOTLoss(transport="magic"),
        lambda: pkdot.PKDOTLoss(penalty=0.0),
        lambda: pkdot.PKDOTLoss(identity=-1.0),
        lambda: transport.with_identity(torch.ones(2, 3), 1.0),
        lambda: transport.unbalanced_transport(torch.ones(2, 3), epsilon=0.1, penalty=-1),
        lambda: pkdot.sinkhorn_divergence(torch.ones(2, 3), torch.ones(4, 3), identity=1.0),
    ],
)
def test_refusals(call):
    with pytest.raises(InputError):
        call()
