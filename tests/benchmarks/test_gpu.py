"""The page of a GPU, on this CPU: what it says, and what it wants installed."""

import subprocess
import sys
import time
from pathlib import Path

import torch

from pkdot.benchmarks.gpu import NOT_MEASURED, Clock, batch_lines, loss_lines

ALONE = """
import sys
for name in ("pydantic", "lightning_fabric", "pandas", "scipy", "sklearn", "ot", "geomloss",
             "pyarrow", "joblib", "safetensors", "numba"):
    sys.modules[name] = None
from pkdot.benchmarks.gpu import main
sys.exit(main(["--device", "cpu", "--quick", "--report", sys.argv[1]]))
"""


def test_loss_rows_want_torch_and_numpy_alone(tmp_path: Path) -> None:
    report = tmp_path / "gpu.md"
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(report)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| spread | 64 | ours |" in report.read_text()


def test_nothing_is_begun_after_the_time_is_over() -> None:
    clock = Clock(time.perf_counter() - 1, torch.device("cpu"))
    lines = [*loss_lines(clock, (64,), 0.01), *batch_lines(clock, 2, 0.01)]
    assert lines
    assert all(NOT_MEASURED in line for line in lines)
