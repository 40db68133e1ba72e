"""Laws that every plan and every divergence must obey, on problems drawn at random."""

import math
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import pkdot
from pkdot.errors import ConvergenceWarning
from pkdot.method.transport import squared_cost
from tests.support import problems as generators

# one profile for the file: each example solves several problems
laws = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def problems(draw):
    """Cost (n, m), weights and epsilon: from tame to near-assignment, some points without mass."""
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    g = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    kind = draw(st.sampled_from(["random", "duplicate", "uniform"]))
    if kind == "uniform":
        cost = torch.rand(n, m, generator=g, dtype=torch.float64)
    else:
        cost = squared_cost(
            *generators.clouds(kind, max(n, 4), max(m, 4), draw(st.integers(0, 99)))
        )
        cost = cost[:n, :m]
    weights = []
    for size in (n, m):
        w = torch.rand(size, generator=g, dtype=torch.float64) + 0.05
        if size > 2 and draw(st.booleans()):
            w[0] = 0.0
        weights.append(w / w.sum())
    epsilon = draw(st.sampled_from([0.02, 0.1, 1.0, 10.0]))
    return cost, weights[0], weights[1], epsilon


@laws
@given(problems())
def test_marginals_and_gibbs_form(problem):
    cost, a, b, epsilon = problem
    solved = pkdot.sinkhorn(cost, a, b, epsilon=epsilon)
    assert bool(solved.converged)
    assert (solved.plan >= 0).all()
    assert (solved.plan.sum(1) - a).abs().sum() < 1e-8
    assert (solved.plan.sum(0) - b).abs().sum() < 1e-8
    exponent = (solved.f[:, None] + solved.g[None, :] - cost) / epsilon
    gibbs = a[:, None] * b[None, :] * exponent.exp()
    torch.testing.assert_close(solved.plan, gibbs, rtol=1e-6, atol=1e-12)


@laws
@given(problems(), st.integers(0, 1000))
def test_permuting_the_points_permutes_the_plan(problem, seed):
    cost, a, b, epsilon = problem
    g = torch.Generator().manual_seed(seed)
    rows, columns = torch.randperm(len(a), generator=g), torch.randperm(len(b), generator=g)
    plan = pkdot.sinkhorn(cost, a, b, epsilon=epsilon).plan
    permuted = pkdot.sinkhorn(cost[rows][:, columns], a[rows], b[columns], epsilon=epsilon).plan
    torch.testing.assert_close(permuted, plan[rows][:, columns], rtol=0, atol=1e-7)


@laws
@given(problems())
def test_swapping_the_sides_transposes_the_plan(problem):
    cost, a, b, epsilon = problem
    one = pkdot.sinkhorn(cost, a, b, epsilon=epsilon)
    other = pkdot.sinkhorn(cost.mT, b, a, epsilon=epsilon)
    torch.testing.assert_close(other.plan, one.plan.mT, rtol=0, atol=1e-7)
    torch.testing.assert_close(other.value, one.value, rtol=1e-7, atol=1e-8)


@laws
@given(problems(), st.floats(-100, 100), st.floats(0.01, 100))
def test_shift_and_scale_of_the_cost(problem, shift, scale):
    cost, a, b, epsilon = problem
    one = pkdot.sinkhorn(cost, a, b, epsilon=epsilon)
    shifted = pkdot.sinkhorn(cost + shift, a, b, epsilon=epsilon)
    torch.testing.assert_close(shifted.plan, one.plan, rtol=0, atol=1e-7)
    torch.testing.assert_close(shifted.value, one.value + shift, rtol=1e-7, atol=1e-7)
    scaled = pkdot.sinkhorn(scale * cost, a, b, epsilon=scale * epsilon)
    torch.testing.assert_close(scaled.plan, one.plan, rtol=0, atol=1e-7)
    torch.testing.assert_close(scaled.value, scale * one.value, rtol=1e-7, atol=1e-7 * scale)


@laws
@given(problems(), st.floats(0.1, 10))
def test_scaling_both_weights_scales_the_plan(problem, mass):
    cost, a, b, epsilon = problem
    one = pkdot.sinkhorn(cost, a, b, epsilon=epsilon)
    more = pkdot.sinkhorn(cost, mass * a, mass * b, epsilon=epsilon)
    torch.testing.assert_close(more.plan, mass * one.plan, rtol=0, atol=1e-6)
    expected = mass * (one.value - epsilon * math.log(mass))
    torch.testing.assert_close(more.value, expected, rtol=1e-6, atol=1e-6)


@laws
@given(st.integers(0, 1000), st.integers(1, 10), st.integers(1, 10), st.floats(-1e3, 1e3))
def test_divergence_is_positive_symmetric_and_blind_to_translation(seed, n, m, shift):
    x, y = generators.clouds("random", max(n, 4), max(m, 4), seed)
    x, y = x[:n], y[:m]
    value = pkdot.sinkhorn_divergence(x, y, blur=0.3)
    assert float(value) > -1e-8
    torch.testing.assert_close(
        pkdot.sinkhorn_divergence(y, x, blur=0.3), value, rtol=1e-6, atol=1e-7
    )
    moved = pkdot.sinkhorn_divergence(x + shift, y + shift, blur=0.3)
    torch.testing.assert_close(moved, value, rtol=1e-6, atol=1e-7)
    apart = pkdot.sinkhorn_divergence(x, x + torch.ones(5), blur=0.3)
    torch.testing.assert_close(apart, torch.tensor(2.5, dtype=x.dtype), rtol=1e-6, atol=0)


@laws
@given(st.integers(0, 1000), st.integers(1, 12), st.sampled_from([0.05, 0.3, 2.0]))
def test_divergence_of_a_cloud_to_itself_is_zero(seed, n, blur):
    x, _ = generators.clouds("random", max(n, 4), 4, seed)
    x = x[:n].requires_grad_(True)
    value = pkdot.sinkhorn_divergence(x, x.detach()[torch.randperm(n)], blur=blur)
    value.backward()
    assert abs(float(value.detach())) < 1e-8
    assert x.grad.norm() < 1e-6


@laws
@given(problems())
def test_float32_agrees_with_float64(problem):
    cost, a, b, epsilon = problem
    wide = pkdot.sinkhorn(cost, a, b, epsilon=epsilon)
    with warnings.catch_warnings():
        # rounding of cost / epsilon may keep float32 from its tolerance; it must then say so
        warnings.simplefilter("ignore", ConvergenceWarning)
        narrow = pkdot.sinkhorn(cost.float(), a.float(), b.float(), epsilon=epsilon)
    assert narrow.plan.dtype == torch.float32
    assert float(narrow.marginal_error) < 1e-4
    assert (narrow.plan.double() - wide.plan).abs().sum() < 5e-3
    torch.testing.assert_close(narrow.value.double(), wide.value, rtol=1e-4, atol=1e-4)


def test_large_epsilon_forgets_the_cost():
    x, y = generators.clouds("random", 7, 9)
    solved = pkdot.sinkhorn(squared_cost(x, y), epsilon=1e9)
    torch.testing.assert_close(solved.plan, torch.full((7, 9), 1 / 63, dtype=x.dtype))


def test_small_epsilon_sorts_the_line():
    x, y, value = generators.sorted_line(30, seed=2)
    cost = 0.5 * (x[:, None] - y[None, :]) ** 2
    solved = pkdot.sinkhorn(cost, epsilon=1e-5, tolerance=1e-6)
    assert float((solved.plan * cost).sum()) == pytest.approx(value, rel=1e-4)
    order = solved.plan[x.argsort()][:, y.argsort()]
    assert order.diagonal().sum() > 0.9


def test_duplicates_share_mass():
    x, y = generators.clouds("random", 6, 8)
    cost = squared_cost(x, y)
    a = torch.tensor([0.1, 0.2, 0.1, 0.2, 0.1, 0.3], dtype=x.dtype)
    merged = pkdot.sinkhorn(cost, a, epsilon=0.3).plan
    split = torch.cat([cost, cost[:1]])
    weights = torch.cat([0.4 * a[:1], a[1:], 0.6 * a[:1]])
    shared = pkdot.sinkhorn(split, weights, epsilon=0.3).plan
    torch.testing.assert_close(shared[0] + shared[-1], merged[0], rtol=0, atol=1e-9)
    torch.testing.assert_close(shared[-1], 1.5 * shared[0], rtol=0, atol=1e-9)


def test_an_offset_of_a_million_changes_nothing():
    cost = squared_cost(*generators.clouds("random", 10, 12))
    plain = pkdot.sinkhorn(cost, epsilon=0.1)
    offset = pkdot.sinkhorn(cost + 1e6, epsilon=0.1)
    torch.testing.assert_close(offset.plan, plain.plan, rtol=0, atol=1e-8)
    torch.testing.assert_close(offset.value - 1e6, plain.value, rtol=0, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [(10, 10), (10, 7)])
def test_a_tiny_epsilon_stays_finite(dtype, size):
    x, y = (t.to(dtype) for t in generators.clouds("random", *size))
    y.requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        solved = pkdot.sinkhorn(squared_cost(x, y.detach()), epsilon=1e-6)
        value = pkdot.sinkhorn_divergence(x, y, blur=1e-3)
        value.backward()
    assert all(torch.isfinite(t).all() for t in (solved.plan, solved.f, solved.g, solved.value))
    assert torch.isfinite(value)
    assert torch.isfinite(y.grad).all()
    # either converged, or said so: the flag never contradicts the plan
    error = (solved.plan.sum(-1) - 1 / size[0]).abs().sum()
    assert not bool(solved.converged) or float(error) < 1e-4


def test_gaussians_have_the_divergence_of_the_closed_form():
    problem = generators.gaussians(0.0, 1.0, 1.0, 0.6, 0.25)
    x = torch.linspace(-8, 8, 161, dtype=torch.float64)[:, None]
    y = torch.linspace(1 - 4.8, 1 + 4.8, 161, dtype=torch.float64)[:, None]
    value = pkdot.sinkhorn_divergence(x, y, problem.a, problem.b, blur=0.5)
    own = [generators.gaussian_value(0, s, 0, s, 0.25) for s in (1.0, 0.6)]
    assert float(value) == pytest.approx(problem.value - 0.5 * sum(own), rel=1e-6)


@pytest.mark.parametrize("policy", ["easy", "in_classes"])
def test_warm_start_saves_iterations(policy):
    x, y = generators.method_rows(64, 10, noise=0.5)
    if policy == "easy":
        x, y = x / 10, y / 10
    cold = pkdot.sinkhorn(squared_cost(x, y), epsilon=0.01)
    y = y + 1e-4 * torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    again = pkdot.sinkhorn(squared_cost(x, y), epsilon=0.01)
    warm = pkdot.sinkhorn(squared_cost(x, y), epsilon=0.01, start=cold)
    assert warm.iterations <= again.iterations
    torch.testing.assert_close(warm.plan, again.plan, rtol=0, atol=1e-8)


def test_relative_epsilon_follows_the_scale():
    x, y = generators.clouds("random", 9, 9)
    one = pkdot.sinkhorn(squared_cost(x, y), epsilon=0.1, relative=True)
    other = pkdot.sinkhorn(squared_cost(7 * x, 7 * y), epsilon=0.1, relative=True)
    torch.testing.assert_close(one.plan, other.plan, rtol=0, atol=1e-8)
    small = pkdot.sinkhorn_divergence(x, y, blur=0.3, relative=True)
    large = pkdot.sinkhorn_divergence(7 * x, 7 * y, blur=0.3, relative=True)
    torch.testing.assert_close(large, 49 * small)
    with pytest.raises(pkdot.PkdotError, match="positive median"):
        pkdot.sinkhorn(torch.zeros(2, 2), epsilon=0.1, relative=True)


def test_divergence_in_batches_equals_one_by_one():
    x = torch.randn(5, 8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x.requires_grad_(True)
    together = pkdot.sinkhorn_divergence(x, y, blur=0.3)
    (gradient,) = torch.autograd.grad(together.sum(), x)
    for i in range(5):
        alone = pkdot.sinkhorn_divergence(x[i], y[i], blur=0.3)
        (its,) = torch.autograd.grad(alone, x)
        torch.testing.assert_close(together[i], alone, rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(gradient[i], its[i], rtol=0, atol=1e-7)
