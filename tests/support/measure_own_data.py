"""Time and memory of ``check own`` and of a short training, as rows grow.

Run it: ``python -m tests.support.measure_own_data``; each figure is taken in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROLES = ("--prevalent", "face", "--privileged", "eda")
WORK: dict[str, Callable[[Path, Path], list[str]]] = {
    "check": lambda data, _: ["check", "own", str(data), *ROLES, "--quiet"],
    "run": lambda data, runs: [
        "run", "--data", str(data), *ROLES, "--quiet", "--runs", str(runs),
        "--set", "training.epochs=3",
    ],
}  # fmt: skip
"""What is measured: reading everything once, and three epochs of every stage."""


def columns(rows: int, features: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Two modalities (rows, features) float32 that know the class, and targets (rows,)."""
    chance = np.random.default_rng(seed)
    classes = chance.integers(0, 2, rows)
    made: dict[str, np.ndarray] = {}
    for name, strength in (("face", 0.05), ("eda", 0.2)):
        values = chance.standard_normal((rows, features), dtype=np.float32)
        values += np.float32(strength) * (2 * classes[:, None].astype(np.float32) - 1)
        made[name] = values
    return {**made, "targets": classes}


def write(path: Path, rows: int, features: int) -> None:
    """The data of :func:`columns` as ``.npz``, or as a table of families of columns."""
    made = columns(rows, features)
    if path.suffix == ".npz":
        np.savez(path, **made)  # type: ignore[arg-type]
        return
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = {"target": made.pop("targets")}
    for name, values in made.items():
        table |= {f"{name}.{i}": values[:, i] for i in range(features)}
    whole = pa.table(table)
    if path.suffix == ".parquet":
        parquet.write_table(whole, path)
    else:
        csv.write_csv(whole, path)


def measure(arguments: list[str]) -> dict[str, float]:
    """Seconds and peak memory (MiB) of one command of the command line, in this process.

    Raises:
        RuntimeError: if the command fails.
    """
    import resource

    import pkdot.experiments.experiment  # noqa: F401  (its import is not what is measured)
    from pkdot.__main__ import main

    began = perf_counter()
    with redirect_stdout(StringIO()):
        status = main(arguments)
    if status:
        raise RuntimeError(f"{arguments[0]} ended with status {status}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, or kibibytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    return {"seconds": perf_counter() - began, "peak_mib": peak}


def table(rows: list[int], features: int, forms: list[str]) -> Iterator[dict[str, Any]]:
    """One entry a form, number of rows and command."""
    for form in forms:
        for size in rows:
            with tempfile.TemporaryDirectory() as folder:
                data = Path(folder) / f"data.{form}"
                write(data, size, features)
                megabytes = data.stat().st_size / 2**20
                for name, work in WORK.items():
                    words = json.dumps(work(data, Path(folder) / "runs"))
                    call = [sys.executable, "-m", "tests.support.measure_own_data", "--one", words]
                    done = subprocess.run(call, check=True, capture_output=True, text=True)
                    found = json.loads(done.stdout.splitlines()[-1])
                    yield {"form": form, "rows": size, "file_mib": megabytes, "work": name, **found}


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--features", type=int, default=512, help="of each of two modalities")
    parser.add_argument("--forms", nargs="+", default=["parquet", "npz"], help="parquet npz csv")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(json.loads(given.one))))
        return
    print("| form | rows | file, MiB | command | seconds | peak, MiB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in table(given.rows, given.features, given.forms):
        figures = f"{row['seconds']:.1f} | {row['peak_mib']:.0f}"
        what = f"{row['form']} | {row['rows']:,} | {row['file_mib']:.0f} | {row['work']}"
        print(f"| {what} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
