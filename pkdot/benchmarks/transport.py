"""How fast and how right is the divergence of the loss, next to GeomLoss, POT and the memory?

Every row of the table is one run. All implementations take turns on the same rows, in one process
on one thread, and medians are compared; on a shared machine only the ratios mean much. An error is
the relative L2 distance of the gradient to that of a float64 solve to a marginal error of 1e-10.
"""

import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from ..errors import ConfigError, ConvergenceWarning
from ..method.transport import sinkhorn, sinkhorn_divergence, squared_cost
from ..method.transport.divergence import Terms, solve_parts
from ..method.transport.problem import Limits
from .frame import benchmark_parser, publish
from .transport_page import format_page
from .transport_problems import Case, cases, rows

DEFAULT_REPORT = Path("reports/benchmarks/transport.md")
REFERENCE_TOLERANCE = 1e-10


def take_turns(calls: dict[str, Callable[[], object]], seconds: float = 1.0) -> dict[str, float]:
    """Median seconds of each call, made in turn for about ``seconds`` in all."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    start = time.perf_counter()
    rounds = 0
    while (elapsed := time.perf_counter() - start) < seconds or rounds < 3:
        if rounds and elapsed > 10 * seconds:  # the slowest cases: one round must do
            break
        rounds += 1
        for name, call in calls.items():
            before = time.perf_counter()
            call()
            _wait()
            times[name].append(time.perf_counter() - before)
    return {name: statistics.median(found) for name, found in times.items()}


def measure(case: Case, device: torch.device, seconds: float) -> dict[str, float]:
    """Times (seconds) and gradient errors of one case.

    Returns:
        For each implementation ``name`` (seconds) and ``name error``; ``floor`` from
        :func:`memory_floor`; and the numbers of :func:`compare_with_pot`.
    """
    from geomloss import SamplesLoss  # a peer: wanted for this measurement only

    exact_x, exact_y = rows(case)
    exact = _gradient(
        lambda x, y: sinkhorn_divergence(x, y, blur=case.blur, tolerance=REFERENCE_TOLERANCE),
        exact_x,
        exact_y,
    )
    x, y = exact_x.float().to(device), exact_y.float().to(device)

    def peer(scaling: float) -> Callable[[Tensor, Tensor], Tensor]:
        loss: Callable[[Tensor, Tensor], Tensor] = SamplesLoss(
            "sinkhorn", p=2, blur=case.blur, scaling=scaling, backend="tensorized"
        )
        return loss

    losses = {
        "ours": lambda x, y: sinkhorn_divergence(x, y, blur=case.blur),
        "geomloss": peer(0.5),
    }
    if case.size < 1024:  # beyond, it takes many seconds a call
        losses["geomloss09"] = peer(0.9)
    result: dict[str, float] = {}
    calls: dict[str, Callable[[], object]] = {}
    for name, loss in losses.items():
        gradient = _gradient(loss, x, y).double().cpu()
        result[f"{name} error"] = float((gradient - exact).norm() / exact.norm())
        calls[name] = lambda loss=loss: _gradient(loss, x, y)  # type: ignore[misc]
    result |= take_turns(calls, seconds)
    result["floor"] = memory_floor(case, x, y, seconds / 5)
    result |= compare_with_pot(case, x, y, seconds)
    return result


def memory_floor(case: Case, x: Tensor, y: Tensor, seconds: float) -> float:
    """Time to read each cost matrix once per half iteration of the solver, in seconds.

    Where Newton ran, its steps are counted as iterations, though each costs far more.
    """
    uniform = torch.full((1, len(x)), 1 / len(x), dtype=x.dtype, device=x.device)
    with torch.no_grad():
        terms = Terms(case.epsilon, identity=0.0, limits=Limits(1e-4, 10_000))
        parts = solve_parts(x[None], y[None], uniform, uniform, terms)
    matrix, vector = torch.rand(len(x), len(x), device=x.device), torch.rand(len(x)).to(x)
    reading = take_turns({"read": lambda: torch.mv(matrix, vector)}, seconds)["read"]
    return reading * (2 * parts.iterations + sum(parts.self_iterations))


def compare_with_pot(case: Case, x: Tensor, y: Tensor, seconds: float) -> dict[str, float]:
    """Our ``sinkhorn`` and POT's, one problem and a batch of 16, at equal marginal error 1e-4.

    POT gets the number of iterations that it needs, at most 1,000 and fewer for large B.

    Returns:
        Seconds a plan: ``ours plan`` and ``pot``; ``ours batch`` and ``pot batch`` where a batch
        takes no minutes; ``pot short``, POT's marginal error, where its iterations did not suffice
        and its time is a lower bound.
    """
    import ot
    import ot.batch

    cost = squared_cost(x, y)
    weights = torch.full((len(x),), 1 / len(x), dtype=x.dtype, device=x.device)

    def pot(iterations: int) -> Tensor:
        plan: Tensor = ot.bregman.sinkhorn_log(
            weights, weights, cost, case.epsilon, numItermax=iterations, stopThr=0.0, warn=False
        )
        return plan

    most = 200_000_000 // len(x) ** 2
    for iterations in (10, 20, 50, 100, 200, 500, 1000):
        if iterations > 20 and iterations > most:
            break
        plan, given = pot(iterations), iterations
        error = max(float((plan.sum(dim) - weights).abs().sum()) for dim in (0, 1))
        if error <= 1e-4:
            break
    batch = cost.expand(16, -1, -1).contiguous()
    calls: dict[str, Callable[[], object]] = {
        "ours plan": lambda: sinkhorn(cost, epsilon=case.epsilon, tolerance=1e-4),
        "pot": lambda: pot(given),
    }
    if len(x) <= 256 and given <= 100:  # its batches are slow: longer would take minutes
        calls["ours batch"] = lambda: sinkhorn(batch, epsilon=case.epsilon, tolerance=1e-4)
        calls["pot batch"] = lambda: ot.batch.solve_batch(
            batch, reg=case.epsilon, max_iter=given, tol=0.0, method="log_sinkhorn"
        )
    result = take_turns(calls, seconds)
    for name in ("ours batch", "pot batch"):
        if name in result:
            result[name] /= len(batch)
    if error > 1e-4:
        result["pot short"] = error
    return result


def batch_ratio(seconds: float) -> dict[str, float]:
    """Time per problem of 64 losses at B = 128 at once, over that of one alone, per kind."""
    ratios = {}
    for kind in ("spread", "classes"):
        pairs = [rows(Case(kind, 128, 30, 0.01), seed) for seed in range(64)]
        x = torch.stack([pair[0] for pair in pairs]).float()
        y = torch.stack([pair[1] for pair in pairs]).float()
        calls: dict[str, Callable[[], object]] = {
            "one": lambda x=x, y=y: _gradient(sinkhorn_divergence, x[0], y[0]),  # type: ignore[misc]
            "all": lambda x=x, y=y: _gradient(sinkhorn_divergence, x, y),  # type: ignore[misc]
        }
        times = take_turns(calls, seconds)
        ratios[kind] = times["all"] / 64 / times["one"]
    return ratios


def _gradient(loss: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    y = y.detach().clone().requires_grad_(True)
    return torch.autograd.grad(loss(x, y).sum(), y)[0]


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main(arguments: list[str] | None = None) -> int:
    """Measure everything, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("transport", __doc__, DEFAULT_REPORT)
    parser.add_argument("--quick", action="store_true", help="two sizes only, under a minute")
    parser.add_argument("--seconds", type=float, default=1.0, help="per comparison (1)")
    options = parser.parse_args(arguments)
    return publish(lambda: _page(options.quick, options.seconds), options.report)


def _page(quick: bool, seconds: float) -> str:
    for package in ("geomloss", "ot"):
        if find_spec(package) is None:
            raise ConfigError(
                f"The benchmark needs {package}; install the extra 'dev' (pip install -e .[dev])."
            )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        grid = cases(quick)
        for i, case in enumerate(grid, 1):
            results.append((case, measure(case, device, seconds)))
            ours, peer = results[-1][1]["ours"], results[-1][1]["geomloss"]
            print(f"{i}/{len(grid)} {case}: {ours / peer:.2f} of GeomLoss", flush=True)
        return format_page(results, batch_ratio(seconds))


if __name__ == "__main__":
    raise SystemExit(main())
