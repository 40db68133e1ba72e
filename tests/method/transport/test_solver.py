"""The engine under the divergence: which method runs, what it keeps, and how exact it is."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import pkdot
from pkdot.benchmarks import transport as benchmark
from pkdot.benchmarks.other_checkout import divergence_of
from pkdot.benchmarks.transport_problems import recorded_cases
from pkdot.errors import ConfigError, ConvergenceWarning
from pkdot.method.transport import (
    log_domain,
    newton,
    path,
    sinkhorn_divergence,
    solver,
    squared_cost,
    symmetric,
)
from pkdot.method.transport.problem import Limits, Problem
from tests.support import problems as generators


@pytest.mark.parametrize("kind", ["spread", "classes"])
@pytest.mark.parametrize("size", [64, 128, 256])
def test_gradient_of_the_loss_is_right_to_a_thousandth_at_the_default_tolerance(kind, size):
    x, y = benchmark.rows(benchmark.Case(kind, size, 30, 0.01))

    def gradient(x, y, **options):
        y = y.clone().requires_grad_(True)
        value = sinkhorn_divergence(x, y, blur=0.1, **options)
        return value.detach(), torch.autograd.grad(value, y)[0]

    value, exact = gradient(x, y, tolerance=1e-10)
    quick_value, quick = gradient(x.float(), y.float())
    assert quick.dtype == torch.float32
    assert (quick.double() - exact).norm() < 1e-3 * exact.norm()
    torch.testing.assert_close(quick_value.double(), value, rtol=1e-4, atol=0)


def test_each_method_runs_where_it_should(monkeypatch, in_torch):
    called = []
    for module, name in ((path, "follow"), (newton, "direction")):
        original = getattr(module, name)

        def spy(*arguments, _original=original, _name=module.__name__, **options):
            called.append(_name.rsplit(".", 1)[-1])
            return _original(*arguments, **options)

        monkeypatch.setattr(module, name, spy)
    x, y = benchmark.rows(benchmark.Case("spread", 64, 30, 0.01))
    sinkhorn_divergence(x, y)
    assert called == []
    sinkhorn_divergence(*generators.method_rows(128, 30, noise=0.8))
    assert set(called) == {"path", "newton"}


def test_large_systems_are_solved_by_conjugate_gradients_on_few_factors(monkeypatch, in_torch):
    factors = []

    def spy(*arguments, _original=newton.factor):
        factors.append(arguments[0].dtype)
        return _original(*arguments)

    x, y = benchmark.rows(benchmark.Case("classes", 400, 30, 0.01))
    cost = squared_cost(x, y)
    tight = pkdot.sinkhorn(cost, epsilon=0.01, tolerance=1e-9)
    monkeypatch.setattr(newton, "factor", spy)
    solved = pkdot.sinkhorn(cost.float(), epsilon=0.01)
    assert set(factors) == {torch.float32}
    assert bool(solved.converged)
    assert (solved.plan.double() - tight.plan).abs().sum() < 1e-3
    monkeypatch.setattr(path, "_by_gradients", lambda now, a, *_: torch.zeros_like(a))
    direct = pkdot.sinkhorn(cost.float(), epsilon=0.01)
    assert factors[-1] == torch.float64
    torch.testing.assert_close(direct.value, solved.value, rtol=1e-4, atol=0)


def test_clouds_far_outside_the_scaling_domain():
    """Ten thousand blurs apart: every entry of the kernel underflows, and none may be lost."""
    x, y = (t.float() for t in generators.clouds("random", 20, 25))
    far = sinkhorn_divergence(x, y + 1000.0, blur=0.1)
    between = 0.5 * (y.mean(0) + 1000.0 - x.mean(0)).square().sum()
    centred = sinkhorn_divergence(x - x.mean(0), y - y.mean(0), blur=0.1)
    torch.testing.assert_close(far, between + centred, rtol=1e-4, atol=0)


@pytest.mark.parametrize("columns", [40, 128])
def test_newton_works_on_the_smaller_side(columns):
    x, y = generators.method_rows(128, 30)
    cost = squared_cost(x, y[:columns])
    tall = pkdot.sinkhorn(cost, epsilon=0.01)
    wide = pkdot.sinkhorn(cost.mT, epsilon=0.01)
    assert bool(tall.converged)
    assert bool(wide.converged)
    torch.testing.assert_close(wide.plan.mT, tall.plan, rtol=0, atol=1e-9)


def test_a_batch_of_mixed_difficulty():
    easy = benchmark.rows(benchmark.Case("spread", 32, 10, 0.01))
    hard = benchmark.rows(benchmark.Case("classes", 32, 10, 0.01))
    x, y = (torch.stack(pair) for pair in zip(easy, hard, strict=True))
    together = sinkhorn_divergence(x, y)
    alone = torch.stack([sinkhorn_divergence(*pair) for pair in (easy, hard)])
    torch.testing.assert_close(together, alone, rtol=1e-7, atol=0)


@pytest.mark.parametrize("epsilon", [0.05, 5.0])
def test_memory_kept_for_the_gradient_does_not_grow_with_the_iterations(epsilon):
    x, y = generators.method_rows(48, 12)
    y.requires_grad_(True)
    cost = squared_cost(x, y.detach()).requires_grad_(True)
    kept = []

    def count(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        pkdot.sinkhorn(cost, epsilon=epsilon)
        assert sum(kept) <= 48 * 48 + 2 * 48
        kept.clear()
        sinkhorn_divergence(x, y, blur=epsilon**0.5)
        assert sum(kept) <= 48 * 12


def test_grad_mode_is_left_alone(monkeypatch, in_torch):
    x, y = generators.clouds("random", 5, 5)
    y.requires_grad_(True)
    with torch.no_grad():
        assert not sinkhorn_divergence(x, y, blur=0.5).requires_grad
        assert not torch.is_grad_enabled()

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(symmetric, "solve", interrupt)
    for mode in (True, False):
        with torch.set_grad_enabled(mode):
            with pytest.raises(KeyboardInterrupt):
                sinkhorn_divergence(x, y)
            assert torch.is_grad_enabled() is mode


def test_a_solve_is_the_same_to_the_last_bit():
    x, y = (t.float() for t in generators.method_rows(64, 20))
    values = [sinkhorn_divergence(x, y) for _ in range(2)]
    assert torch.equal(*values)


def test_symmetric_problem_meets_its_marginal():
    x, _ = generators.method_rows(50, 10)
    weights = torch.rand(50, dtype=torch.float64)
    weights[:3] = 0.0
    weights = (weights / weights.sum())[None]
    bits = squared_cost(x, x)[None] / 0.01
    plan, potential, worst, made = symmetric.solve(bits, weights, Limits(1e-10, 1000))
    assert worst <= 1e-10
    assert made <= 30
    assert torch.isfinite(potential).all()
    torch.testing.assert_close(plan.sum(-1), weights, rtol=0, atol=1e-11)
    torch.testing.assert_close(plan, plan.mT)


@pytest.mark.slow
def test_transport_needs_torch_and_numpy_only():
    code = (
        "import sys, pkdot.method.transport; "
        "others = ('ot', 'geomloss', 'numba', 'scipy', 'sklearn', 'pandas'); "
        "print([m for m in others if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_benchmark_measures_and_reports():
    case = benchmark.Case("spread", 64, 10, 0.01)
    measured = benchmark.measure(case, torch.device("cpu"), seconds=0.02)
    assert measured["ours error"] < 1e-3 < measured["geomloss error"]
    page = benchmark.format_page([(case, measured)], {"spread": {"at once": 0.5}})
    assert "| spread | 64 | 10 | 0.01 |" in page
    assert "torch" in page
    sizes = {case.size for case in benchmark.cases()}
    assert sizes == {64, 128, 256, 512, 1024, 2048}


@pytest.mark.slow
def test_benchmark_takes_rows_from_a_record_and_a_solver_from_another_checkout():
    root = Path(__file__).parents[3]
    found = recorded_cases(root / "reports" / "example", quick=True)
    assert len(found) == 3
    x, y = benchmark.rows(found[-1])
    assert x.shape == y.shape == (100, 30)
    other = divergence_of(root)
    assert other.__module__.startswith("pkdot_before.")
    measured = benchmark.measure(found[-1], torch.device("cpu"), seconds=0.02, before=other)
    assert measured["before error"] == measured["ours error"] < 1e-3
    with pytest.raises(ConfigError, match="holds no package"):
        divergence_of(root / "docs")


def test_a_budget_that_plain_sinkhorn_would_not_use_up_is_not_given_away():
    """Weights over nine orders of magnitude: Newton stalls from its first start."""
    g = torch.Generator().manual_seed(20)
    n, m = (int(torch.randint(5, 40, (1,), generator=g)) for _ in range(2))
    cost = torch.rand(n, m, generator=g, dtype=torch.float64)
    a, b = (torch.rand(size, generator=g, dtype=torch.float64) ** 6 for size in (n, m))
    a, b = a / a.sum(), b / b.sum()
    solved = pkdot.sinkhorn(cost, a, b, epsilon=0.01 * float(cost.median()))
    assert bool(solved.converged)
    torch.testing.assert_close(solved.plan.sum(1), a, rtol=0, atol=1e-9)


@pytest.mark.parametrize("blur", [1e-3, 1e-4])
@pytest.mark.parametrize("seed", range(3))
def test_clouds_on_a_line_at_a_tiny_blur_are_solved_and_their_divergence_is_the_exact_one(
    seed, blur
):
    x, y, exact = generators.sorted_line(50, seed)
    value = sinkhorn_divergence(x[:, None], y[:, None], blur=blur, tolerance=1e-6)
    assert float(value) == pytest.approx(exact, rel=1e-3)
    near = x[:47, None] + 1e-4
    assert float(sinkhorn_divergence(x[:, None], near, blur=blur, tolerance=1e-6)) >= 0


def test_the_log_domain_ends_what_the_others_leave(monkeypatch, in_torch):
    monkeypatch.setattr(newton, "solve", lambda problem, f, g, limits: (f, g, 0))
    cost = squared_cost(*generators.clouds("random", 12, 9))[None]
    cost = cost / cost.median() * 20
    a, b = (torch.full((1, n), 1 / n, dtype=torch.float64) for n in (12, 9))
    f, g, made = log_domain.run(Problem.of(cost, a, b), a * 0, b * 0, Limits(1e-10, 10_000))
    assert 0 < made < 10_000
    plan = (f.unsqueeze(-1) + g.unsqueeze(-2) - cost).exp2() / (12 * 9)
    torch.testing.assert_close(plan.sum(-2), b, rtol=0, atol=1e-10)
    solved = solver.solve(Problem.of(cost * 400, a, b), Limits(1e-9, 2_000))
    assert torch.isfinite(solved.plan).all()
    assert solved.iterations <= 2_000


def test_more_iterations_are_advised_only_where_all_were_made_and_the_caller_is_pointed_at():
    x, y = generators.clouds("random", 20, 20)
    with pytest.warns(ConvergenceWarning, match="allow more iterations") as warning:
        sinkhorn_divergence(x, y, blur=0.01, max_iterations=3)
    assert warning[0].filename == __file__
    with pytest.warns(ConvergenceWarning) as warning:
        pkdot.sinkhorn(squared_cost(x, y), epsilon=0.1, tolerance=1e-30)
    assert "allow more iterations" not in str(warning[0].message)
    assert warning[0].filename == __file__


def test_the_type_is_kept_where_a_device_has_no_float64():
    assert solver.widest(torch.device("mps")) == torch.float32
    assert solver.widest(torch.device("cpu")) == torch.float64


def test_second_derivatives_are_refused_not_wrong():
    x, y = generators.clouds("random", 6, 5)
    y.requires_grad_(True)
    cost = squared_cost(x, y)
    for value in (sinkhorn_divergence(x, y), pkdot.sinkhorn(cost, epsilon=0.5).value):
        with pytest.raises(pkdot.errors.InputError, match="first derivatives only"):
            torch.autograd.grad(value, y, create_graph=True, retain_graph=True)
        assert torch.isfinite(torch.autograd.grad(value, y, retain_graph=True)[0]).all()
