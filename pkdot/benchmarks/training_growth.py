"""How a student's update grows with the batch, the anchors, and the students at once.

A batch that the corpus cannot fill is left out.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from ..networks.settings import NetworkSettings
from .training_students import Bench, Size, fold_of

BATCHES = (32, 64, 128, 256, 512)
ANCHORS = (10, 30, 60, 127)
"""At ``AT_BATCH``; the last is every other sample of the batch."""
AT_BATCH, AT_ANCHORS = 128, 30
AT_ONCE = (1, 5, 30, 87)


def each_in_turn(ways: Sequence[Callable[[], int]], repeats: int) -> list[float]:
    """Milliseconds an update of several ways, medians of so many rounds of all of them."""
    for way in ways:
        way()
    found: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats):
        for way, own in zip(ways, found, strict=True):
            began = time.perf_counter()
            made = way()
            own.append(1e3 * (time.perf_counter() - began) / made)
    return [statistics.median(own) for own in found]


def _distillation(network: NetworkSettings, size: Size) -> Iterator[str]:
    most = len(fold_of(size.people, 0).labelled)
    cases = [(batch, AT_ANCHORS) for batch in BATCHES if batch <= most]
    cases += [(AT_BATCH, k) for k in ANCHORS]
    alone = replace(size, members=1)
    bench: Bench | None = None
    for batch, k in cases:
        if bench is None or bench.batch != batch:
            bench = Bench(network, alone, batch=batch)
        ways = [partial(bench.alone, "none"), partial(bench.alone, "pkdot", k=k)]
        plain, pkdot = each_in_turn(ways, size.repeats)
        own = pkdot - plain
        yield f"| {batch} | {k} | {plain:.2f} | {pkdot:.2f} | {own:.2f} | {1e3 * own / batch:.0f} |"


def _students(network: NetworkSettings, size: Size) -> Iterator[str]:
    for members in AT_ONCE:
        bench = Bench(network, replace(size, members=members))
        ways = [partial(bench.together, "none"), partial(bench.together, "pkdot")]
        plain, pkdot = each_in_turn(ways, size.repeats)
        yield f"| {members} | {plain:.2f} | {pkdot:.2f} |"


def growth(label: str, network: NetworkSettings, size: Size) -> list[str]:
    """Both tables, as lines of Markdown; ``label`` names the network."""
    return [
        "## What grows with the batch, the anchors, and the students at once",
        "",
        f"{label}. One student: an update of `none` and of `pkdot`, in turn, and what the "
        "distillation takes of it.",
        "",
        "| B | k | none, ms | pkdot, ms | distillation, ms | a sample, µs |",
        "|---:|---:|---:|---:|---:|---:|",
        *_distillation(network, size),
        "",
        "Students of so many folds as one batched model, milliseconds an update and member:",
        "",
        "| students | none | pkdot |",
        "|---:|---:|---:|",
        *_students(network, size),
        "",
    ]
