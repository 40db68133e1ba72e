"""A real Dask cluster of separate processes on this machine's loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import until


@dataclass
class Cluster:
    """Attributes: address (``dask://host:port``) and worker processes, which have no nanny."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A scheduler and workers of one thread each, all ended at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "scheduler.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(tool: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{tool}", "--no-dashboard", *words]
        with (folder / f"{tool}.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    running = [
        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))
    ]
    try:
        until(lambda: told.is_file() or running[0].poll() is not None)
        running += [
            start(
                "worker", "--scheduler-file", str(told), "--nthreads", "1", "--nworkers", "1",
                "--no-nanny", "--local-directory", str(folder / f"worker{number}"),
            )
            for number in range(workers)
        ]  # fmt: skip
        address = json.loads(told.read_text())["address"].replace("tcp://", "dask://")
        yield Cluster(address, running[1:])
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()
