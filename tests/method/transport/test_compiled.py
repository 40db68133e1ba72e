"""Machine code: the answers of torch, one problem at a time, whoever else is in the batch."""

import math

import numpy as np
import pytest
import torch

import pkdot
from pkdot.benchmarks.transport_problems import Case, rows
from pkdot.errors import ConfigError
from pkdot.method.transport import compiled, squared_cost
from tests.support import problems as generators

needs_numba = pytest.mark.skipif(compiled.way() != "numba", reason="numba is not in use here")


@pytest.fixture(autouse=True, scope="module")
def way():
    """Both ways are compared here, so neither is chosen for the file."""


@pytest.mark.parametrize("asked", ["torch", "numba"])
@needs_numba
def test_the_way_is_the_one_asked_for(monkeypatch, asked):
    monkeypatch.setenv(compiled.SWITCH, asked)
    assert compiled.way() == asked
    assert compiled.takes(torch.zeros(1, 5, 5)) is (asked == "numba")


def test_a_way_that_does_not_exist_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv(compiled.SWITCH, "fast")
    with pytest.raises(ConfigError, match="numba or torch, not 'fast'"):
        pkdot.sinkhorn(torch.rand(3, 3), epsilon=0.1)


def test_without_a_folder_for_what_is_compiled_torch_is_used(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(compiled, "_USABLE", [])
    assert compiled.way() == "torch"
    monkeypatch.setenv(compiled.SWITCH, "numba")
    with pytest.raises(ConfigError, match="NUMBA_CACHE_DIR"):
        compiled.way()


def test_large_problems_and_other_devices_stay_in_torch():
    assert not compiled.takes(torch.zeros(1, 1, 1).expand(1, 2000, 2000))
    assert not compiled.takes(torch.zeros(1, 5, 5, device="meta"))


@needs_numba
def test_powers_are_exact_to_the_last_bits():
    x = np.random.default_rng(0).uniform(-900.0, 900.0, 10_000)
    found = np.array([compiled.load()._exp2(value) for value in x])
    assert np.abs(found / np.exp2(x) - 1.0).max() < 5e-16
    assert compiled.load()._exp2(-5000.0) == 2.0**-960


def in_both_ways(monkeypatch, solve):
    found = []
    for asked in compiled.WAYS:
        monkeypatch.setenv(compiled.SWITCH, asked)
        found.append(solve())
    return found


@pytest.mark.slow
@needs_numba
@pytest.mark.parametrize("kind", ["spread", "classes"])
@pytest.mark.parametrize("sizes", [(64, 64), (64, 37), (37, 64), (5, 3), (1, 1)])
@pytest.mark.parametrize("blur", [0.03, 0.3])
def test_divergence_and_gradient_are_those_of_torch(monkeypatch, kind, sizes, blur):
    x, y = rows(Case(kind, 64, 10, blur**2))
    x, y = x[: sizes[0]], y[: sizes[1]]

    def solve():
        own = y.clone().requires_grad_(True)
        value = pkdot.sinkhorn_divergence(x, own, blur=blur, tolerance=1e-10)
        return value.detach(), torch.autograd.grad(value, own)[0]

    (value, gradient), (expected, expected_gradient) = in_both_ways(monkeypatch, solve)
    torch.testing.assert_close(value, expected, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(gradient, expected_gradient, rtol=0, atol=1e-9)


@needs_numba
@pytest.mark.parametrize("share", [3.0, 0.01])
def test_plan_and_potentials_are_those_of_torch_also_for_points_without_mass(monkeypatch, share):
    g = torch.Generator().manual_seed(1)
    cost = squared_cost(*generators.clouds("random", 21, 30))
    a, b = (torch.rand(size, generator=g, dtype=torch.float64) for size in (21, 30))
    a[3], b[5] = 0.0, 0.0
    a, b = a / a.sum(), b / b.sum()
    epsilon = share * float(cost.median())
    one, other = in_both_ways(
        monkeypatch, lambda: pkdot.sinkhorn(cost, a, b, epsilon=epsilon, tolerance=1e-11)
    )
    assert bool(one.converged)
    torch.testing.assert_close(one.plan, other.plan, rtol=0, atol=1e-10)
    torch.testing.assert_close(one.value, other.value, rtol=1e-9, atol=0)
    for own, its in ((one.f, other.f), (one.g, other.g)):
        torch.testing.assert_close(own - own.mean(), its - its.mean(), rtol=0, atol=1e-7)


@needs_numba
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_problem_has_the_same_bits_alone_in_a_batch_and_on_any_number_of_threads(dtype):
    settings = [Case(kind, 96, 20, 0.01) for kind in ("classes", "spread")] * 4
    pairs = [rows(case, seed) for seed, case in enumerate(settings)]
    costs = torch.stack([squared_cost(*pair) for pair in pairs]).to(dtype)
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            together = pkdot.sinkhorn(costs, epsilon=0.01)
            for i in range(len(costs)):
                alone = pkdot.sinkhorn(costs[i], epsilon=0.01)
                for name in ("plan", "f", "g", "value"):
                    assert torch.equal(getattr(together, name)[i], getattr(alone, name))
    finally:
        torch.set_num_threads(before)
    assert together.iterations >= math.ceil(alone.iterations)


@needs_numba
def test_rows_of_a_trained_teacher_take_few_iterations():
    """Annealing, scaling and Newton from a cold start took over a hundred here."""
    x, y = rows(Case("classes", 128, 30, 0.001))
    solved = pkdot.sinkhorn(squared_cost(x, y).float(), epsilon=0.001, tolerance=5e-5)
    assert bool(solved.converged)
    assert solved.iterations < 80


@pytest.mark.full
@needs_numba
def test_inference_mode_and_torch_compile_change_no_bit(recwarn):
    x, y = (side.float() for side in rows(Case("classes", 40, 8, 0.01)))
    plain = pkdot.sinkhorn_divergence(x, y)
    with torch.inference_mode():
        assert torch.equal(pkdot.sinkhorn_divergence(x.clone(), y.clone()), plain)
    traced = torch.compile(pkdot.sinkhorn_divergence, backend="eager")
    assert torch.equal(traced(x, y), plain)
    assert not [w for w in recwarn if "lru_cache" in str(w.message)]


@needs_numba
def test_a_process_that_solved_other_problems_before_gets_the_same_bits():
    x, y = rows(Case("classes", 64, 20, 0.01))
    first = pkdot.sinkhorn_divergence(x, y)
    for seed in range(3):
        pkdot.sinkhorn_divergence(*rows(Case("classes", 70, 20, 0.003), seed))
    assert torch.equal(pkdot.sinkhorn_divergence(x, y), first)
