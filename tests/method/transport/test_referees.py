"""Wherever a solver says that it converged, a referee confirms value, plan and marginals.

Referees: the optimum in 80-digit arithmetic, weak duality in float64, POT, and HiGHS. The problems
span scales that no floating type holds at once: masks, offsets, outliers, tiny and huge costs.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import pkdot
from pkdot.errors import ConvergenceWarning
from pkdot.method import transport
from tests.support import problems as generators
from tests.support.transport_referee import Unbalanced, duality_gap, entropic_optimum

_answers: dict[tuple[Any, ...], Any] = {}


def kept(referee: Callable[..., Any], *problem: Any) -> Any:
    """A referee's answer, computed once: each way of solving meets the same problems."""
    key = referee.__name__, *(x.tobytes() if isinstance(x, np.ndarray) else x for x in problem)
    if key not in _answers:
        _answers[key] = referee(*problem)
    return _answers[key]


def pot_plan(cost: np.ndarray, a: np.ndarray, b: np.ndarray, epsilon: float) -> np.ndarray:
    """POT's plan between weights of mass 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan: np.ndarray = ot.sinkhorn(
            a, b, cost, epsilon, method="sinkhorn_log", stopThr=1e-12, numItermax=20_000
        )
    return plan


trials = settings(max_examples=60, deadline=None, derandomize=True)
SECONDS = 10.0
KINDS = ("plain", "scaled", "spread", "ties", "mask", "masks", "offset", "separable")


class Drawn(NamedTuple):
    """Cost (n, m), weights (n,) and (m,), and epsilon, in float64."""

    cost: np.ndarray
    a: np.ndarray
    b: np.ndarray
    epsilon: float

    def tensors(self, dtype: torch.dtype) -> list[torch.Tensor]:
        return [torch.tensor(x, dtype=dtype) for x in (self.cost, self.a, self.b)]


@st.composite
def drawn(draw: Any, kinds: tuple[str, ...] = KINDS, most: int = 6) -> Drawn:
    n, m = draw(st.integers(1, most)), draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(kinds))
    cost = rng.random((n, m))
    barred = rng.random((n, m)) < 0.4
    if kind == "scaled":
        cost *= 10.0 ** rng.uniform(0, 5)
    elif kind == "spread":
        cost = 10.0 ** rng.uniform(-3, 6, (n, m))
    elif kind == "ties":
        cost = 100 * cost.round(1)
    elif kind == "mask":
        cost[barred] = 10.0 ** rng.integers(2, 17)
    elif kind == "masks":
        cost[barred] *= 10.0 ** rng.integers(3, 18, barred.sum())
    elif kind == "offset":
        cost += 10.0 ** rng.integers(0, 6)
    elif kind == "separable":
        cost += 1e4 * rng.random((n, 1)) + 1e5 * rng.random((1, m))
    if draw(st.booleans()):
        # multiples of a power of two: blocks of equal mass are equal to the last digit
        a, b = rng.integers(0, 4, n).astype(float), rng.integers(0, 4, m).astype(float)
        a[0], b[0] = max(a[0], 1.0), max(b[0], 1.0)
        a, b = a * b.sum(), b * a.sum()
        a, b = (w / 2.0 ** np.ceil(np.log2(w.sum())) for w in (a, b))
    else:
        a, b = (rng.random(size) ** rng.integers(1, 8) + 1e-6 for size in (n, m))
        a, b = a / a.sum(), b / b.sum()
    return Drawn(cost, a, b, float(10.0 ** rng.uniform(-2, 1)))


def quietly(solve: Any, *arguments: Any, **options: Any) -> Any:
    """The result, within its time; a warning is given if and only if the flag says so."""
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always")
        begun = time.perf_counter()
        solved = solve(*arguments, **options)
        assert time.perf_counter() - begun < SECONDS
    warned = any(w.category is ConvergenceWarning for w in given_warnings)
    assert warned != bool(solved.converged.all())
    return solved


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@trials
@given(problem=drawn())
def test_entropic(dtype: torch.dtype, problem: Drawn) -> None:
    given_problem = problem.tensors(dtype)
    solved = quietly(pkdot.sinkhorn, *given_problem, epsilon=problem.epsilon)
    if not bool(solved.converged):
        return
    cost, a, b = (x.double().numpy() for x in given_problem)
    found = solved.plan.double().numpy()
    mass = a.sum()
    single = dtype == torch.float32
    assert np.abs(found.sum(1) - a).sum() <= (1e-4 if single else 1e-8) * mass
    assert np.abs(found.sum(0) - b).sum() <= (1e-4 if single else 1e-8) * mass
    expected = kept(entropic_optimum, cost, a, b, problem.epsilon)
    assert np.abs(found - expected.plan).sum() <= (5e-3 if single else 1e-6) * mass
    scale = max(abs(expected.value), problem.epsilon * mass)
    assert abs(float(solved.value) - expected.value) <= (1e-4 if single else 1e-7) * scale


@pytest.mark.parametrize("kind", [k for k in KINDS if "mask" not in k])
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_what_needs_no_mask_always_converges(kind: str, data: Any) -> None:
    problem = data.draw(drawn((kind,), most=12))
    for dtype in (torch.float32, torch.float64):
        solved = quietly(pkdot.sinkhorn, *problem.tensors(dtype), epsilon=problem.epsilon)
        assert bool(solved.converged)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(problem=drawn(("plain", "ties", "offset"), most=10))
def test_entropic_agrees_with_pot(problem: Drawn) -> None:
    cost, a, b, _ = problem
    epsilon = 0.1 * float(np.ptp(cost)) + 0.1
    keep = np.ix_(a > 0, b > 0)
    peer = kept(pot_plan, cost[keep], a[a > 0] / a.sum(), b[b > 0] / b.sum(), epsilon)
    solved = pkdot.sinkhorn(*problem.tensors(torch.float64), epsilon=epsilon)
    assert np.abs(solved.plan.numpy()[keep] - a.sum() * peer).sum() < 1e-7


@pytest.mark.parametrize("huge", [1e6, 1e16, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sides", ["one", "both"])
def test_a_mask_is_a_mask(huge: float, dtype: torch.dtype, sides: str) -> None:
    """Two blocks of equal mass that must not meet: each is as if it were alone."""
    cost = torch.rand(6, 6, generator=torch.Generator().manual_seed(0), dtype=dtype)
    own = slice(0, 3), slice(3, 6)
    cost[own[0], own[1]] = huge
    if sides == "both":
        cost[own[1], own[0]] = huge
    solved = pkdot.sinkhorn(cost, epsilon=0.02)
    exact = transport.exact_transport(cost)
    assert bool(solved.converged)
    assert bool(exact.converged)
    alone = [pkdot.sinkhorn(cost[s, s].double(), epsilon=0.02) for s in own]
    expected = 0.5 * torch.block_diag(*(one.plan for one in alone))
    assert (solved.plan.double() - expected).abs().sum() < (1e-4 if dtype.itemsize == 4 else 1e-8)
    # the entropy is relative to all pairs: a block of half the mass pays epsilon log 2 more
    value = 0.5 * sum(float(one.value) for one in alone) + 0.02 * np.log(2.0)
    assert float(solved.value) == pytest.approx(value, rel=1e-4)
    best = [transport.exact_transport(cost[s, s].double()) for s in own]
    assert float(exact.value) == pytest.approx(0.5 * sum(float(o.value) for o in best), rel=1e-6)
    assert float((exact.plan.double() * cost.double())[cost < huge].sum()) == pytest.approx(
        float(exact.value), rel=1e-6
    )


def test_a_mask_that_must_carry_mass_is_not_called_converged() -> None:
    cost = torch.rand(4, 4, dtype=torch.float64)
    cost[:3, 1:] = 1e16  # three rows, one column between them
    with pytest.warns(ConvergenceWarning, match="rounding hides epsilon"):
        solved = pkdot.sinkhorn(cost, epsilon=0.02)
    assert not bool(solved.converged)
    assert float(solved.value) == pytest.approx(0.5e16, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_uneven_weights_and_a_small_epsilon(dtype: torch.dtype) -> None:
    cost = torch.tensor([[2000, 1300], [800, 1000], [200, 1400], [1000, 400]], dtype=dtype)
    a = torch.tensor([0.49, 0.0196, 0.0004, 0.49], dtype=torch.float64)
    b = torch.tensor([0.007, 0.993], dtype=dtype)
    solved = pkdot.sinkhorn(cost, (a / a.sum()).to(dtype), b, epsilon=1.0)
    assert bool(solved.converged)
    assert float(solved.marginal_error) < 1e-5
    expected = [[0.0, 0.49], [0.0066, 0.013], [0.0004, 0.0], [0.0, 0.49]]
    torch.testing.assert_close(solved.plan, torch.tensor(expected, dtype=dtype))
    assert float(solved.value) == pytest.approx(851.3891869803743, rel=1e-6)


@pytest.mark.parametrize("kind", ["random", "duplicate", "nearly_equal"])
@pytest.mark.parametrize("span", [1e2, 1e4, 1e6])
def test_many_points_by_weak_duality(kind: str, span: float) -> None:
    """As many points as a batch has; the plan may cost hardly more than the bound of its f."""
    cost = transport.squared_cost(*generators.clouds(kind, 60, 50))
    epsilon = float(cost.max()) / span
    solved = quietly(pkdot.sinkhorn, cost, epsilon=epsilon, tolerance=1e-8)
    assert bool(solved.converged)
    weights = np.full(60, 1 / 60), np.full(50, 1 / 50)
    gap = duality_gap(cost.numpy(), *weights, epsilon, solved.plan.numpy(), solved.f.numpy())
    assert abs(gap) < 1e-6 * float(cost.max())
    assert abs(gap) < 1e-2 * epsilon


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@trials
@given(problem=drawn(), power=st.sampled_from([-30, -14, 0, 14]))
def test_exact(dtype: torch.dtype, problem: Drawn, power: int) -> None:
    scale = 10.0**power
    given_problem = problem.tensors(torch.float64)
    given_problem[0] = scale * given_problem[0]
    solved = quietly(transport.exact_transport, *(x.to(dtype) for x in given_problem))
    assert bool(solved.converged)
    cost, a, b = (x.to(dtype).double().numpy() for x in given_problem)
    plan = solved.plan.double().numpy()
    close = 1e-5 if dtype == torch.float32 else 1e-9
    assert np.abs(plan.sum(1) - a).sum() <= close * a.sum()
    assert np.abs(plan.sum(0) - b).sum() <= close * a.sum()
    n, m = cost.shape
    meets = np.zeros((n + m, n * m))
    for i in range(n):
        meets[i, i * m : (i + 1) * m] = 1
    for j in range(m):
        meets[n + j, j::m] = 1
    wanted = np.r_[a, b * (a.sum() / b.sum())]
    peer = linprog(cost.ravel() / scale, A_eq=meets[:-1], b_eq=wanted[:-1], method="highs")
    # HiGHS meets its constraints to 1e-7 only: no more mass than that may make it cheaper
    slack = 1e-6 * np.median(cost) + 1e-12 * cost.max()
    assert float(solved.value) <= scale * peer.fun * (1 + 1e-5) + slack
    f, g = solved.f.double().numpy(), solved.g.double().numpy()
    assert (f[:, None] + g <= cost + close * (np.abs(f)[:, None] + np.abs(g) + cost)).all()


@pytest.mark.parametrize("scale", [1e-30, 1e-14, 1e14])
def test_exact_transport_knows_no_scale(scale: float) -> None:
    cost = torch.rand(30, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    plain, scaled = transport.exact_transport(cost), transport.exact_transport(scale * cost)
    assert float(scaled.value) == pytest.approx(scale * float(plain.value), rel=1e-12)
    paid = float((scaled.plan * cost).sum())
    assert paid == pytest.approx(float(plain.value), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    problem=drawn(("plain", "ties", "mask", "masks", "offset")),
    share=st.sampled_from([0.3, 1.0, 10.0, 300.0]),
    more=st.floats(0.2, 5.0),
)
def test_unbalanced(dtype: torch.dtype, problem: Drawn, share: float, more: float) -> None:
    penalty = share * problem.epsilon
    cost, a, b = problem.tensors(dtype)
    b = more * b
    solved = quietly(
        transport.unbalanced_transport, cost, a, b, epsilon=problem.epsilon, penalty=penalty
    )
    if not bool(solved.converged):
        return
    numbers = (x.double().numpy() for x in (cost, a, b))
    referee = Unbalanced(*numbers, problem.epsilon, penalty)
    f, g, plan = (x.double().numpy() for x in (solved.f, solved.g, solved.plan))
    primal, dual = referee.primal(plan), referee.dual(f, g)
    size = penalty * float(a.sum() + b.sum())
    close = 1e-3 if dtype == torch.float32 else 1e-7
    assert abs(primal - dual) <= close * size
    assert abs(float(solved.value) - primal) <= close * size


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("empty", ["a", "b", "both"])
def test_an_empty_measure_leaves_all_mass_behind(dtype: torch.dtype, empty: str) -> None:
    cost = torch.rand(2, 6, 5, dtype=dtype, requires_grad=True)
    a, b = torch.full((2, 6), 1 / 6, dtype=dtype), torch.full((2, 5), 2 / 5, dtype=dtype)
    for name, w in (("a", a), ("b", b)):
        if empty in (name, "both"):
            w[0] = 0.0
    begun = time.perf_counter()
    solved = transport.unbalanced_transport(cost, a, b, epsilon=0.1, penalty=2.0)
    assert time.perf_counter() - begun < 1.0
    assert bool(solved.converged.all())
    assert (solved.plan[0] == 0).all()
    assert float(solved.value[0].detach()) == pytest.approx(2.0 * float(a[0].sum() + b[0].sum()))
    alone = transport.unbalanced_transport(cost[1], a[1], b[1], epsilon=0.1, penalty=2.0)
    torch.testing.assert_close(solved.value[1], alone.value)
    solved.value.sum().backward()
    assert (cost.grad[0] == 0).all()
    torch.testing.assert_close(cost.grad[1], alone.plan)


def test_an_unbalanced_answer_that_overflows_stops_at_once() -> None:
    with pytest.warns(ConvergenceWarning):
        solved = transport.unbalanced_transport(-1e5 * torch.rand(6, 6), epsilon=0.02, penalty=1.0)
    assert not bool(solved.converged)
    assert solved.iterations <= 20


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32), power=st.integers(-12, 3), outlier=st.sampled_from([1, 1e2, 1e5])
)
def test_divergence(dtype: torch.dtype, seed: int, power: int, outlier: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(4, 2))
    x[0] *= outlier
    x, y = (10.0**power * torch.tensor(z, dtype=dtype) for z in (x, y))
    blur = 0.3 * 10.0**power
    epsilon = blur * blur
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = float(pkdot.sinkhorn_divergence(x, y, blur=blur))
    if any(w.category is ConvergenceWarning for w in caught):
        return
    x, y = x.double().numpy(), y.double().numpy()

    def optimum(one: np.ndarray, other: np.ndarray) -> float:
        cost = 0.5 * ((one[:, None] - other[None]) ** 2).sum(-1)
        a, b = (np.full(len(z), 1 / len(z)) for z in (one, other))
        return kept(entropic_optimum, cost, a, b, epsilon).value

    expected = optimum(x, y) - 0.5 * optimum(x, x) - 0.5 * optimum(y, y)
    # the float64 referee rounds the values of its terms
    scale = max(abs(expected), epsilon)
    assert abs(value - expected) <= (1e-3 if dtype == torch.float32 else 1e-6) * scale


def test_a_batch_keeps_hard_and_easy_problems_apart() -> None:
    draw = torch.Generator().manual_seed(3)
    cost = torch.rand(3, 6, 6, generator=draw)
    cost[1, :3, 3:] = 1e16
    a = torch.rand(3, 6, generator=draw) + 0.1
    a[1] = 1.0
    together = pkdot.sinkhorn(cost, a, a, epsilon=0.05)
    assert bool(together.converged.all())
    for i in range(3):
        alone = pkdot.sinkhorn(cost[i], a[i], a[i], epsilon=0.05)
        torch.testing.assert_close(together.plan[i], alone.plan, rtol=0, atol=1e-4)
        torch.testing.assert_close(together.value[i], alone.value, rtol=1e-4, atol=1e-5)


def test_unbalanced_potentials_of_empty_samples_are_no_part_of_the_dual() -> None:
    cost = torch.tensor([[37.0, 7.2e7], [5.7e11, 7.2e3]], dtype=torch.float64)
    mass = torch.tensor([0.5625, 0.0], dtype=torch.float64)
    solved = transport.unbalanced_transport(cost, mass, mass, epsilon=3.25, penalty=0.975)
    referee = Unbalanced(cost.numpy(), mass.numpy(), mass.numpy(), 3.25, 0.975)
    assert solved.converged
    primal = referee.primal(solved.plan.numpy())
    assert referee.dual(solved.f.numpy(), solved.g.numpy()) == pytest.approx(primal, rel=1e-9)
