"""Transport against independent referees, exact answers, and its own error messages."""

import warnings

import ot
import pytest
import torch
from geomloss import SamplesLoss
from torch.autograd import gradcheck

import pkdot
from pkdot.errors import ConvergenceWarning, InputError
from pkdot.method.transport.costs import squared_cost
from tests.support import problems as generators


def reference(cost, epsilon, a=None, b=None):
    """POT's log-domain solver in float64, run until its marginal error is below 1e-10."""
    n, m = cost.shape
    a = torch.full((n,), 1 / n, dtype=torch.float64) if a is None else a
    b = torch.full((m,), 1 / m, dtype=torch.float64) if b is None else b
    plan, _log = ot.bregman.sinkhorn_log(
        a.numpy(), b.numpy(), cost.numpy(), epsilon, numItermax=1_000_000, stopThr=1e-11, log=True
    )
    plan = torch.from_numpy(plan)
    assert (plan.sum(1) - a).abs().sum() < 1e-10
    assert (plan.sum(0) - b).abs().sum() < 1e-10
    return plan


def value_of(plan, cost, epsilon, a=None, b=None):
    """⟨P, C⟩ + epsilon · KL(P ‖ a bᵀ), straight from its definition."""
    n, m = cost.shape
    a = torch.full((n,), 1 / n, dtype=torch.float64) if a is None else a
    b = torch.full((m,), 1 / m, dtype=torch.float64) if b is None else b
    ratio = plan / (a[:, None] * b[None, :])
    return (plan * cost).sum() + epsilon * torch.special.xlogy(plan, ratio).sum()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["random", "duplicate", "nearly_equal"])
@pytest.mark.parametrize(
    ("shape", "relative"),
    [((12, 25), 0.01), ((12, 25), 0.1), ((16, 11), 1.0), ((16, 16), 0.1), ((16, 16), 1.0)],
)
def test_sinkhorn_agrees_with_a_converged_reference(kind, shape, relative):
    cost = squared_cost(*generators.clouds(kind, *shape))
    epsilon = relative * float(cost.median())
    expected = reference(cost, epsilon)
    solved = pkdot.sinkhorn(cost, epsilon=epsilon)
    assert bool(solved.converged)
    torch.testing.assert_close(solved.plan, expected, rtol=0, atol=1e-6 / shape[0])
    value = value_of(expected, cost, epsilon)
    torch.testing.assert_close(solved.value, value, rtol=1e-6, atol=1e-6 * float(cost.median()))


@pytest.mark.parametrize("kind", ["random", "duplicate", "nearly_equal"])
@pytest.mark.parametrize("relative", [0.001, 0.01])
def test_square_problems_at_small_epsilon_meet_the_conditions_that_single_out_the_optimum(
    kind, relative
):
    """There the referee needs millions of iterations; Gibbs form and marginals are proof enough."""
    cost = squared_cost(*generators.clouds(kind, 20, 20))
    epsilon = relative * float(cost.median())
    solved = pkdot.sinkhorn(cost, epsilon=epsilon, tolerance=1e-10)
    assert bool(solved.converged)
    exponent = (solved.f[:, None] + solved.g[None, :] - cost) / epsilon
    torch.testing.assert_close(solved.plan, exponent.exp() / 400, rtol=1e-6, atol=1e-12)
    assert (solved.plan.sum(1) - 1 / 20).abs().sum() < 1e-9
    assert (solved.plan.sum(0) - 1 / 20).abs().sum() < 1e-9


def test_weights_and_rectangles_agree_with_a_converged_reference():
    x, y = generators.clouds("random", 15, 9)
    cost = squared_cost(x, y)
    a, b = torch.rand(15, dtype=torch.float64) + 0.01, torch.rand(9, dtype=torch.float64) + 0.01
    a, b = a / a.sum(), b / b.sum()
    solved = pkdot.sinkhorn(cost, a, b, epsilon=0.3)
    torch.testing.assert_close(solved.plan, reference(cost, 0.3, a, b), rtol=0, atol=1e-8)
    value = value_of(solved.plan, cost, 0.3, a, b)
    torch.testing.assert_close(solved.value, value, rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    "problem",
    [
        generators.two_points(1.0, 0.3),
        generators.two_points(5.0, 2.0),
        generators.gaussians(0.0, 1.0, 0.5, 2.0, 0.7),
        generators.gaussians(-1.0, 0.3, 2.0, 0.5, 0.1),
    ],
)
def test_closed_forms(problem):
    solved = pkdot.sinkhorn(problem.cost, problem.a, problem.b, epsilon=problem.epsilon)
    assert float(solved.value) == pytest.approx(problem.value, rel=1e-6, abs=1e-9)
    if problem.plan is not None:
        torch.testing.assert_close(solved.plan, problem.plan, rtol=0, atol=1e-9)


def test_plan_is_the_gibbs_form_of_its_potentials():
    x, y = generators.clouds("random", 8, 11)
    cost = squared_cost(x, y)
    solved = pkdot.sinkhorn(cost, epsilon=0.2)
    exponent = (solved.f[:, None] + solved.g[None, :] - cost) / 0.2
    torch.testing.assert_close(solved.plan, exponent.exp() / 88)


def test_batch_equals_one_by_one():
    cost = torch.rand(2, 3, 7, 5, dtype=torch.float64)
    together = pkdot.sinkhorn(cost, epsilon=0.1)
    assert together.plan.shape == (2, 3, 7, 5)
    assert together.f.shape == (2, 3, 7)
    assert together.g.shape == (2, 3, 5)
    assert together.value.shape == together.converged.shape == together.marginal_error.shape
    alone = pkdot.sinkhorn(cost[1, 2], epsilon=0.1)
    torch.testing.assert_close(together.plan[1, 2], alone.plan, rtol=0, atol=1e-9)
    torch.testing.assert_close(together.value[1, 2], alone.value, rtol=1e-8, atol=0)


@pytest.mark.parametrize("blur", [0.1, 0.5])
@pytest.mark.parametrize("size", [24, pytest.param(64, marks=pytest.mark.full)])
def test_divergence_agrees_with_geomloss(blur, size):
    x, y = generators.method_rows(size, 10)
    y.requires_grad_(True)
    peer = SamplesLoss("sinkhorn", p=2, blur=blur, scaling=0.999, backend="tensorized")(x, y)
    ours = pkdot.sinkhorn_divergence(x, y, blur=blur)
    torch.testing.assert_close(ours, peer, rtol=1e-5, atol=1e-8)
    (peer_gradient,) = torch.autograd.grad(peer, y)
    (gradient,) = torch.autograd.grad(ours, y)
    # looser: the peer's gradient is that of its last, extrapolated step
    assert (gradient - peer_gradient).norm() < 1e-2 * gradient.norm()


@pytest.mark.slow
def test_gradients_agree_with_finite_differences():
    g = torch.Generator().manual_seed(3)
    cost = torch.rand(2, 5, 4, generator=g, dtype=torch.float64, requires_grad=True)
    logits = torch.randn(5, generator=g, dtype=torch.float64, requires_grad=True)
    others = torch.randn(4, generator=g, dtype=torch.float64, requires_grad=True)

    def value(cost, logits, others):
        a, b = logits.softmax(-1), others.softmax(-1)
        return pkdot.sinkhorn(cost, a, b, epsilon=0.2, tolerance=1e-12).value

    assert gradcheck(value, (cost, logits, others))

    x = torch.randn(2, 6, 3, generator=g, dtype=torch.float64, requires_grad=True)
    y = torch.randn(2, 4, 3, generator=g, dtype=torch.float64, requires_grad=True)

    def divergence(x, y):
        return pkdot.sinkhorn_divergence(x, y, blur=0.5, tolerance=1e-12)

    assert gradcheck(divergence, (x, y))


def test_blind_to_identity():
    rows, _ = generators.method_rows(128, 30)
    order = torch.randperm(128, generator=torch.Generator().manual_seed(1))
    shuffled = rows[order]
    assert (rows - shuffled).square().mean() > 0.01
    assert abs(float(pkdot.sinkhorn_divergence(rows, shuffled))) < 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cost": torch.tensor([[0.0, torch.nan]])}, "NaN or infinity"),
        ({"cost": torch.tensor([[0.0, torch.inf]])}, "NaN or infinity"),
        ({"cost": torch.ones(3)}, "shape"),
        ({"cost": torch.ones(2, 2, dtype=torch.int64)}, "floating"),
        ({"epsilon": 0.0}, "epsilon"),
        ({"epsilon": -1.0}, "epsilon"),
        ({"epsilon": float("nan")}, "epsilon"),
        ({"a": torch.tensor([0.5, 0.6])}, "same total mass"),
        ({"a": torch.tensor([-0.5, 1.5])}, "not negative"),
        ({"a": torch.zeros(2), "b": torch.zeros(3)}, "positive mass"),
        ({"a": torch.ones(3)}, "shape"),
        ({"b": torch.tensor(1.0)}, "shape"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"epsilon": 1e-42}, "epsilon is out of range"),
        ({"epsilon": 1e-300}, "epsilon is out of range"),
        ({"epsilon": 1e200}, "epsilon is out of range"),
        ({"epsilon": 1e-42, "relative": True}, "epsilon is out of range"),
        ({"epsilon": "much"}, "above 0, not 'much'"),
        ({"max_iterations": float("nan")}, "max_iterations"),
        ({"cost": torch.full((2, 3), 1e38)}, "overflow torch.float32"),
        ({"cost": torch.rand(0, 2, 3)}, "without an empty axis"),
        ({"cost": [[1.0, 2.0]]}, "give a torch tensor"),
        ({"cost": torch.ones(2, 3).numpy()}, "give a torch tensor"),
        ({"a": [0.5, 0.5]}, "give a torch tensor"),
    ],
)
def test_refuses_what_it_cannot_solve(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        pkdot.sinkhorn(**{"cost": torch.ones(2, 3), "epsilon": 0.1, **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (torch.ones(3, 2), torch.ones(3, 4), {}, "same"),
        (torch.ones(2, 3, 2), torch.ones(3, 2), {}, "same"),
        (torch.full((3, 2), torch.nan), torch.ones(3, 2), {}, "NaN"),
        (torch.ones(3, 2), torch.full((3, 2), torch.inf), {}, "NaN or infinity"),
        (torch.ones(3, 2), torch.ones(3, 2), {"blur": 0.0}, "blur"),
        (torch.ones(3, 2), torch.ones(3, 2), {"a": torch.ones(3)}, "same total mass"),
        (torch.ones(3, 2), torch.ones(3, 2), {"blur": 1e-200}, "blur is out of range"),
        (torch.ones(3, 2), torch.ones(3, 2), {"blur": 1e-25}, "blur is out of range"),
        (torch.ones(3, 2), torch.ones(3, 2), {"blur": 1e200}, "blur is out of range"),
        (torch.full((3, 2), 1e30), torch.ones(3, 2), {}, "overflow torch.float32"),
        (torch.full((3, 2), 1e30), torch.ones(3, 2), {"relative": True}, "overflow"),
        (torch.rand(0, 3, 2), torch.rand(0, 3, 2), {}, "shapes"),
        (torch.ones(3, 2).numpy(), torch.ones(3, 2), {}, "give a torch tensor"),
    ],
)
def test_divergence_refuses_what_it_cannot_solve(x, y, options, message):
    with pytest.raises(InputError, match=message):
        pkdot.sinkhorn_divergence(x, y, **options)


def test_not_converged_is_said_aloud():
    x, y = generators.clouds("random", 20, 20)
    with pytest.warns(ConvergenceWarning, match="marginal error of .* raise epsilon"):
        solved = pkdot.sinkhorn(squared_cost(x, y), epsilon=1e-3, max_iterations=3)
    assert not bool(solved.converged)
    assert float(solved.marginal_error) > 1e-9
    with pytest.warns(ConvergenceWarning):
        pkdot.sinkhorn_divergence(x, y, blur=0.01, max_iterations=3)


def test_autocast_outside_changes_nothing():
    x, y = (t.float() for t in generators.method_rows(32, 8))
    plain = pkdot.sinkhorn_divergence(x + 5, y + 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = pkdot.sinkhorn_divergence(x + 5, y + 5)
    assert torch.equal(plain, inside)
    assert inside.dtype == torch.float32


def test_grad_mode_is_left_alone_when_interrupted(monkeypatch, in_torch):
    from pkdot.method.transport import log_domain

    def interrupt(*_):
        raise KeyboardInterrupt

    for mode in (True, False):
        with torch.set_grad_enabled(mode), monkeypatch.context() as patch:
            patch.setattr(log_domain, "update_f", interrupt)
            with pytest.raises(KeyboardInterrupt):
                pkdot.sinkhorn(torch.ones(2, 2), epsilon=1.0)
            assert torch.is_grad_enabled() is mode


def test_points_without_mass_take_no_part():
    x, y = generators.clouds("random", 6, 5)
    cost = squared_cost(x, y)
    a = torch.tensor([0.25, 0.0, 0.25, 0.25, 0.0, 0.25], dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solved = pkdot.sinkhorn(cost, a, epsilon=0.3)
        without = pkdot.sinkhorn(cost[a > 0], epsilon=0.3)
    assert torch.isfinite(solved.f).all()
    assert (solved.plan[a == 0] == 0).all()
    torch.testing.assert_close(solved.plan[a > 0], without.plan, rtol=0, atol=1e-9)
    torch.testing.assert_close(solved.value, without.value)


def test_divergence_is_proportional_to_mass():
    x, y = generators.clouds("random", 6, 5)
    a, b = torch.full((6,), 2 / 6, dtype=x.dtype), torch.full((5,), 2 / 5, dtype=x.dtype)
    heavy = pkdot.sinkhorn_divergence(x, y, a, b, blur=0.5)
    torch.testing.assert_close(heavy, 2 * pkdot.sinkhorn_divergence(x, y, blur=0.5))


def test_what_stopped_in_time_has_converged() -> None:
    """An error that meets the tolerance before the plan is rounded meets it afterwards, too."""
    chance = torch.Generator().manual_seed(0)
    for _ in range(8):
        cost = -torch.randn(60, 10, generator=chance).log_softmax(1)
        b = torch.randn(10, generator=chance).softmax(0)
        met = float(pkdot.sinkhorn(cost, b=b, epsilon=0.1, tolerance=1e-4).marginal_error)
        solved = pkdot.sinkhorn(cost, b=b, epsilon=0.1, tolerance=met * (1 - 1e-5))
        assert bool(solved.converged), (met, float(solved.marginal_error), solved.iterations)
