"""What grows with what: windows, cells, workers; and 100,000 cells in a simulated cluster.

Each measurement is made in a process of its own, as peak memory is that of a process. The page
carries the measured growth on to ten million clips, and says so.
"""

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..array_files import load_array
from ..atomic_files import write_json
from ..data import Corpus
from ..errors import PkdotError
from ..keyed_cache import KeyedCache
from ..worker_pool import unordered
from .frame import benchmark_parser, machine_facts, publish
from .scheduler import Cluster, simulate

DEFAULT_REPORT = Path("reports/benchmarks/scaling.md")
WIDTH = 512
BATCH = 128
CLIPS = 10_000_000


def peak_mebibytes() -> float:
    """Most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def grown(what: str, *words: str) -> dict[str, float]:
    """What a measurement of this module finds, in a process of its own."""
    # By -c, not -m: worker processes must find this module under its own name.
    script = "import sys; from pkdot.benchmarks.scaling import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", script, "--measure", what, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.splitlines() or ["no reason given"])[-1]
        raise PkdotError(f"The measurement {what!r} failed: {reason}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def features_on_disk(folder: Path, windows: int, modalities: int) -> list[np.ndarray]:
    """Random features (windows, WIDTH) float32 in files, as the feature cache maps them."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(modalities):
        path = folder / f"{number}.npy"
        shape = (windows, WIDTH)
        rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        for start in range(0, windows, 10_000):
            size = min(10_000, windows - start)
            rows[start : start + size] = rng.standard_normal((size, WIDTH), dtype=np.float32)
        rows.flush()
        found.append(load_array(path, mapped=True))
    return found


def _corpus(folder: Path, windows: int) -> Corpus:
    prevalent, privileged = features_on_disk(folder, windows, 2)
    return Corpus.from_arrays(
        {"video": prevalent, "eda": privileged},
        targets=np.arange(windows) % 2,
        prevalent="video",
        privileged="eda",
        groups=np.arange(windows) % 100,
    )


def train_windows(windows: int) -> dict[str, float]:
    """An epoch of teacher, T-Net and student on features of so many windows."""
    import pkdot

    with tempfile.TemporaryDirectory() as scratch:
        began = time.perf_counter()
        corpus = _corpus(Path(scratch), windows)
        made = time.perf_counter() - began
        config = {"training": {"epochs": 1}, "network": {"hidden": 64}}
        began = time.perf_counter()
        pkdot.run_experiment(config, corpus, progress=False, runs_dir=Path(scratch) / "runs")
        took = time.perf_counter() - began
    return {"corpus": made, "seconds": took, "MiB": peak_mebibytes()}


def stream_windows(windows: int) -> dict[str, float]:
    """One pass over the batches of so many windows, read from a file in shuffled order."""
    with tempfile.TemporaryDirectory() as scratch:
        corpus = _corpus(Path(scratch), windows)
        order = np.random.default_rng(0).permutation(windows)
        began = time.perf_counter()
        for start in range(0, windows - BATCH + 1, BATCH):
            corpus.batch("video", order[start : start + BATCH])
        took = time.perf_counter() - began
    return {"seconds": took, "MiB": peak_mebibytes()}


def _cells(folder: str) -> KeyedCache[dict[str, Any]]:
    """As a sweep keeps them."""
    return KeyedCache(Path(folder), ".json", lambda file: json.loads(file.read_text()), write_json)


def _cell(folder: str, number: int) -> None:
    _cells(folder).keep(f"cell-{number}", {"seed": number, "accuracy": 0.5})


def cell_overhead(cells: int, jobs: int) -> dict[str, float]:
    """Milliseconds of handing out, keeping and finding a cell that computes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in unordered(_cell, [(folder, -1)] * jobs, jobs):  # start the workers
            pass
        began = time.perf_counter()
        for _ in unordered(_cell, [(folder, number) for number in range(cells)], jobs):
            pass
        took = time.perf_counter() - began
        finished = _cells(folder)
        began = time.perf_counter()
        found = sum(finished.find(f"cell-{number}") is not None for number in range(cells))
        looked = time.perf_counter() - began
        twice = len(list(Path(folder).glob("*.json"))) != cells + 1
    if found != cells or twice:
        raise PkdotError("A cell is missing, or there twice.")
    return {"keep": 1e3 * took / cells, "find": 1e3 * looked / cells}


MEASURES: dict[str, Callable[..., dict[str, float]]] = {
    "train": train_windows,
    "stream": stream_windows,
    "cells": cell_overhead,
}


def page(quick: bool) -> str:
    """All measurements, the simulation, and what follows for ten million clips."""
    trained = (500, 1_000) if quick else (5_000, 20_000, 50_000)
    streamed = (2_000, 4_000) if quick else (100_000, 300_000, 1_000_000)
    cells, simulated = (20, 500) if quick else (1_000, 100_000)
    growth = [(n, grown("train", str(n))) for n in trained]
    passes = [(n, grown("stream", str(n))) for n in streamed]
    kept = [(jobs, grown("cells", str(cells), str(jobs))) for jobs in (1, 2)]
    dispatch = kept[0][1]["keep"] / 1e3
    sizes = (16, 64) if quick else (16, 128, 512, 2048, 8192)
    runs = [(n, simulate(Cluster(n, dispatch), simulated, 20)) for n in sizes]
    last, each = passes[-1]
    slope = (each["MiB"] - passes[0][1]["MiB"]) / (last - passes[0][0])
    held = max(0.0, 2**20 * slope - 2 * 4 * WIDTH)  # both files are mapped whole by then
    outputs = 4 * WIDTH * CLIPS / 2**30
    lines = [
        "# What grows with what",
        "",
        machine_facts("torch", "numpy", "joblib"),
        "",
        f"Features of {WIDTH} numbers, float32, in memory-mapped files; peaks are of the whole "
        "process, pages of mapped files that the system keeps for it included.",
        "",
        "| windows | what | seconds | peak MiB |",
        "|---:|---|---:|---:|",
        *(f"| {n:,} | writing, reading and checking two modalities; teacher, T-Net and student, "
          f"one epoch each; record | {r['corpus'] + r['seconds']:.1f} | {r['MiB']:.0f} |"
          for n, r in growth),
        *(f"| {n:,} | one shuffled pass over the batches of one modality | {r['seconds']:.1f} "
          f"| {r['MiB']:.0f} |" for n, r in passes),
        "",
        f"A sweep of {cells:,} cells that compute nothing: no cell twice, none missing.",
        "",
        "| workers | handing out and keeping a cell, ms | finding it again, ms |",
        "|---:|---:|---:|",
        *(f"| {jobs} | {r['keep']:.2f} | {r['find']:.2f} |" for jobs, r in kept),
        "",
        f"## {simulated:,} cells on a cluster (simulated)",
        "",
        f"Twenty arms a seed share a teacher (20 s); a cell takes 5 to 15 s beside; a worker is "
        f"lost every six hours on average and its cell tried again. The sweep's own process takes "
        f"the measured {1e3 * dispatch:.1f} ms a cell.",
        "",
        "| workers | hours | workers busy | waiting for a teacher | tries lost |",
        "|---:|---:|---:|---:|---:|",
        *(f"| {n:,} | {r['hours']:.2f} | {100 * r['busy']:.0f} % | {100 * r['waited']:.0f} % "
          f"| {r['lost']:.0f} |" for n, r in runs),
        "",
        f"The sweep's process hands out at most {1 / dispatch:,.0f} cells a second; at ten seconds "
        f"a cell that feeds {10 / dispatch:,.0f} workers.",
        "",
        "## Ten million clips, on paper",
        "",
        "Carried on from the rows above; nothing of this size was run.",
        "",
        "| what | where it lies | how it grows | at ten million |",
        "|---|---|---|---|",
        f"| features, a modality | memory-mapped file | {4 * WIDTH} bytes a clip "
        f"| {4 * WIDTH * CLIPS / 2**30:.0f} GiB of disk |",
        f"| a pass over shuffled batches | disk → memory | {1e6 * each['seconds'] / last:.1f} µs a "
        f"clip, from the page cache | {CLIPS * each['seconds'] / last:.0f} seconds where the "
        "disk keeps up |",
        f"| targets, ids, groups and split | memory | {held:.0f} bytes a clip beside the mapped "
        f"pages | {held * CLIPS / 2**30:.1f} GiB |",
        f"| teacher's outputs and embeddings of all clips | memory, kept by the teacher stage "
        f"| {4 * WIDTH} bytes a clip at {WIDTH} units | {outputs:.0f} GiB: **breaks first** |",
        "| similarity and plan | memory | with B², not with the corpus | unchanged |",
        "| cells of a grid | a small file each | one a cell | unchanged |",
        "",
        "So the first thing to change for such a corpus is where the teacher's outputs lie: in the "
        "feature cache beside the features, read batch by batch. The second is shuffling: whole "
        "shards, rows within them. Encoders on one machine come next: a pass of a backbone over "
        "ten million clips wants a grid over shards, one cell a shard.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure everything, write the report, and print it. Returns the exit status."""
    parser = benchmark_parser("scaling", __doc__, DEFAULT_REPORT)
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    parser.add_argument("--measure", nargs="+", metavar="WORD", help="one measurement, as JSON")
    options = parser.parse_args(arguments)
    if options.measure:
        what, *numbers = options.measure
        found: dict[str, Any] = MEASURES[what](*map(int, numbers))
        print(json.dumps({k: v for k, v in found.items() if math.isfinite(v)}))
        return 0
    return publish(lambda: page(options.quick), options.report)


if __name__ == "__main__":
    raise SystemExit(main())
