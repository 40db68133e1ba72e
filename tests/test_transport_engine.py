"""The engine under the divergence: which method runs, what it keeps, and how exact it is."""

import subprocess
import sys

import pytest
import torch

import pkdot
from pkdot.benchmarks import transport as benchmark
from pkdot.transport import log_domain, newton, sinkhorn_divergence, squared_cost, symmetric

from . import generators


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


def test_each_method_runs_where_it_should(monkeypatch):
    called = []
    for module, name in ((log_domain, "anneal"), (newton, "solve")):
        original = getattr(module, name)

        def spy(*arguments, _original=original, _name=module.__name__, **options):
            called.append(_name.rsplit(".", 1)[-1])
            return _original(*arguments, **options)

        monkeypatch.setattr(module, name, spy)
    x, y = benchmark.rows(benchmark.Case("spread", 64, 30, 0.01))
    sinkhorn_divergence(x, y)
    assert called == []
    sinkhorn_divergence(*generators.method_rows(128, 30, noise=0.8))
    assert set(called) == {"log_domain", "newton"}


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


def test_grad_mode_is_left_alone(monkeypatch):
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
    plan, potential, worst, made = symmetric.solve(bits, weights, 1e-10, 1000)
    assert worst <= 1e-10
    assert made <= 30
    assert torch.isfinite(potential).all()
    torch.testing.assert_close(plan.sum(-1), weights, rtol=0, atol=1e-11)
    torch.testing.assert_close(plan, plan.mT)


def test_transport_needs_torch_and_numpy_only():
    code = (
        "import sys, pkdot.transport; "
        "print([m for m in ('ot', 'geomloss', 'scipy', 'sklearn', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_benchmark_measures_and_reports():
    case = benchmark.Case("spread", 64, 10, 0.01)
    measured = benchmark.measure(case, torch.device("cpu"), seconds=0.02)
    assert measured["ours error"] < 1e-3 < measured["geomloss error"]
    page = benchmark.report([(case, measured)], {"spread": 0.5})
    assert "| spread | 64 | 10 | 0.01 |" in page
    assert "torch" in page
    sizes = {case.size for case in benchmark.cases()}
    assert sizes == {64, 128, 256, 512, 1024, 2048}
