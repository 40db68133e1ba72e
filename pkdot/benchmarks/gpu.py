"""The loss and many students on a GPU: times and memory, on one page.

Measured on any device, so that the same page can be had of a CPU. Wants torch and numpy alone;
what other rows need and is not installed is named in the page, and those rows stay out.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from ..errors import ConfigError, ConvergenceWarning
from ..method.transport import sinkhorn_divergence
from .frame import benchmark_parser, machine_facts, publish
from .transport_problems import Case, rows

DEFAULT_REPORT = Path("reports/benchmarks/gpu.md")
MOST_SECONDS = 480
SIZES = (128, 512, 2048)
AT_ONCE = 512
NOT_MEASURED = "not measured"


@dataclass
class Clock:
    """What is left of the time that the page may take.

    Attributes:
        end: moment of :func:`time.perf_counter` after which nothing new is begun.
        device: is waited for before a time is read.
    """

    end: float
    device: torch.device

    @property
    def is_over(self) -> bool:
        """Whether nothing new should be begun."""
        return time.perf_counter() > self.end

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def milliseconds(self, call: Callable[[], object], seconds: float = 1.0) -> float:
        """Median of a call, after one that warms up; at least three, for about ``seconds``."""
        call()
        self.wait()
        found: list[float] = []
        began = time.perf_counter()
        while len(found) < 3 or time.perf_counter() - began < seconds:
            before = time.perf_counter()
            call()
            self.wait()
            found.append(time.perf_counter() - before)
            if time.perf_counter() - began > 10 * seconds:
                break
        return 1e3 * sorted(found)[len(found) // 2]

    def peak(self, call: Callable[[], object]) -> str:
        """MiB that a call takes on a GPU beyond what was there; a dash elsewhere."""
        if self.device.type != "cuda":
            return "–"
        self.wait()
        before = torch.cuda.memory_allocated(self.device)
        torch.cuda.reset_peak_memory_stats(self.device)
        call()
        self.wait()
        return f"{(torch.cuda.max_memory_allocated(self.device) - before) / 2**20:.0f}"


Loss = Callable[[Tensor, Tensor], Tensor]


def losses(blur: float) -> dict[str, Loss]:
    """Ours, and GeomLoss at its default scaling where it is installed: dense, and by KeOps."""
    ours: dict[str, Loss] = {"ours": partial(sinkhorn_divergence, blur=blur)}
    if find_spec("geomloss") is None:
        return ours
    from geomloss import SamplesLoss

    backends = {"GeomLoss": "tensorized"}
    if find_spec("pykeops") is not None:
        backends["GeomLoss, KeOps"] = "online"
    return ours | {
        name: SamplesLoss("sinkhorn", p=2, blur=blur, scaling=0.5, backend=backend)
        for name, backend in backends.items()
    }


def gradient(loss: Loss, x: Tensor, y: Tensor) -> Tensor:
    """Gradient of a loss of two clouds of rows for the second."""
    y = y.detach().clone().requires_grad_(True)
    return torch.autograd.grad(loss(x, y).sum(), y)[0]


def loss_lines(clock: Clock, sizes: tuple[int, ...], seconds: float) -> Iterator[str]:
    """Rows of the table of one loss at a time."""
    for kind, size in product(("spread", "classes"), sizes):
        if clock.is_over:
            yield f"| {kind} | {size} | {NOT_MEASURED}: no time left | | | |"
            continue
        case = Case(kind, size, 30, 0.01)
        x, y = (r.to(clock.device) for r in rows(case))
        exact = gradient(partial(sinkhorn_divergence, blur=case.blur, tolerance=1e-10), x, y)
        x, y = x.float(), y.float()
        for name, loss in losses(case.blur).items():
            call = partial(gradient, loss, x, y)
            error = float((call().double() - exact).norm() / exact.norm())
            yield (
                f"| {kind} | {size} | {name} | {clock.milliseconds(call, seconds):.2f} "
                f"| {error:.0e} | {clock.peak(call)} |"
            )


def batch_lines(clock: Clock, many: int, seconds: float) -> Iterator[str]:
    """Rows of the table of many losses at once, B = 128."""
    for kind in ("spread", "classes"):
        pairs = [rows(Case(kind, 128, 30, 0.01), seed % 32) for seed in range(many)]
        x, y = (
            torch.stack([pair[side] for pair in pairs]).float().to(clock.device) for side in (0, 1)
        )
        for name, loss in losses(0.1).items():
            if "KeOps" in name:  # it takes one problem at a time
                continue
            if clock.is_over:
                yield f"| {kind} | {name} | {NOT_MEASURED}: no time left | | |"
                continue
            one = clock.milliseconds(partial(gradient, loss, x[0], y[0]), seconds)
            call = partial(gradient, loss, x, y)
            each = clock.milliseconds(call, seconds) / many
            yield f"| {kind} | {name} | {each:.4f} | {each / one:.3f} | {clock.peak(call)} |"


def student_lines(clock: Clock, counts: tuple[int, ...], people: int) -> Iterator[str]:
    """Rows of the table of students that train at once, and what LOSO whole then takes."""
    try:
        from .training import loso_minutes
        from .training_students import NETWORKS, Bench, Size
    except ImportError as error:
        yield f"| {NOT_MEASURED}: {error.name} is not installed | | | | | |"
        return
    accelerator = "cuda" if clock.device.type == "cuda" else "cpu"
    for (label, network), count in product(NETWORKS.items(), counts):
        if clock.is_over:
            yield f"| {label} | {count} | {NOT_MEASURED}: no time left | | | |"
            continue
        bench = Bench(network, Size(people, count, 1), accelerator)
        for method in ("none", "pkdot"):
            bench.together(method)
            clock.wait()
            began = time.perf_counter()
            updates = bench.together(method)
            clock.wait()
            each = 1e3 * (time.perf_counter() - began) / updates
            peak = clock.peak(partial(bench.together, method))
            minutes = loso_minutes(each)
            yield f"| {label} | {count} | {method} | {each:.3f} | {minutes:.1f} | {peak} |"


def page(clock: Clock, quick: bool) -> str:
    """All rows of a device, as Markdown."""
    sizes, many, seconds = ((64,), 8, 0.05) if quick else (SIZES, AT_ONCE, 1.0)
    counts, people = ((1, 2), 4) if quick else ((1, 10, 100, 1000), 20)
    where = "CPU" if clock.device.type == "cpu" else str(clock.device)
    lines = [
        f"# On {where}: the loss and many students",
        "",
        machine_facts("torch", "geomloss", "pykeops"),
        "",
        "Forward and backward of the debiased divergence, float32, k = 30, ε = 0.01; the error is "
        "that of the gradient beside float64. Peak: what a call takes at most on the device.",
        "",
        "| rows | B | loss | ms | gradient error | peak MiB |",
        "|---|---:|---|---:|---:|---:|",
        *loss_lines(clock, sizes, seconds),
        "",
        f"{many} losses at once, B = 128: time of each, and its share of the time of one alone.",
        "",
        "| rows | loss | ms each | of one alone | peak MiB |",
        "|---|---|---:|---:|---:|",
        *batch_lines(clock, many, seconds),
        "",
        "Students that train at once, simulated features, scoring included. LOSO: 87 folds × 3 "
        "seeds of 30 epochs, extrapolated.",
        "",
        "| network | students | method | ms an update and student | LOSO, minutes | peak MiB |",
        "|---|---:|---|---:|---:|---:|",
        *student_lines(clock, counts, people),
        "",
    ]
    return "\n".join(lines)


def chosen_device(name: str) -> torch.device:
    """A device of this machine.

    Raises:
        ConfigError: if there is none of that name.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"This machine cannot use device {name!r}: {reason}") from None
    return device


def main(arguments: list[str] | None = None) -> int:
    """Measure everything, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("gpu", __doc__, DEFAULT_REPORT)
    parser.add_argument("--device", default="cuda", help="cuda (the default), cuda:1, cpu")
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    options = parser.parse_args(arguments)

    def measured() -> str:
        device = chosen_device(options.device)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return page(Clock(time.perf_counter() + MOST_SECONDS, device), options.quick)

    return publish(measured, options.report)


if __name__ == "__main__":
    raise SystemExit(main())
