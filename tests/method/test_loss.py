"""The loss: what it composes, where its gradient goes, and what it refuses."""

import pytest
import torch

import pkdot
from pkdot.errors import InputError
from tests.support import problems as generators


def batch(size=40, seed=0, width=16):
    teacher, student, _ = generators.embeddings(size, seed, width=width)
    return teacher, student.requires_grad_(True)


@pytest.mark.parametrize("policy", ["shared", "per_sample", "farthest", "all"])
def test_loss_is_the_divergence_of_the_rows(policy):
    teacher, student = batch()
    loss = pkdot.PKDOTLoss(k=7, policy=policy)(teacher, student)
    similarity = pkdot.cosine_similarity_matrix(teacher)
    anchors = pkdot.select_anchors(similarity, 7, policy)
    expected = pkdot.sinkhorn_divergence(
        pkdot.gather_anchor_rows(similarity, anchors),
        pkdot.gather_anchor_rows(pkdot.cosine_similarity_matrix(student), anchors),
    )
    torch.testing.assert_close(loss, expected)
    assert loss.shape == ()


def test_gradient_reaches_the_student_only():
    teacher, student = batch()
    teacher.requires_grad_(True)
    pkdot.PKDOTLoss(k=7)(teacher, student).backward()
    assert teacher.grad is None
    assert torch.isfinite(student.grad).all()
    assert student.grad.norm() > 0


def test_gradient_agrees_with_finite_differences():
    teacher, student = batch(size=8, width=4)
    loss = pkdot.PKDOTLoss(k=3, blur=0.4, tolerance=1e-12)
    assert torch.autograd.gradcheck(lambda z: loss(teacher, z), (student,))


def test_a_step_along_the_gradient_lowers_the_loss():
    teacher, student = batch()
    loss = pkdot.PKDOTLoss(k=7)
    before = loss(teacher, student)
    (gradient,) = torch.autograd.grad(before, student)
    after = loss(teacher, student.detach() - 1e-2 * gradient)
    assert float(after.detach()) < float(before.detach())


@pytest.mark.slow
def test_equal_structure_costs_nothing_whatever_the_width():
    teacher, _ = batch()
    turn, _ = torch.linalg.qr(torch.randn(16, 16, dtype=torch.float64))
    student = torch.cat([3.0 * teacher @ turn, torch.zeros(40, 5, dtype=torch.float64)], dim=1)
    assert abs(float(pkdot.PKDOTLoss(k=7)(teacher, student))) < 1e-9


def test_loss_is_blind_to_identity():
    """Shared anchors: which student row belongs to which sample makes no difference."""
    teacher, _ = batch()
    similarity = pkdot.cosine_similarity_matrix(teacher)
    rows = pkdot.gather_anchor_rows(similarity, pkdot.select_anchors(similarity, 7))
    shuffled = rows[torch.randperm(40, generator=torch.Generator().manual_seed(0))]
    assert abs(float(pkdot.sinkhorn_divergence(rows, shuffled))) < 1e-9


def test_structure_shows_every_step():
    teacher, student = batch()
    loss = pkdot.PKDOTLoss(k=7)
    shown = loss.structure(teacher, student)
    assert shown.teacher_similarity.shape == shown.student_similarity.shape == (40, 40)
    assert shown.anchors.shape == (7,)
    assert shown.teacher_rows.shape == shown.student_rows.shape == (40, 7)
    assert shown.cost.shape == shown.transport.plan.shape == (40, 40)
    torch.testing.assert_close(shown.transport.plan.sum(1), torch.full_like(student[:, 0], 1 / 40))
    assert not shown.divergence.requires_grad
    torch.testing.assert_close(shown.divergence, loss(teacher, student).detach())
    between = shown.teacher_rows[3] - shown.student_rows[5]
    torch.testing.assert_close(shown.cost[3, 5], 0.5 * between.square().sum())


def test_autocast_outside_changes_nothing():
    teacher, student = (z.detach().float() for z in batch())
    plain = pkdot.PKDOTLoss(k=7)(teacher, student)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(pkdot.PKDOTLoss(k=7)(teacher, student), plain)
    half = pkdot.PKDOTLoss(k=7)(teacher.bfloat16(), student.bfloat16())
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, plain, rtol=0.05, atol=1e-3)


def test_zero_embeddings_give_a_finite_loss_and_gradient():
    teacher, student = batch()
    spoilt = student.detach().clone()
    spoilt[4] = 0
    spoilt.requires_grad_(True)
    loss = pkdot.PKDOTLoss(k=7)(teacher, spoilt)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(spoilt.grad).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, s: (t[:7], s[:7]), "k = 7"),
        (lambda t, s: (t, s[:30]), "same samples"),
        (lambda t, s: (t * torch.nan, s), "teacher's embeddings contain NaN"),
        (lambda t, s: (t, s / 0), "student's embeddings contain NaN"),
        (lambda t, s: (t[0], s), "shape"),
        (lambda t, s: (t.numpy(), s), "teacher's embeddings must be a tensor.*give a torch tensor"),
        (lambda t, s: (t, s.tolist()), "student's embeddings must be a tensor, not list"),
    ],
)
def test_refuses_a_batch_it_cannot_use(change, message):
    with pytest.raises(InputError, match=message) as caught:
        pkdot.PKDOTLoss(k=7)(*change(*(z.detach() for z in batch())))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"k": 0},
        {"k": 2.5},
        {"k": None},
        {"k": "3"},
        {"k": True},
        {"policy": "best"},
        {"blur": 0.0},
        {"blur": "0.1"},
        {"blur": None},
        {"penalty": "1"},
        {"identity": -1},
        {"identity": "0"},
        {"identity": float("nan")},
        {"tolerance": 0.0},
        {"tolerance": float("nan")},
        {"max_iterations": 0},
        {"max_iterations": 2.5},
    ],
)
def test_refuses_settings_it_cannot_use(options):
    with pytest.raises(InputError, match=next(iter(options))) as caught:
        pkdot.PKDOTLoss(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda z: pkdot.sinkhorn_divergence(z, z, blur="0.1"),
        lambda z: pkdot.sinkhorn_divergence(z, z, identity=-1),
        lambda z: pkdot.sinkhorn_divergence(z, z, identity=None),
        lambda z: pkdot.sinkhorn(z, epsilon="0.1"),
        lambda z: pkdot.select_anchors(z, None),
        lambda z: pkdot.select_anchors(z, "2"),
        lambda z: pkdot.select_anchors(z, float("inf")),
    ],
)
def test_functions_refuse_what_is_no_number(call):
    with pytest.raises(InputError) as caught:
        call(torch.eye(4))
    assert "\n" not in str(caught.value)


def test_random_anchors_follow_the_generator():
    teacher, student = batch()

    def run():
        generator = torch.Generator().manual_seed(5)
        loss = pkdot.PKDOTLoss(k=7, policy="random", generator=generator)
        return float(loss(teacher, student.detach()))

    assert run() == run()


@pytest.mark.parametrize("transport", ["entropic", "unbalanced", "exact"])
def test_a_sample_of_double_weight_counts_like_two(transport):
    teacher, student = generators.method_rows(9, 4)
    loss = pkdot.PKDOTLoss(blur=0.3, transport=transport, tolerance=1e-11, max_iterations=100_000)
    twice = torch.tensor([0, *range(9)])
    weights = torch.ones(9, dtype=torch.float64)
    weights[0] = 2
    found = loss.divergence(teacher, student, weights / 10)
    torch.testing.assert_close(found, loss.divergence(teacher[twice], student[twice]))
    assert abs(float(found - loss.divergence(teacher, student))) > 1e-5


@pytest.mark.parametrize("transport", ["entropic", "unbalanced", "exact"])
def test_the_shown_plan_moves_the_masses_that_the_divergence_weighs(transport):
    teacher, student = (z.detach() for z in batch(size=12))
    loss = pkdot.PKDOTLoss(k=4, blur=0.5, transport=transport, penalty=100.0, tolerance=1e-9)
    masses = torch.arange(1.0, 13.0, dtype=torch.float64)
    masses = masses / masses.sum()
    shown = loss.structure(teacher, student, masses)
    # Unbalanced transport meets its masses only as far as its penalty asks for.
    close = {"rtol": 0, "atol": 1e-2 if transport == "unbalanced" else 1e-8}
    torch.testing.assert_close(shown.transport.plan.sum(1), masses, **close)
    torch.testing.assert_close(shown.transport.plan.sum(0), masses, **close)
    rows = loss.rows(teacher, student)
    torch.testing.assert_close(shown.divergence, loss.divergence(*rows, masses))
    uniform = loss.structure(teacher, student)
    assert not torch.allclose(shown.divergence, uniform.divergence, rtol=1e-3)


def test_the_entropic_plan_is_that_of_sinkhorn_with_the_same_masses():
    teacher, student = (z.detach() for z in batch(size=12))
    loss = pkdot.PKDOTLoss(k=4, blur=0.5)
    masses = torch.arange(1.0, 13.0, dtype=torch.float64)
    masses = masses / masses.sum()
    shown = loss.structure(teacher, student, masses)
    expected = pkdot.sinkhorn(shown.cost, masses, masses, epsilon=0.25)
    assert torch.equal(shown.transport.plan, expected.plan)


@pytest.mark.parametrize("policy", ["shared", "per_sample", "farthest", "most_similar", "all"])
@pytest.mark.parametrize("shift", [None, "minimum"])
def test_several_batches_at_once_are_each_by_itself(policy, shift):
    generator = torch.Generator().manual_seed(0)
    teacher, student = (
        torch.randn(2, 3, 12, width, dtype=torch.float64, generator=generator) for width in (5, 4)
    )
    loss = pkdot.PKDOTLoss(4, policy=policy, shift=shift, tolerance=1e-12)
    together, apart = student.clone().requires_grad_(), student.clone().requires_grad_()
    found = loss(teacher, together)
    each = [loss(*pair) for pair in zip(teacher.flatten(0, 1), apart.flatten(0, 1), strict=True)]
    torch.testing.assert_close(found.flatten(), torch.stack(each), rtol=1e-9, atol=1e-11)
    found.square().sum().backward()
    torch.stack(each).square().sum().backward()
    torch.testing.assert_close(together.grad, apart.grad, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("options", [{"transport": "unbalanced"}, {"relative": True}])
def test_what_takes_one_batch_refuses_several(options):
    z = torch.randn(2, 8, 3)
    with pytest.raises(InputError, match="one batch at a time"):
        pkdot.PKDOTLoss(4, **options)(z, z)
    with pytest.raises(InputError, match="one batch"):
        pkdot.PKDOTLoss(4).structure(z, z)
