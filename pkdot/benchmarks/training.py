"""Students one by one and many at once, beside other loops, and the share of distillation."""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from ..errors import ConvergenceWarning
from ..networks.video import SmallVideoNet
from .frame import benchmark_parser, machine_facts, publish
from .training_growth import growth
from .training_students import (
    BATCH,
    CLIPS,
    EPOCHS,
    FOLDS,
    MEASURED,
    METHODS,
    NETWORKS,
    SEEDS,
    WIDTH,
    Bench,
    Size,
    Times,
    fold_of,
    layers_and_vmap,
)

DEFAULT_REPORT = Path("reports/benchmarks/training.md")
DEFAULT_NETWORK = "512 units (default)"


def encoder_milliseconds(repeats: int) -> float:
    """Forward and backward of a small video encoder on a batch of clips."""
    encoder = SmallVideoNet()
    clips = torch.randn(BATCH, *CLIPS)
    found = []
    for _ in range(max(3, repeats)):
        began = time.perf_counter()
        encoder(clips).pooled.square().mean().backward()
        found.append(time.perf_counter() - began)
    return 1e3 * min(found)


def loso_minutes(milliseconds: float) -> float:
    """Minutes of all students of the protocol at so many milliseconds an update."""
    updates = len(fold_of(FOLDS, 0).labelled) // BATCH
    return FOLDS * SEEDS * EPOCHS * updates * milliseconds / 60_000


def page(size: Size) -> str:
    """All tables, as Markdown."""
    torch.set_num_threads(size.threads)
    together, shares, ways, others = [], [], [], []
    encoder = encoder_milliseconds(size.repeats)
    for label, network in NETWORKS.items():
        bench = Bench(network, size)
        found = {"teacher and T-Net": bench.teachers()}
        found |= {method: bench.students(method) for method in METHODS}
        together += [_together(label, name, times) for name, times in found.items()]
        shares += list(_shares(label, found, encoder))
        for name, times in bench.peers():
            others.append(
                f"| {label} | {name} | {times.alone:.2f} | {times.together:.2f} "
                f"| {times.ratio:.2f} |"
            )
        both = layers_and_vmap(network, size)
        ways.append(f"| {label} | {both.alone:.2f} | {both.together:.2f} | {both.ratio:.1f} |")
    clips = " × ".join(map(str, CLIPS[1:]))
    return "\n".join(
        [
            "# Many students at once",
            "",
            machine_facts("torch"),
            "",
            f"Simulated features ({WIDTH} numbers a modality), B = {BATCH}, {size.members} members "
            f"of {size.people} people's folds, {MEASURED} epochs each, scoring included. Both ways "
            f"were measured in turn, {size.repeats} times; ratios are medians. Minutes are "
            f"extrapolated to {FOLDS} folds × {SEEDS} seeds of {EPOCHS} epochs on one worker.",
            "",
            "| network | stage or method | one by one, ms | together, ms a member | ratio "
            "| LOSO one by one, min | together, min |",
            "|---|---|---:|---:|---:|---:|---:|",
            *together,
            "",
            "## Share of a student's step spent in distillation",
            "",
            "One student by itself: what its step takes beyond that of `none`. With a video "
            f"encoder in the loop its forward and backward pass on {BATCH} clips of {clips} "
            f"({encoder:.0f} ms) is part of the step. A dash: no slower than `none` here.",
            "",
            "| network | method | distillation, ms | share on features | share with the encoder |",
            "|---|---|---:|---:|---:|",
            *shares,
            "",
            "## One student in other loops",
            "",
            "The same network, batches and optimiser, the inner split scored after each epoch. "
            "Ratio: the kit's time over the peer's.",
            "",
            "| network | peer | the kit, ms an update | the peer, ms | ratio |",
            "|---|---|---:|---:|---:|",
            *others,
            "",
            "## Two ways to one batched model",
            "",
            "Forward and backward pass without noise and dropout: `torch.func.stack_module_state` "
            "with `vmap`, and batched layers, in turn.",
            "",
            "| network | vmap, ms a member | batched layers, ms a member | ratio |",
            "|---|---:|---:|---:|",
            *ways,
            "",
            *growth(DEFAULT_NETWORK, NETWORKS[DEFAULT_NETWORK], size),
        ]
    )


def _together(label: str, name: str, times: Times) -> str:
    minutes = (loso_minutes(times.alone), loso_minutes(times.alone / times.ratio))
    return (
        f"| {label} | {name} | {times.alone:.2f} | {times.together:.2f} | {times.ratio:.1f} "
        f"| {minutes[0]:.0f} | {minutes[1]:.0f} |"
    )


def _shares(label: str, found: dict[str, Times], encoder: float) -> Iterator[str]:
    base = found["none"].alone
    for method in METHODS[1:]:
        step = found[method].alone
        own = step - base
        told = (f"{own:.2f}", f"{own / step:.0%}", f"{own / (step + encoder):.1%}")
        yield f"| {label} | {method} | {' | '.join(told if own > 0 else ('–',) * 3)} |"


def main(arguments: list[str] | None = None) -> int:
    """Measure everything, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("training", __doc__, DEFAULT_REPORT)
    parser.add_argument("--people", type=int, default=87, help="of the corpus (87)")
    parser.add_argument("--members", type=int, default=30, help="that train together (30)")
    parser.add_argument("--repeats", type=int, default=3, help="of each pair of times (3)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (1)")
    options = parser.parse_args(arguments)
    size = Size(options.people, options.members, options.repeats, options.threads)

    def measured() -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return page(size)

    return publish(measured, options.report)


if __name__ == "__main__":
    raise SystemExit(main())
