"""How fast and how right is the divergence of the loss, next to GeomLoss, POT and the memory?

Every row of the table is one run. All implementations take turns on the same rows, in one process
on one thread, and medians are compared: on a CPU of its processor time, so that other programs on
the machine count little. An error is the relative L2 distance of the gradient to that of a float64
solve to a marginal error of 1e-10.
"""

import os
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ConfigError, ConvergenceWarning
from ..method.transport import compiled, sinkhorn, sinkhorn_divergence, squared_cost
from .frame import benchmark_parser, publish
from .other_checkout import divergence_of
from .transport_page import format_page
from .transport_problems import Case, cases, recorded_cases, rows

DEFAULT_REPORT = Path("reports/benchmarks/transport.md")
EXAMPLE = Path("reports/example")
Loss = Callable[..., Tensor]
REFERENCE_TOLERANCE = 1e-10
BATCH = 30


def take_turns(calls: dict[str, Callable[[], object]], seconds: float = 1.0) -> dict[str, float]:
    """Median seconds of each call, made in turn for about ``seconds`` in all."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
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
            before = clock()
            call()
            _wait()
            times[name].append(clock() - before)
    return {name: statistics.median(found) for name, found in times.items()}


def in_torch(loss: Loss) -> Loss:
    """A loss of ours without machine code."""

    def solve(*points: Tensor, **options: Any) -> Tensor:
        before = os.environ.get(compiled.SWITCH)
        os.environ[compiled.SWITCH] = "torch"
        try:
            return loss(*points, **options)
        finally:
            if before is None:
                del os.environ[compiled.SWITCH]
            else:
                os.environ[compiled.SWITCH] = before

    return solve


def measure(
    case: Case, device: torch.device, seconds: float, before: Loss | None = None
) -> dict[str, float]:
    """Times (seconds) and gradient errors of one case.

    Args:
        case: the rows.
        device: of all implementations.
        seconds: for each comparison.
        before: an earlier ``sinkhorn_divergence`` to measure beside today's.

    Returns:
        For each implementation ``name`` (seconds) and ``name error``, and the numbers of
        :func:`compare_with_pot`.
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

    losses: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "ours": lambda x, y: sinkhorn_divergence(x, y, blur=case.blur),
        "geomloss": peer(0.5),
    }
    if device.type == "cpu" and compiled.way() != "torch":
        losses["torch"] = lambda x, y: in_torch(sinkhorn_divergence)(x, y, blur=case.blur)
    if before is not None:
        losses["before"] = lambda x, y: before(x, y, blur=case.blur)
    if case.size < 1024:  # beyond, it takes many seconds a call
        losses["geomloss09"] = peer(0.9)
    result: dict[str, float] = {}
    calls: dict[str, Callable[[], object]] = {}
    for name, loss in losses.items():
        gradient = _gradient(loss, x, y).double().cpu()
        result[f"{name} error"] = float((gradient - exact).norm() / exact.norm())
        calls[name] = lambda loss=loss: _gradient(loss, x, y)  # type: ignore[misc]
    result |= take_turns(calls, seconds)
    result |= compare_with_pot(case, x, y, seconds)
    return result


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


def measure_batches(seconds: float, before: Loss | None = None) -> dict[str, dict[str, float]]:
    """Milliseconds per problem of :data:`BATCH` losses at B = 128, k = 30, per kind of rows.

    Returns:
        For each kind: ``at once`` and ``one by one``, and the same of ``before`` if given.
    """
    results = {}
    for kind in ("spread", "classes"):
        pairs = [rows(Case(kind, 128, 30, 0.01), seed) for seed in range(BATCH)]
        x, y = (torch.stack(side).float() for side in zip(*pairs, strict=True))
        calls: dict[str, Callable[[], object]] = {}
        losses = {"": sinkhorn_divergence} | ({"before ": before} if before else {})
        for name, loss in losses.items():
            calls[f"{name}at once"] = lambda loss=loss, x=x, y=y: _gradient(loss, x, y)  # type: ignore[misc]
            calls[f"{name}one by one"] = lambda loss=loss, x=x, y=y: [  # type: ignore[misc]
                _gradient(loss, *pair) for pair in zip(x, y, strict=True)
            ]
        times = take_turns(calls, seconds)
        results[kind] = {name: 1e3 * time / BATCH for name, time in times.items()}
    return results


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
    parser.add_argument(
        "--record",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="rows of a run record as well; may be repeated (the example record of a checkout)",
    )
    parser.add_argument(
        "--before", type=Path, metavar="CHECKOUT", help="measure the transport of another checkout"
    )
    options = parser.parse_args(arguments)
    records = options.record or ([EXAMPLE] if EXAMPLE.is_dir() else [])
    return publish(
        lambda: _page(options.quick, options.seconds, records, options.before), options.report
    )


def _page(quick: bool, seconds: float, records: list[Path], checkout: Path | None) -> str:
    for package in ("geomloss", "ot"):
        if find_spec(package) is None:
            raise ConfigError(
                f"The benchmark needs {package}; install the extra 'dev' (pip install -e .[dev])."
            )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        before = None if checkout is None else divergence_of(checkout)
        grid = cases(quick) + [case for folder in records for case in recorded_cases(folder, quick)]
        for i, case in enumerate(grid, 1):
            results.append((case, measure(case, device, seconds, before)))
            ours, peer = results[-1][1]["ours"], results[-1][1]["geomloss"]
            print(
                f"{i}/{len(grid)} {case.kind} {case.size} {case.k}: {ours / peer:.2f}", flush=True
            )
        name = "" if checkout is None else checkout.resolve().name
        return format_page(results, measure_batches(seconds, before), name)


if __name__ == "__main__":
    raise SystemExit(main())
