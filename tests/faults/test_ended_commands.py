"""Commands that are told to end: the exit status says so, and the record does."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pkdot.record import list_records


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_told_to_end_says_so(number: int, status: int, tmp_path: Path) -> None:
    words = ["run", "--quiet", "--runs", str(tmp_path), "--set", "training.epochs=100000",
             "--set", "training.patience=100000"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "pkdot", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(1200):
            metrics = list(tmp_path.glob("*/metrics.parquet"))
            if metrics:
                break
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == status
    assert "pkdot: interrupted; what was finished is kept." in told
    assert "run --resume" in told
    (found,) = list_records(tmp_path)
    assert found.status != "finished"
    assert found.status != "running"
